import type { ExecResult } from '../../connection/connection.js';
import type { Dict } from '../../jinja/value.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { gitArguments, gitMistake, type GitArguments } from './git-arguments.js';
import { gitState, type GitState } from './git-state.js';
import { gitWork } from './git-work.js';
import { dict } from './result.js';
import { factWithin, runWithin } from './environment.js';

export const git = defineModule({
  name: 'git',
  summary: 'Have a checkout of a git repository at a version.',
  needs: 'git, and ssh for addresses that need it',
  aliases: { name: 'repo' },
  exclusive: [
    ['separate_git_dir', 'bare'],
    ['accept_hostkey', 'accept_newhostkey'],
  ],
  differences: [
    'What a remote has beside the wanted version is only fetched together with a new commit of that version, so a run that finds nothing new asks the remote one question.',
    '`accept_hostkey` trusts the keys of hosts that are met for the first time, but never a key that has changed.',
    'Check mode also tells that changed files would be thrown away, the repository moved or a submodule brought to its commit, and asks a new address of the repository, not the old one.',
    'A commit or tag without a valid signature is not checked out; Ansible looks at what it has checked out, and not again the next time.',
    'An `archive` of a format that there is not is refused before anything is cloned.',
    '`changed` is told where only the archive was made anew.',
    '`gpg_whitelist` is refused: the host’s keyring says which signatures are valid.',
  ],
  args: gitArguments,

  async plan(asked, context): Promise<Plan> {
    const given = await withHostPaths(asked, context);
    const mistake = gitMistake(given);
    if (mistake !== undefined) return { actions: [], failed: mistake };
    const state = await context.fact(factWithin(context, gitState(given)));
    return state.there ? planExisting(given, state, context) : planNew(given, state, context);
  },
});

async function withHostPaths(given: GitArguments, context: ModuleContext): Promise<GitArguments> {
  const placed = (path: string | undefined) => (path === undefined ? undefined : hostPath(context, path));
  const dest = (await hostPath(context, given.dest)).replace(/(?<=.)\/+$/, '');
  return {
    ...given,
    dest,
    separate_git_dir: await placed(given.separate_git_dir),
    archive: await placed(given.archive),
    key_file: await placed(given.key_file),
  };
}

function planNew(given: GitArguments, state: GitState, context: ModuleContext): Plan {
  const after = wantedCommit(given, state);
  if (state.remote.error !== undefined) return { actions: [], failed: state.remote.error };
  if (!given.clone) return { actions: [], changed: true, result: dict({ before: null, after }) };
  return work(given, { state, context, changed: true, result: { before: null, after } });
}

function planExisting(given: GitArguments, state: GitState, context: ModuleContext): Plan {
  const moves = given.separate_git_dir !== undefined && state.gitDir !== given.separate_git_dir;
  const moved = moves ? { git_dir_before: state.gitDir, git_dir_now: given.separate_git_dir } : {};
  const packs = given.archive !== undefined && state.archive !== 'same';
  const before = state.before ?? null;
  if (!given.update) {
    const result = { ...moved, before, after: before };
    return moves || packs
      ? work(given, { state, context, changed: true, result })
      : { actions: [], result: dict(result) };
  }
  if (state.modified && !given.force) {
    const failed = `Local modifications exist in the destination: ${given.dest} (force=no).`;
    return { actions: [], failed, result: dict({ ...moved, before }) };
  }
  if (state.remote.error !== undefined) return { actions: [], failed: state.remote.error, result: dict({ before }) };
  const remote_url_changed = state.url !== undefined && state.url !== given.repo;
  const after = wantedCommit(given, state);
  const changed = moves || packs || state.modified || remote_url_changed || state.staleSubmodules || after !== before;
  const said = state.modified ? { msg: `Local modifications exist in the destination: ${given.dest}` } : {};
  const result = { ...moved, before, after, remote_url_changed, ...said };
  if (!changed && isCheckedOut(given, state)) return { actions: [], result: dict(result) };
  return work(given, { state, context, changed, result });
}

/** The commit that the version means, or the version itself where the remote does not name it. */
function wantedCommit({ version }: GitArguments, { remote, before }: GitState): string {
  const named = remote.commit ?? version;
  return before !== undefined && remote.kind === 'other' && version.length >= 7 && before.startsWith(version)
    ? before
    : named;
}

/** Whether HEAD names the version already, not only its commit. */
function isCheckedOut({ version, bare, track_submodules }: GitArguments, { remote, branch }: GitState): boolean {
  if (track_submodules) return false;
  if (bare || remote.kind === 'head') return true;
  return remote.kind === 'branch' ? branch === version : branch === undefined;
}

type Work = { state: GitState; context: ModuleContext; changed: boolean; result: Record<string, unknown> };

function work(given: GitArguments, { state, context, changed, result }: Work): Plan {
  const archiveAt = given.archive === undefined ? undefined : context.temporaryPath(given.archive);
  const known = dict(result as Parameters<typeof dict>[0]);
  return {
    actions: [runWithin(context, { text: gitWork(given, state, archiveAt) })],
    changed,
    result: known,
    finish: (results) => (context.checkMode ? known : finished(results, state, changed)),
  };
}

function finished(results: ExecResult[], state: GitState, planned: boolean): Dict {
  const last = results.at(-1);
  const after = /^stars-after (\w+)/m.exec(last?.stdout ?? '')?.[1];
  if (last?.code !== 0) return dict({ after });
  const submodules = /^stars-submodules$/m.test(last.stdout);
  const certain = state.modified || (state.url !== undefined && !state.there) || planned;
  return dict({
    after,
    changed: certain || after !== state.before || submodules || /^stars-archive$/m.test(last.stdout),
    ...(submodules ? { submodules_changed: true } : {}),
  });
}
