import { posix } from 'node:path';
import { quote, sh } from '../../shell/command.js';
import { gitSettings, type GitArguments } from './git-arguments.js';
import { packing, type GitState } from './git-state.js';

/** Shell that brings the checkout to the version; prints `stars-after COMMIT`, and `stars-submodules` where those changed. */
export function gitWork(given: GitArguments, state: GitState, archiveAt: string | undefined): string {
  const git = sh`${given.executable} -C ${given.dest}`.text;
  const steps = [
    ...(state.there ? existing(given, state, git) : cloned(given, state, git)),
    ...(given.bare || (state.there && !given.update) ? [] : checkedOut(given, state, git)),
    `{ after=$(${git} rev-parse HEAD 2>/dev/null); echo "stars-after $after"; }`,
    ...(given.archive === undefined || archiveAt === undefined ? [] : packed(given, archiveAt, git)),
  ];
  return `${gitSettings(given)}${steps.join(' &&\n')}`;
}

function existing(given: GitArguments, state: GitState, git: string): string[] {
  const moved = given.separate_git_dir !== undefined && state.gitDir !== given.separate_git_dir;
  return [
    ...(moved
      ? [sh`${given.executable} init -q --separate-git-dir ${given.separate_git_dir ?? ''} ${given.dest}`.text]
      : []),
    ...(!given.update
      ? []
      : [
          ...(state.modified ? [`${git} reset -q --hard HEAD`] : []),
          ...(state.url === given.repo ? [] : [`${git} remote set-url ${sh`${given.remote} ${given.repo}`.text}`]),
          fetched(given, state, git),
        ]),
  ];
}

function cloned(given: GitArguments, { remote }: GitState, git: string): string[] {
  const named = remote.kind === 'branch' || remote.kind === 'tag';
  const shallow = given.depth !== undefined && (named || given.version === 'HEAD' || given.refspec !== undefined);
  const pointed = named && (given.single_branch || (shallow && given.refspec === undefined));
  const words = [
    ...(given.bare ? ['--bare'] : ['--origin', given.remote]),
    ...(shallow ? ['--depth', String(given.depth)] : []),
    ...(given.reference === undefined ? [] : ['--reference', given.reference]),
    ...(given.single_branch ? ['--single-branch'] : []),
    ...(pointed ? ['--branch', given.version] : []),
    ...(given.separate_git_dir === undefined ? [] : [`--separate-git-dir=${given.separate_git_dir}`]),
  ];
  const depth = given.depth === undefined ? [] : ['--depth', String(given.depth)];
  return [
    sh`mkdir -p ${posix.dirname(given.dest)}`.text,
    // A version that a shallow clone does not hold is fetched next; git says so in its own words.
    sh`${given.executable} -c advice.detachedHead=false clone -q ${words} -- ${given.repo} ${given.dest}`.text,
    ...(given.bare && given.remote !== 'origin' ? [`${git} remote add ${sh`${given.remote} ${given.repo}`.text}`] : []),
    ...(given.refspec === undefined ? [] : [`${git} fetch -q ${sh`${depth} ${given.remote} ${given.refspec}`.text}`]),
  ];
}

function fetched(given: GitArguments, state: GitState, git: string): string {
  const force = given.force ? '--force ' : '';
  const least = given.depth === undefined ? [] : leastRefs(given, state);
  if (least.length > 0)
    return `${git} fetch -q ${force}${sh`--depth ${given.depth ?? 0} ${given.remote} ${least}`.text}`;
  const all = given.bare ? ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'] : [];
  const refs = [...all, ...(given.refspec === undefined ? [] : [given.refspec])];
  return `${git} fetch -q ${given.bare ? '' : '--tags '}${force}${sh`${given.remote} ${refs}`.text}`;
}

/** What a shallow fetch needs to get the version; nothing for one that only a whole history holds. */
function leastRefs({ refspec, version, remote }: GitArguments, state: GitState): string[] {
  if (refspec !== undefined) return [refspec];
  if (state.remote.kind === 'head') return state.branch === undefined ? [] : [state.branch];
  if (state.remote.kind === 'tag') return [`+refs/tags/${version}:refs/tags/${version}`];
  if (state.remote.kind !== 'branch') return [];
  return [
    ...(state.branch === version ? [] : [`+refs/heads/${version}:refs/heads/${version}`]),
    `+refs/heads/${version}:refs/remotes/${remote}/${version}`,
  ];
}

function checkedOut(given: GitArguments, state: GitState, git: string): string[] {
  return [
    ...(given.verify_commit ? [signatureBefore(given, state, git)] : []),
    ...(state.remote.kind === 'head' ? headCheckout(given, git) : []),
    ...(state.remote.kind === 'branch' ? branchCheckout(given, git) : []),
    ...(state.remote.kind === 'tag' || state.remote.kind === 'other'
      ? [`${git} checkout -q --force ${quote(given.version)} --`]
      : []),
    ...(given.verify_commit ? [signature(given, git)] : []),
    ...(given.recursive ? [submodules(given, git)] : []),
  ];
}

function headCheckout({ remote }: GitArguments, git: string): string[] {
  const ofRemote = `${git} symbolic-ref -q --short ${quote(`refs/remotes/${remote}/HEAD`)}`;
  return [
    `{ branch=$(${git} symbolic-ref -q --short HEAD || ${ofRemote}); branch=\${branch#${quote(remote)}/}; }`,
    `${git} checkout -q --force "$branch" --`,
    `${git} reset -q --hard ${quote(remote)}/"$branch" --`,
  ];
}

function branchCheckout({ depth, version, remote }: GitArguments, git: string): string[] {
  const local = `${git} show-ref -q --verify ${quote(`refs/heads/${version}`)}`;
  const tracked = `${remote}/${version}`;
  const shallow = sh`--depth ${depth ?? 0} ${remote} ${[`+refs/heads/${version}:refs/heads/${version}`, `+refs/heads/${version}:refs/remotes/${tracked}`]}`;
  return [
    ...(depth === undefined ? [] : [`{ ${local} || ${git} fetch -q ${shallow.text}; }`]),
    `if ${local}; then ${git} checkout -q --force ${quote(version)} -- && ${git} reset -q --hard ${quote(tracked)} --
else ${git} checkout -q --track -b ${sh`${version} ${tracked}`.text}; fi`,
  ];
}

/** What nobody signed is not checked out at all: next time it would stand there as if it had been verified. */
function signatureBefore({ version }: GitArguments, { remote }: GitState, git: string): string {
  const commit = remote.commit ?? version;
  return `if ${git} cat-file tag ${quote(version)} >/dev/null 2>&1; then ${git} verify-tag ${quote(version)}
elif ${git} cat-file -e ${quote(`${commit}^{commit}`)} 2>/dev/null; then ${git} verify-commit ${quote(commit)}; fi`;
}

function signature({ version }: GitArguments, git: string): string {
  const tag = `${git} cat-file tag ${quote(version)} >/dev/null 2>&1`;
  return `if ${tag}; then ${git} verify-tag ${quote(version)}; else ${git} verify-commit HEAD; fi`;
}

function submodules({ dest, track_submodules, force }: GitArguments, git: string): string {
  const newest = track_submodules ? ' --remote' : '';
  return `if [ -f ${quote(`${dest}/.gitmodules`)} ]; then
modules=$(${git} submodule status --recursive)
${git} submodule -q sync && ${git} submodule -q update --init --recursive${newest}${force ? ' --force' : ''} || exit
[ "$modules" = "$(${git} submodule status --recursive)" ] || echo stars-submodules
fi`;
}

function packed({ archive = '', archive_prefix, version }: GitArguments, temporary: string, git: string): string[] {
  return [
    `${git} archive ${packing(archive, archive_prefix)} ${sh`-o ${temporary} ${version}`.text}`,
    `if cmp -s ${sh`${temporary} ${archive}`.text}; then rm -f ${quote(temporary)}; else mv -f ${sh`${temporary} ${archive}`.text} && echo stars-archive; fi`,
  ];
}
