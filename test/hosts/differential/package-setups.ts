const TOOLS = `
export SOURCE_DATE_EPOCH=0 DEBIAN_FRONTEND=noninteractive
mkdir -p /srv/own
deb() { # name version field postinst
  d=/run/deb/$1-$2; rm -rf $d; mkdir -p $d/DEBIAN $d/usr/share/$1 $d/etc
  echo "$2" >$d/usr/share/$1/version; echo "conf $2" >$d/etc/$1.conf; echo "/etc/$1.conf" >$d/DEBIAN/conffiles
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: Me <me@here>\\nDescription: test\\n' "$1" "$2" >$d/DEBIAN/control
  if [ -n "$3" ]; then echo "$3" >>$d/DEBIAN/control; fi
  if [ -n "$4" ]; then printf '#!/bin/sh\\n%s\\n' "$4" >$d/DEBIAN/postinst; chmod 755 $d/DEBIAN/postinst; fi
  find $d -exec touch -h -d @0 {} +
  file=/srv/own/$1_$2_all.deb
  dpkg-deb --root-owner-group -Zgzip -b $d $file >/dev/null
  { cat $d/DEBIAN/control; echo "Filename: ./$1_$2_all.deb"; stat -c 'Size: %s' $file; echo "SHA256: $(sha256sum <$file | cut -c1-64)"; echo; } >>/srv/own/Packages
}
index() (
  echo 'deb [trusted=yes] file:/srv/own ./' >/etc/apt/sources.list.d/own.list
  apt-get update -qq
)
`;

/** Shell in which `deb NAME VERSION [FIELD: …] [POSTINST]` makes a package and `index` offers all that were made, as a repository of the host's own. */
export function withPackages(shell: string): string {
  return `${TOOLS}${shell}`;
}

const install = (names: string) => `apt-get install -y -qq --allow-downgrades ${names} >/dev/null`;
const made =
  'deb pNNN 1.0; deb pNNN 1.1; deb pNNN 2.0; deb qNNN 1.0 "Depends: pNNN"; deb rNNN 1.0 "Recommends: sNNN"; deb sNNN 1.0; index';

/** Packages pNNN (1.0, 1.1, 2.0), qNNN that needs it, rNNN that recommends sNNN, and what of them is installed. */
export const PACKAGES: Readonly<Record<string, string>> = {
  none: withPackages(made),
  old: withPackages(`${made}; ${install('pNNN=1.0')}`),
  newest: withPackages(`${made}; ${install('pNNN')}`),
  needed: withPackages(`${made}; ${install('pNNN=1.1 qNNN')}; apt-mark -qq auto pNNN`),
  left: withPackages(`${made}; ${install('pNNN=1.0')}; apt-mark -qq auto pNNN`),
  removed: withPackages(
    `${made}; ${install('pNNN=1.0')}; echo mine >/etc/pNNN.conf; apt-get remove -y -qq pNNN >/dev/null`,
  ),
  held: withPackages(`${made}; ${install('pNNN=1.0')}; apt-mark -qq hold pNNN`),
  changed: withPackages(`${made}; ${install('pNNN=1.0')}; echo mine >/etc/pNNN.conf`),
  // The host's lists know less than the repository has.
  stale: withPackages(
    // Of a repository of files apt has no lists of its own.
    `deb pNNN 1.0; index; sed -i s/file:/copy:/ /etc/apt/sources.list.d/own.list; apt-get update -qq
${install('pNNN')}; deb pNNN 2.0; deb sNNN 1.0`,
  ),
  virtual: withPackages(
    'deb pNNN 1.0 "Provides: vNNN"; deb qNNN 1.0 "Provides: wNNN"; deb rNNN 1.0 "Provides: wNNN"; index',
  ),
  provided: withPackages(
    `deb pNNN 1.0 "Provides: vNNN"; deb qNNN 1.0 "Provides: wNNN"; deb rNNN 1.0 "Provides: wNNN"; index; ${install('pNNN qNNN')}`,
  ),
  source: withPackages(`deb build-essential 1.0; ${made}
printf '%s\\n' 'Format: 3.0 (native)' 'Source: xNNN' 'Binary: xNNN' 'Architecture: all' 'Version: 1' 'Maintainer: Me <me@here>' 'Build-Depends: pNNN' >xNNN.dsc`),
  // Its installation asks whether services may start.
  asking: withPackages(
    'deb pNNN 1.0 "" "{ /usr/sbin/policy-rc.d; echo \\$?; ls -l /usr/sbin/policy-rc.d | cut -c1-10; } >/srv/own/pNNN.policy 2>&1"; index',
  ),
  policy: withPackages(
    'deb pNNN 1.0 "" "{ /usr/sbin/policy-rc.d; echo \\$?; } >/srv/own/pNNN.policy 2>&1"; index; printf "#!/bin/sh\\nexit 7\\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d',
  ),
};
