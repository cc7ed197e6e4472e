import type { Dict } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { dict } from '../facts/facts-dict.js';
import type { Fact } from '../module.js';

const KINDS = new Set(['installed', 'available', 'updates', 'repos', 'repositories']);

/** What `yum list` or `dnf list` says of packages, or the repositories that are on. */
export function listedPackages(manager: 'yum' | 'dnf', asked: string, options: readonly string[]): Fact<Dict[]> {
  const repos = asked.startsWith('repo');
  const words = repos
    ? ['repolist', 'enabled']
    : ['list', ...(KINDS.has(asked) ? [asked] : ['--showduplicates', asked])];
  const command = [manager, '-q', ...options, ...words].map((word) => quote(word)).join(' ');
  return {
    script: `LC_ALL=C ${command} 2>/dev/null; :`,
    parse: ({ stdout }) => (repos ? repositoriesOf(stdout) : packagesOf(stdout)),
  };
}

function repositoriesOf(stdout: string): Dict[] {
  const names = stdout.split('\n').map((line) => /^[!*]?(\S+)/.exec(line)?.[1]?.split('/')[0]);
  return names.flatMap((id) => (id === undefined || id === 'repo' ? [] : [dict({ repoid: id, state: 'enabled' })]));
}

/** Long names stand on a line of their own, with the rest of their row on the next. */
function packagesOf(stdout: string): Dict[] {
  const words = stdout
    .split('\n')
    .filter((line) => !/^(Installed|Available|Upgraded|Updated|Last metadata)\b/.test(line))
    .flatMap((line) => line.split(/\s+/).filter(Boolean));
  return Array.from({ length: Math.floor(words.length / 3) }, (_, row) => words.slice(row * 3, row * 3 + 3)).flatMap(
    ([full = '', versions = '', repo = '']) => packageOf(full, versions, repo),
  );
}

function packageOf(full: string, versions: string, repo: string): Dict[] {
  const [, name, arch] = /^(.+)\.([^.]+)$/.exec(full) ?? [];
  const [, epoch = '0', version, release] = /^(?:(\d+):)?([^-]+)-(.+)$/.exec(versions) ?? [];
  if (name === undefined || arch === undefined || version === undefined || release === undefined) return [];
  const nevra = `${epoch}:${name}-${version}-${release}.${arch}`;
  const state = repo.startsWith('@') || repo === 'installed' ? 'installed' : 'available';
  const from = repo.replace(/^@/, '');
  return [dict({ name, arch, epoch, version, release, repo: from, envra: nevra, nevra, yumstate: state })];
}
