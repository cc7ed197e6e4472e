import { fullName, matchesSpec, versionRelease } from '../packages/database.js';
import type { InstalledPackage } from '../packages/database.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';
import { baseName } from '../kernel/path.js';

const LONG = {
  query: 'q',
  all: 'a',
  queryformat: 'F',
  qf: 'F',
  info: 'i',
  list: 'l',
  file: 'f',
  erase: 'e',
  install: 'i',
  upgrade: 'U',
  freshen: 'U',
  nodeps: 'N',
  force: 'N',
  quiet: 'Q',
  verify: 'V',
  import: 'M',
  whatprovides: 'w',
  requires: 'R',
  nosignature: 'N',
  nodigest: 'N',
  eval: 'E',
  changelog: 'N',
  noscripts: 'N',
  last: 'L',
};

/** `rpm -q`, -qa, -qi, -ql, -qf, --qf, -e, -V, --import; installing is yum's. */
export const rpm: Tool = async (call) => {
  const { packages } = call.machine;
  const options = parseOptions(call.args, { letters: 'qaF:ilfeUhvNQVMwRE:cdLp', long: LONG });
  if (options.has('E')) {
    await call.print(
      `${{ '%{rhel}': '7', '%rhel': '7', '%{dist}': '.el7', '%_arch': 'x86_64', '%{_arch}': 'x86_64' }[options.value('E') ?? ''] ?? options.value('E')}\n`,
    );
    return 0;
  }
  if (options.has('M'))
    return call.each(
      options.operands,
      async (operand) => void (/^https?:/.test(operand) ? undefined : call.stat(operand)),
      (operand) => `error: ${operand}: import read failed(2).`,
    );
  if (options.has('q')) return query(call, options);
  if (options.has('V')) return options.operands.every((name) => packages.find(name)) ? 0 : 1;
  if (options.has('e')) {
    if (call.user.uid !== 0)
      throw new UsageFault("can't create transaction lock on /var/lib/rpm/.rpm.lock (Permission denied)");
    for (const name of options.operands) {
      const pack = packages.find(name);
      if (!pack) throw new UsageFault(`error: package ${name} is not installed`);
      const dependents = packages.dependents(pack.name).filter((other) => !options.operands.includes(other.name));
      if (dependents.length > 0 && !options.has('N'))
        throw new UsageFault(
          `error: Failed dependencies:\n${dependents.map((other) => `\t${pack.name} is needed by (installed) ${fullName(other)}`).join('\n')}`,
        );
      packages.remove(pack.name);
    }
    return 0;
  }
  if (options.has('U') || options.has('i')) return installFiles(call, options);
  throw new UsageFault('no operation specified');
};

async function query(call: Call, options: Options): Promise<number> {
  const { packages } = call.machine;
  const format = options.value('F');
  if (options.has('a')) {
    const found = packages
      .installed()
      .filter((pack) => options.operands.length === 0 || options.operands.some((spec) => matchesSpec(pack, spec)));
    await call.print(found.map((pack) => describe(pack, format, options)).join(''));
    return 0;
  }
  let missing = 0;
  for (const operand of options.operands) {
    const pack = options.has('f')
      ? packages.owner(operand)
      : options.has('w')
        ? packages
            .installed()
            .find(
              ({ name, provides, files }) =>
                name === operand || provides?.includes(operand) || files.some(({ path }) => path === operand),
            )
        : packages.find(operand);
    if (pack) await call.print(describe(pack, format, options));
    else {
      missing++;
      await call.print(
        options.has('f')
          ? call.find(operand)
            ? `file ${operand} is not owned by any package\n`
            : `error: file ${operand}: No such file or directory\n`
          : options.has('w')
            ? `no package provides ${operand}\n`
            : `package ${operand} is not installed\n`,
      );
    }
  }
  return Math.min(missing, 255);
}

function describe(pack: InstalledPackage, format: string | undefined, options: Options): string {
  if (format !== undefined) return formatted(pack, format);
  if (options.has('l'))
    return pack.files.length > 0 ? pack.files.map(({ path }) => `${path}\n`).join('') : '(contains no files)\n';
  if (options.has('R')) return (pack.requires ?? []).map((name) => `${name}\n`).join('');
  if (options.has('i')) {
    return `Name        : ${pack.name}\nVersion     : ${pack.version}\nRelease     : ${pack.release}\nArchitecture: ${pack.arch}\nInstall Date: ${pack.installedAt.toUTCString()}\nSummary     : ${pack.summary}\n`;
  }
  return `${fullName(pack)}\n`;
}

function formatted(pack: InstalledPackage, format: string): string {
  const values: Record<string, string> = {
    NAME: pack.name,
    VERSION: pack.version,
    RELEASE: pack.release,
    ARCH: pack.arch,
    EPOCH: '(none)',
    EPOCHNUM: '0',
    SUMMARY: pack.summary,
    NVRA: fullName(pack),
    VENDOR: 'CentOS',
    INSTALLTIME: String(Math.floor(pack.installedAt.getTime() / 1000)),
    SIZE: '0',
  };
  return format
    .replace(/%-?\d*\{([A-Z_]+)(?::\w+)?\}/gi, (_, name: string) => values[name.toUpperCase()] ?? '(none)')
    .replace(/\\([nt\\])/g, (_, letter: string) => ({ n: '\n', t: '\t', '\\': '\\' })[letter as 'n']);
}

/** A local package file is known by its name, as the repositories have it. */
async function installFiles(call: Call, options: Options): Promise<number> {
  const { packages } = call.machine;
  if (call.user.uid !== 0)
    throw new UsageFault("can't create transaction lock on /var/lib/rpm/.rpm.lock (Permission denied)");
  let status = 0;
  for (const operand of options.operands) {
    const offered = packages.offered(baseName(operand).replace(/\.rpm$/, ''));
    const remote = /^https?:/.test(operand);
    if (!remote && !call.find(operand)) {
      await call.complain(`error: open of ${operand} failed: No such file or directory`);
      status++;
    } else if (!offered) {
      await call.complain(`error: ${operand}: not an rpm package (or package manifest): `);
      status++;
    } else if (packages.find(`${offered.name}-${versionRelease(offered)}`) && !options.has('N')) {
      await call.print(`\tpackage ${fullName(offered)} is already installed\n`);
      status++;
    } else for (const pack of packages.toInstall(offered)) packages.install(pack);
  }
  return status;
}
