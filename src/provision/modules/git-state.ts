import { quote, sh } from '../../shell/command.js';
import type { Fact } from '../module.js';
import { archiveFormat, gitSettings, type GitArguments } from './git-arguments.js';

/** What stands where a checkout is wanted, and what the remote calls the version. */
export type GitState = {
  /** The commit that is checked out; undefined without a repository. */
  before: string | undefined;
  there: boolean;
  /** Tracked files were changed. */
  modified: boolean;
  url: string | undefined;
  /** The folder of the repository itself. */
  gitDir: string | undefined;
  /** The branch that HEAD names. */
  branch: string | undefined;
  remote: RemoteVersion;
  /** Submodules are not at the commits that the checkout records. */
  staleSubmodules: boolean;
  /** How the archive is to what the checkout would be packed to. */
  archive: 'missing' | 'other' | 'same';
};

/** What a version is on the remote; `commit` undefined for one that the remote does not name. */
export type RemoteVersion = {
  kind: 'head' | 'branch' | 'tag' | 'other';
  commit: string | undefined;
  /** Why the remote could not be asked. */
  error: string | undefined;
};

/** Reads both; the remote is left alone where a checkout is not to be updated. */
export function gitState(given: GitArguments): Fact<GitState> {
  const { version, remote, executable } = given;
  const git = sh`${executable} -C ${given.dest}`.text;
  const head = `${git} symbolic-ref -q --short HEAD`;
  const script = `${gitSettings(given)}ask=yes
version=${quote(version)}
dir=$(${git} rev-parse --absolute-git-dir 2>/dev/null)
${given.bare ? '' : `[ -e ${quote(`${given.dest}/.git`)} ] || dir=`}
if [ -n "$dir" ]; then
echo there
echo "dir $dir"
printf 'before '; ${git} rev-parse -q --verify HEAD || echo
${given.bare ? '' : `[ -n "$(${git} status --porcelain --untracked-files=no)" ] && echo modified`}
printf 'url '; ${git} config --get ${quote(`remote.${remote}.url`)} || echo
printf 'branch '; ${head} || echo
[ "$version" = HEAD ] && { version=$(${head} || ${git} symbolic-ref -q --short ${quote(`refs/remotes/${remote}/HEAD`)}); version=\${version#${quote(remote)}/}; }
${given.recursive && !given.bare ? `[ -f ${quote(`${given.dest}/.gitmodules`)} ] && ${git} submodule status --recursive | grep -q '^[-+U]' && echo stale` : ''}
${given.update ? '' : 'ask='}
fi
${archiveQuestion(given, git)}
if [ -n "$ask" ] && command -v ${quote(executable)} >/dev/null; then
${quote(executable)} ls-remote ${quote(given.repo)} HEAD "refs/heads/$version" "refs/tags/$version" "refs/tags/$version^{}" 2>&1 | sed 's/^/remote /'
fi
:`;
  return { script, parse: ({ stdout }) => parseState(stdout, given) };
}

/** Whether the archive holds what the checkout would be packed to. */
function archiveQuestion({ archive, version, archive_prefix }: GitArguments, git: string): string {
  if (archive === undefined) return '';
  const pack = `${git} archive ${packing(archive, archive_prefix)} ${quote(version)}`;
  return `if [ -f ${quote(archive)} ]; then if ${pack} 2>/dev/null | cmp -s - ${quote(archive)}; then echo 'archive same'; else echo 'archive other'; fi; fi`;
}

/** Options of `git archive`. */
export function packing(archive: string, prefix: string | undefined): string {
  const words = [`--format=${archiveFormat(archive)}`, ...(prefix === undefined ? [] : [`--prefix=${prefix}`])];
  return sh`${words}`.text;
}

function parseState(stdout: string, given: GitArguments): GitState {
  const field = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(stdout)?.[1];
  return {
    before: field('before'),
    there: /^there$/m.test(stdout),
    modified: /^modified$/m.test(stdout),
    url: field('url'),
    gitDir: field('dir'),
    branch: field('branch'),
    remote: remoteVersion(stdout, given),
    staleSubmodules: /^stale$/m.test(stdout),
    archive: field('archive') === 'same' ? 'same' : field('archive') === 'other' ? 'other' : 'missing',
  };
}

function remoteVersion(stdout: string, { version }: GitArguments): RemoteVersion {
  const lines = [...stdout.matchAll(/^remote (.*)$/gm)].map(([, line = '']) => line);
  const named = new Map(
    lines.flatMap((line) => {
      const [, commit = '', name = ''] = /^([0-9a-f]{40,64})\t(.+)$/.exec(line) ?? [];
      return name === '' ? [] : [[name, commit] as const];
    }),
  );
  const fatal = lines.findIndex((line) => line.startsWith('fatal: '));
  const error = fatal === -1 ? undefined : lines.slice(0, fatal + 1).join(' ');
  const branch = [...named].find(([name]) => name.startsWith('refs/heads/'))?.[1];
  if (version === 'HEAD') return { kind: 'head', commit: branch ?? named.get('HEAD'), error };
  if (branch !== undefined) return { kind: 'branch', commit: branch, error };
  const tag = named.get(`refs/tags/${version}^{}`) ?? named.get(`refs/tags/${version}`);
  return tag === undefined ? { kind: 'other', commit: undefined, error } : { kind: 'tag', commit: tag, error };
}
