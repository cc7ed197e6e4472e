import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { baseImage, buildOnce, debianMirror, hostsFolder, SUITE } from './base-image.js';
import { run } from './run-command.js';

/**
 * `debian`: systemd and apt. `busybox`: all programs are busybox, its init runs sshd; no coreutils, bash, Python, sudo or su.
 * `rpm`: named Rocky Linux 9, with Debian's rpm and dnf and a repository of its own. `openrc` and `sysv`: Debian
 * without systemd, whose services are OpenRC's or scripts in /etc/init.d; the latter with login shells of other kinds.
 */
export const HOST_KINDS = ['debian', 'busybox', 'rpm', 'openrc', 'sysv'] as const;
export type HostKind = (typeof HOST_KINDS)[number];

/** The read-only root of a host of this kind, built on the Debian one when it is not there yet (seconds to half a minute). */
export async function imageOf(kind: HostKind): Promise<string> {
  const base = await baseImage();
  if (kind === 'debian') return base;
  const script = SCRIPTS[kind];
  const recipe = createHash('sha256')
    .update(`${basename(base)}\n${script}`)
    .digest('hex')
    .slice(0, 12);
  const image = join(hostsFolder(), `${kind}-${SUITE}-${recipe}`);
  await buildOnce(image, async (root) => {
    await run('mkdir', ['-p', root]);
    await run('unshare', ['-m', 'sh', '-eu', '-c', script, 'build', base, root, await debianMirror()]);
  });
  return image;
}

/** Programs of the Debian root with the libraries they need, and busybox for all else. */
const BUSYBOX = `
base=$1 root=$2
mkdir -p $root/bin $root/sbin $root/usr/bin $root/usr/sbin $root/etc/ssh $root/etc/init.d $root/root $root/home $root/run/sshd
mkdir -p $root/tmp $root/var/tmp $root/var/log $root/proc $root/sys $root/dev $root/usr/lib $root/lib64 $root/srv
chmod 1777 $root/tmp $root/var/tmp
chmod 700 $root/root
cp $base/bin/busybox $root/bin/busybox
cp $base/usr/sbin/sshd $root/usr/sbin/sshd
for program in /bin/busybox /usr/sbin/sshd; do
  chroot $base ldd $program | sed -n 's/.*=> \\(\\/[^ ]*\\).*/\\1/p; s/^\\s*\\(\\/lib64[^ ]*\\).*/\\1/p'
done | sort -u | while read -r library; do
  mkdir -p "$root\${library%/*}"
  cp -L "$base$library" "$root$library"
done
chroot $root /bin/busybox --install -s /bin
ln -sf /bin/busybox $root/sbin/init
printf 'NAME="Busy Linux"\\nID=busy\\nVERSION_ID=3.18.4\\n' >$root/etc/os-release
printf 'root:x:0:0:root:/root:/bin/sh\\nsshd:x:100:65534::/run/sshd:/bin/false\\n' >$root/etc/passwd
for user in stars:1000 pw:1001 plain:1002; do
  id=\${user#*:} user=\${user%:*}
  echo "$user:x:$id:$id::/home/$user:/bin/sh" >>$root/etc/passwd
  echo "$user:x:$id:" >>$root/etc/group
  install -d -m 755 -o $id -g $id $root/home/$user
done
printf 'root:x:0:\\nnogroup:x:65534:\\nadm:x:4:\\n' >>$root/etc/group
sed 's/^\\([^:]*\\):.*/\\1:*:19000:0:99999:7:::/' $root/etc/passwd >$root/etc/shadow
chmod 600 $root/etc/shadow
printf '::sysinit:/bin/mkdir -p /run/sshd\\n::respawn:/usr/sbin/sshd -D -e\\n' >$root/etc/inittab
printf 'UsePAM no\\nPermitRootLogin yes\\n' >$root/etc/ssh/sshd_config
`;

/** Packages of the mirror into a copy of the Debian root, which afterwards knows only its own repository again. */
const install = (packages: string) => `
base=$1 root=$2 mirror=$3
cp -a --reflink=auto $base/. $root/
cp $root/etc/apt/sources.list $root/etc/apt/sources.list.own
echo "deb $mirror ${SUITE} main" >$root/etc/apt/sources.list
cp /etc/apt/apt.conf.d/* $root/etc/apt/apt.conf.d/ 2>/dev/null || true
cp /etc/resolv.conf $root/etc/resolv.conf
printf '#!/bin/sh\\nexit 101\\n' >$root/usr/sbin/policy-rc.d
chmod +x $root/usr/sbin/policy-rc.d
mount -t proc proc $root/proc
export DEBIAN_FRONTEND=noninteractive
chroot $root apt-get update -qq
chroot $root apt-get install -y -qq --no-install-recommends --allow-remove-essential ${packages}
umount $root/proc
rm -rf $root/usr/sbin/policy-rc.d $root/var/lib/apt/lists/*_* $root/var/cache/apt/archives/*.deb
mv $root/etc/apt/sources.list.own $root/etc/apt/sources.list
: >$root/etc/resolv.conf
`;

const RPM = `${install('rpm dnf createrepo-c gpg gpg-agent')}
ln -sf dnf $root/usr/bin/yum
rm $root/etc/os-release
printf 'NAME="Rocky Linux"\\nVERSION="9.2 (Blue Onyx)"\\nID="rocky"\\nID_LIKE="rhel centos fedora"\\nVERSION_ID="9.2"\\nPLATFORM_ID="platform:el9"\\n' >$root/etc/os-release
echo 'Rocky Linux release 9.2 (Blue Onyx)' >$root/etc/redhat-release
mkdir -p $root/srv/rpms $root/srv/more $root/etc/yum.repos.d $root/etc/dnf
cat >$root/root/build.sh <<'END'
set -eu
cd /root
package() {
  printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: A package\\nLicense: none\\nBuildArch: noarch\\n%s\\n%%description\\nA package.\\n%%install\\nmkdir -p %%{buildroot}/opt/%s\\necho %s >%%{buildroot}/opt/%s/version\\n%%files\\n/opt/%s\\n' $1 $2 "$3" $1 $2 $1 $1 >$1.spec
  rpmbuild -bb --quiet --define "_rpmdir $4" --define '_build_name_fmt %%{NAME}-%%{VERSION}.rpm' $1.spec
}
package hello 1.0 '' /srv/rpms
package hello 2.0 '' /srv/rpms
package world 1.5 'Requires: hello' /srv/rpms
package extra 0.1 '' /srv/more
createrepo_c -q /srv/rpms
createrepo_c -q /srv/more
export GNUPGHOME=/root/gpg
mkdir -m 700 gpg
gpg --batch --quiet --passphrase '' --quick-generate-key 'Packager <packager@example.org>' rsa2048 sign never
gpg --armor --export packager@example.org >/srv/key.asc
rm -rf gpg build.sh *.spec rpmbuild
END
mount -t proc proc $root/proc
chroot $root sh /root/build.sh
umount $root/proc
printf '[main]\\ngpgcheck=0\\ninstallonly_limit=3\\n' >$root/etc/dnf/dnf.conf
printf '[local]\\nname=Local packages\\nbaseurl=file:///srv/rpms\\nenabled=1\\ngpgcheck=0\\n' >$root/etc/yum.repos.d/local.repo
`;

/** Debian with another init; no consoles, which a container does not have. */
const withInit = (packages: string) => `${install(`${packages} systemd- systemd-sysv- libpam-systemd- dbus-`)}
sed -i '/getty/d' $root/etc/inittab
chroot $root apt-get update -qq
`;

const SCRIPTS = {
  busybox: BUSYBOX,
  rpm: RPM,
  openrc: withInit('sysvinit-core openrc'),
  sysv: withInit('sysvinit-core sysv-rc initscripts tcsh fish'),
};
