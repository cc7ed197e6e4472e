import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';

/** How a package manager is asked for all that is installed, and what each of its answer's lines or blocks says. */
export type PackageLister = {
  /** Succeeds where this manager is what the host's packages come from. */
  test: string;
  script: string;
  parse(output: string): Record<string, Value>[];
};

/** Where a version comes from stands only in apt's lists; awk keeps the answer small. */
const APT_ORIGINS =
  String.raw`{ apt-cache policy; echo stars-packages; dpkg-query -W -f '\${Package}:\${Architecture}\n' | sed 's/:all$//' | xargs apt-cache policy; } 2>/dev/null | awk '
/^stars-packages$/ { listing = 1; next }
!listing && /^ *-?[0-9]+ / { sub(/^ *-?[0-9]+ /, ""); source = $0 }
!listing && /^ *release / { if (match($0, /[ ,]o=[^,]*/)) origin[source] = substr($0, RSTART + 3, RLENGTH - 3) }
listing && /^[^ ]/ { name = substr($0, 1, length($0) - 1); wanted = 0 }
listing && /^ \*\*\* / { wanted = 1; next }
listing && wanted { sub(/^ *-?[0-9]+ /, ""); print "origin\t" name "\t" origin[$0]; wanted = 0 }'`.replaceAll(
    String.raw`\${`,
    '${',
  );

export const PACKAGE_LISTERS: Readonly<Record<string, PackageLister>> = {
  apt: {
    test: 'command -v dpkg-query && command -v apt-cache',
    script: `echo "native $(dpkg --print-architecture)"
dpkg-query -W -f '\${db:Status-Abbrev}\\t\${Package}\\t\${Version}\\t\${Architecture}\\t\${Section}\\n'
${APT_ORIGINS}`,
    parse: parseApt,
  },
  rpm: {
    test: 'command -v rpm && rpm -qa | grep -q .',
    script: `rpm -qa --qf '%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n' | sort`,
    parse: (output) =>
      rows(output).map(([name = '', version = '', release = '', epoch, arch]) => ({
        name,
        version,
        release,
        epoch: epoch === '(none)' ? null : Number(epoch),
        arch: arch === '(none)' ? null : (arch ?? null),
      })),
  },
  apk: {
    test: 'command -v apk',
    script: 'apk info -v 2>/dev/null',
    parse: (output) =>
      rows(output).map(([line = '']) => {
        const [, name, version, release] = /^(.*)-([^-]*)-([^-]*)$/.exec(line) ?? [];
        return { name: name ?? line, version: version ?? '', release: release ?? '' };
      }),
  },
  pacman: { test: 'command -v pacman', script: 'LC_ALL=C pacman -Qi', parse: parsePacman },
  portage: {
    test: 'command -v qlist',
    script: 'qlist -Iv | xargs -n 1024 qatom',
    parse: (output) => output.split('\n').filter(Boolean).map(parseAtom),
  },
};

/** Those that Ansible knows and no host of ours can have. */
export const FOREIGN_LISTERS: ReadonlySet<string> = new Set(['pkg', 'pkg_info']);

/** `ansible_facts.packages`: a list of what is installed under each name. */
export function packagesDict(manager: string, packages: readonly Record<string, Value>[]): Dict {
  const found = new Map<Value, Value[]>();
  for (const details of packages) {
    const list = found.get(details.name ?? '') ?? [];
    found.set(details.name ?? '', [...list, dict({ ...details, source: manager })]);
  }
  return found;
}

function rows(output: string): string[][] {
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
}

function parseApt(output: string): Record<string, Value>[] {
  const native = /^native (.*)$/m.exec(output)?.[1] ?? '';
  const lines = rows(output);
  const origins = new Map(
    lines.flatMap(([kind, name = '', origin = '']) => (kind === 'origin' ? [[name, origin]] : [])),
  );
  // The second letter says how far it is installed: nothing of it, only its configuration, or half of it do not count.
  return lines
    .filter(([status = '', name]) => name !== undefined && /^.[^ncH]/.test(status) && status.length <= 3)
    .map(([, plain = '', version = '', arch = '', category = '']) => {
      const name = arch === native || arch === 'all' ? plain : `${plain}:${arch}`;
      return { name, version, arch, category, origin: origins.get(name) ?? '' };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parsePacman(output: string): Record<string, Value>[] {
  return output
    .split('\n\n')
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const fields = new Map<string, string>();
      let last = '';
      for (const line of block.split('\n')) {
        const [, name, value = ''] = /^([\w ]*\w) +: (.*)$/.exec(line) ?? [];
        last = name ?? last;
        fields.set(last, name === undefined ? `${fields.get(last) ?? ''}  ${line.trimStart()}` : value);
      }
      const provides = fields.get('Provides') ?? 'None';
      return {
        name: fields.get('Name') ?? '',
        version: fields.get('Version') ?? '',
        arch: fields.get('Architecture') ?? '',
        provides: provides === 'None' ? null : provides.split('  ').map((word) => word.split('=')[0] ?? ''),
      };
    });
}

const ATOM = ['category', 'name', 'version', 'ebuild_revision', 'slots', 'prefixes', 'sufixes'];

function parseAtom(line: string): Record<string, Value> {
  return Object.fromEntries(line.split(/\s+/).flatMap((word, index) => (ATOM[index] ? [[ATOM[index], word]] : [])));
}
