import { join } from 'node:path';
import { createGit, withoutPassword } from '../compose/git.js';
import { StarsError } from '../errors.js';
import { type Disk, realDisk } from './disk.js';
import type { TakenBackup } from './take.js';
import { contentsOf, sinceThen } from './words.js';

export type GitCopyOptions = {
  /** The folder of all backups, which is or becomes a repository of its own. */
  root: string;
  environment: string;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  disk?: Disk;
};

/** Commits what the folder of an environment holds by now, with a message that says what changed. BACKUP when git refuses. */
export async function commitBackup(taken: TakenBackup, options: GitCopyOptions): Promise<void> {
  const { root, environment, env, signal, disk = realDisk } = options;
  const git = createGit({ environment: env, signal });
  const inRoot = (...words: string[]) => git.run('-C', root, ...AS_STARS, ...words);
  try {
    // A repository further up is somebody else's.
    if (!(await disk.list(root)).some(({ name }) => name === '.git')) await inRoot('init', '--quiet', '--template=');
    // What another process is at just now lies beside, with a dot before its name.
    const paths = ['--', environment, `:(exclude)${environment}/.*`];
    await inRoot('add', '--all', ...paths);
    if ((await inRoot('status', '--porcelain', '--untracked-files=no', ...paths)).trim() === '') return;
    await inRoot(
      'commit',
      '--quiet',
      '--no-gpg-sign',
      `--author=${authorOf(taken)}`,
      `--message=${messageOf(taken)}`,
      ...paths,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    const words = error instanceof StarsError ? error.message : String(error);
    throw new StarsError('BACKUP', `The backup could not be committed in ${join(root, '.git')}: ${words}`, {
      hint: 'Look there with “git status” as the user that Stars runs as.',
      cause: error,
    });
  }
}

const AS_STARS = ['-c', 'user.name=Stars', '-c', 'user.email=stars@localhost', '-c', 'core.autocrlf=false'];

function authorOf({ backup: { manifest } }: TakenBackup): string {
  const plain = (text: string) => text.replaceAll(/[<>\s]+/g, ' ').trim() || 'somebody';
  return `${plain(manifest.person.name)} <${plain(manifest.person.id).replaceAll(' ', '-')}@stars>`;
}

export type PushOptions = Omit<GitCopyOptions, 'environment' | 'disk'> & {
  /** An address, and the branch there. */
  to: { push: string; branch: string };
};

/** Pushes all that is committed by now. BACKUP says what git said, and what to look at. */
export async function pushBackups({ root, to: { push, branch }, env, signal }: PushOptions): Promise<void> {
  const git = createGit({ environment: env, signal });
  try {
    await git.run('-C', root, 'push', '--quiet', '--end-of-options', push, `HEAD:refs/heads/${branch}`);
  } catch (error) {
    if (signal.aborted) throw error;
    const words = error instanceof StarsError ? error.message : String(error);
    const address = withoutPassword(push);
    const isBehind = /fetch first|non-fast-forward/.test(words);
    throw new StarsError('BACKUP', `What is committed could not be pushed to ${address}, branch ${branch}: ${words}`, {
      hint: isBehind
        ? `Somebody else pushed there. Give Stars a branch or a repository of its own, or merge it in ${root} by hand.`
        : `Try “git -C ${root} push ${address} HEAD:${branch}” as the user that Stars runs as. The next backup pushes this one too.`,
      cause: error,
    });
  }
}

/** The first line tells what it holds, the others what changed and who asked for it. */
function messageOf({ backup, previous, changes }: TakenBackup): string {
  const { environment, run, person } = backup.manifest;
  return [
    `${environment}: ${contentsOf(backup)}`,
    '',
    ...(previous && changes ? sinceThen(previous, changes) : ['The first of this environment.']),
    '',
    `${backup.name}, taken by the run ${run} of ${person.name}`,
  ].join('\n');
}
