import { quote } from '../../shell/command.js';
import type { Fact, FactKind } from '../module.js';

export type PackageState = {
  /** The installed version; undefined when it is not installed. */
  installed: string | undefined;
  /** What the repositories offer, as far as asked. */
  candidate: string | undefined;
};

type Offer = { candidate?: boolean; release?: string | undefined };

/** State of one Debian package; with `candidate`, also what apt would install now, from a release where one is named. */
export function dpkgPackage(name: string, { candidate = false, release }: Offer = {}): Fact<PackageState> {
  const from = release === undefined ? '' : `-o APT::Default-Release=${quote(release)} `;
  const ask = candidate ? `\nLC_ALL=C apt-cache ${from}policy ${quote(name)} 2>/dev/null` : '';
  return {
    script: `dpkg-query -W -f 'status \${db:Status-Abbrev}\${Version}\\n' ${quote(name)} 2>/dev/null${ask}\n:`,
    parse({ stdout }) {
      const installed = /^status [ih]i.\s*(\S+)$/m.exec(stdout)?.[1];
      const offered = /^ {2}Candidate: (\S+)$/m.exec(stdout)?.[1];
      return { installed, candidate: offered === '(none)' ? undefined : offered };
    },
    together: !candidate && /^[a-z0-9][a-z0-9+.-]*$/.test(name) ? { kind: DPKG_PACKAGES, subject: name } : undefined,
    about: candidate ? undefined : '/var/lib/dpkg/status',
  };
}

/** dpkg-query reads its whole database each time, so it is asked once. */
const DPKG_PACKAGES: FactKind = {
  script: (names) =>
    `dpkg-query -W -f '\${Package} status \${db:Status-Abbrev}\${Version}\\n' ${names.join(' ')} 2>/dev/null\n:`,
  answers(stdout, names) {
    const lines = stdout.split('\n');
    return names.map((name) =>
      lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : [])).join('\n'),
    );
  },
  isFirm: () => true,
};

/** Whether a Debian package is gone but for its configuration files. */
export function dpkgResidue(name: string): Fact<boolean> {
  return {
    script: `dpkg-query -W -f '\${db:Status-Abbrev}\\n' ${quote(name)} 2>/dev/null; :`,
    parse: ({ stdout }) => /^.c/m.test(stdout),
  };
}

/** Whether a version is another one or newer, in the order of Debian. */
export function dpkgAtLeast(version: string, least: string): Fact<boolean> {
  return {
    script: `dpkg --compare-versions ${quote(version)} ge ${quote(least)} && echo yes; :`,
    parse: ({ stdout }) => stdout.startsWith('yes'),
  };
}

/** Debian packages that are there only because others need them. */
export const dpkgAutomatic: Fact<ReadonlySet<string>> = {
  script: `awk '/^Package:/ {name = $2} /^Auto-Installed: 1/ {print name}' /var/lib/apt/extended_states 2>/dev/null; :`,
  parse: ({ stdout }) => new Set(stdout.split('\n').filter(Boolean)),
};

/** Names of the Debian packages that apt knows and that match a pattern with `*`. */
export function aptNames(pattern: string): Fact<string[]> {
  const prefix = /^[^*?[]*/.exec(pattern)?.[0] ?? '';
  return {
    script: `apt-cache pkgnames ${quote(prefix)} 2>/dev/null | grep -x ${quote(globToRegex(pattern))}; :`,
    parse: ({ stdout }) => stdout.split('\n').filter(Boolean).sort(),
  };
}

/** Versions of a Debian package that apt can install, newest first. */
export function aptVersions(name: string): Fact<string[]> {
  return {
    script: `LC_ALL=C apt-cache madison ${quote(name)} 2>/dev/null; :`,
    parse: ({ stdout }) => stdout.split('\n').flatMap((line) => line.split('|')[1]?.trim() ?? []),
  };
}

/** Seconds since the package lists were fetched; undefined when they never were. */
export const aptListsAge: Fact<number | undefined> = {
  script: `for stamp in /var/lib/apt/periodic/update-success-stamp /var/lib/apt/lists; do
if [ -e "$stamp" ]; then stat -c %Y "$stamp"; date +%s; break; fi; done`,
  parse({ stdout }) {
    const [then, now] = stdout.split('\n').map(Number);
    return then && now ? now - then : undefined;
  },
};

/** State of one rpm by name, `name-version`, a file it provides or a capability; `asked` may be a glob. */
export function rpmPackage(asked: string): Fact<PackageState> {
  const query = /[*?[]/.test(asked)
    ? `rpm -qa --qf '%{VERSION}-%{RELEASE}\\n' ${quote(asked)}`
    : `rpm -q --qf '%{VERSION}-%{RELEASE}\\n' ${quote(asked)} || rpm -q --whatprovides --qf '%{VERSION}-%{RELEASE}\\n' ${quote(asked)}`;
  return {
    script: `{ ${query}; } 2>/dev/null | while read -r version rest; do [ -z "$rest" ] && echo "installed $version"; done; :`,
    parse: ({ stdout }) => ({ installed: /^installed (\S+)$/m.exec(stdout)?.[1], candidate: undefined }),
  };
}

/** Whether yum or dnf has a newer version of an installed package; 100 is their word for yes. */
export function rpmUpdate(manager: 'yum' | 'dnf', name: string, options: readonly string[]): Fact<boolean> {
  const words = [...options, 'check-update', ...(name === '*' ? [] : [name])].map((word) => quote(word)).join(' ');
  return {
    script: `${manager} -q ${words} >/dev/null 2>&1; echo "code $?"`,
    parse: ({ stdout }) => stdout.includes('code 100'),
  };
}

/** State of one Alpine package. */
export function apkPackage(name: string): Fact<PackageState> {
  return {
    script: `apk info -e ${quote(name)} >/dev/null 2>&1 && echo installed; apk version -q -l '<' ${quote(name)} 2>/dev/null | grep -q . && echo newer; :`,
    parse: ({ stdout }) => ({
      installed: stdout.includes('installed') ? 'installed' : undefined,
      candidate: stdout.includes('newer') ? 'newer' : 'installed',
    }),
  };
}

function globToRegex(pattern: string): string {
  return pattern
    .replaceAll(/[.\\^$+]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}
