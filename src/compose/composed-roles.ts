import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StarsError } from '../errors.js';
import type { Git } from './git.js';
import { withoutPassword } from './git.js';
import type { RoleRequirement } from './requirements.js';

const Recorded = z.record(
  z.string(),
  z.object({ src: z.string(), version: z.string().optional(), commit: z.string(), content: z.string() }),
);

type Recorded = z.infer<typeof Recorded>;

export type Fetched = { name: string; commit: string; state: 'as pinned' | 'fetched' | 'updated' };

export type ComposedRolesOptions = { folder: string; git: Git; force: boolean };

/** The roles of a folder that were fetched, with a record of the commit and the content of each. */
export function createComposedRoles({ folder, git, force }: ComposedRolesOptions) {
  const record = join(folder, '.composed.json');

  /** Brings one role to its version: whole or not at all. CONFIG when that would throw away what somebody changed. */
  async function fetch(role: RoleRequirement): Promise<Fetched> {
    const known = (await read())[role.name];
    const path = join(folder, role.name);
    const there = await contentOf(path);
    const untouched = there !== undefined && there === known?.content;
    const src = withoutPassword(role.src);
    if (untouched && known.src === src && known.commit === role.version) return done(role, known.commit, 'as pinned');
    const wanted = await commitOf(role);
    if (untouched && known.src === src && known.commit.startsWith(wanted)) return done(role, known.commit, 'as pinned');
    if (there !== undefined && !untouched && !force) throw changedHere(path, known !== undefined);
    const commit = await replace(role, wanted, path);
    const content = (await contentOf(path)) ?? '';
    await write({
      ...(await read()),
      [role.name]: { src, ...(role.version ? { version: role.version } : {}), commit, content },
    });
    return done(role, commit, there === undefined ? 'fetched' : 'updated');
  }

  /** The commit that a tag or branch stands for now; a commit, which the repository is not asked for, as it is written. */
  async function commitOf({ src, version, where }: RoleRequirement): Promise<string> {
    const references = await git.references(src);
    const names =
      version === undefined ? ['HEAD'] : [`refs/tags/${version}^{}`, `refs/tags/${version}`, `refs/heads/${version}`];
    const found = names.map((name) => references.get(name)).find((commit) => commit !== undefined);
    if (found !== undefined) return found;
    if (version !== undefined && /^[0-9a-f]{7,40}$/.test(version)) return version;
    const near = [...references.keys()]
      .flatMap((name) => /^refs\/(?:tags|heads)\/([^^]+)$/.exec(name)?.[1] ?? [])
      .slice(-8);
    throw new StarsError('CONFIG', `${withoutPassword(src)} has no tag or branch ${version ?? 'HEAD'}.`, {
      hint: near.length > 0 ? `It has ${near.join(', ')}.` : 'It has none at all.',
      ...(where ? { where } : {}),
    });
  }

  /** Beside its place first, then renamed into it. */
  async function replace({ src, version, where }: RoleRequirement, commit: string, path: string): Promise<string> {
    await mkdir(folder, { recursive: true });
    const fresh = join(folder, `.compose-${randomUUID()}`);
    const old = join(folder, `.compose-${randomUUID()}`);
    try {
      await git.checkOut(src, commit, fresh);
      const full = await git.commitIn(fresh, 'HEAD');
      if (full === undefined)
        throw new StarsError(
          'CONFIG',
          `${withoutPassword(src)} has no commit ${version ?? commit}.`,
          where ? { where } : {},
        );
      await rm(join(fresh, '.git'), { recursive: true, force: true });
      await rename(path, old).catch(() => undefined);
      await rename(fresh, path);
      return full;
    } finally {
      for (const left of [fresh, old]) await rm(left, { recursive: true, force: true });
    }
  }

  async function read(): Promise<Recorded> {
    try {
      return Recorded.parse(JSON.parse(await readFile(record, 'utf8')));
    } catch {
      // Without a record every role counts as somebody's own.
      return {};
    }
  }

  async function write(recorded: Recorded): Promise<void> {
    const sorted = Object.fromEntries(Object.entries(recorded).sort(([a], [b]) => (a < b ? -1 : 1)));
    const fresh = `${record}.${randomUUID()}`;
    await writeFile(fresh, `${JSON.stringify(sorted, null, 2)}\n`);
    await rename(fresh, record);
  }

  return { fetch };
}

function done({ name }: RoleRequirement, commit: string, state: Fetched['state']): Fetched {
  return { name, commit, state };
}

function changedHere(path: string, fetched: boolean): StarsError {
  const what = fetched ? 'was changed since it was fetched' : 'is there already and was not fetched by compose';
  return new StarsError('CONFIG', `${path} ${what}.`, {
    hint: 'Move the changes to its repository, or throw them away with --force.',
  });
}

/** A digest of all names, kinds and contents below a folder; undefined when there is none. */
async function contentOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return undefined;
  const names = (await readdir(path, { recursive: true })).sort();
  for (const name of names) {
    const file = join(path, name);
    const info = await lstat(file);
    const kind = info.isDirectory() ? 'd' : info.isSymbolicLink() ? 'l' : info.mode & 0o100 ? 'x' : 'f';
    hash.update(JSON.stringify([name, kind]));
    if (kind === 'l') hash.update(await readlink(file));
    else if (kind !== 'd') hash.update(await readFile(file));
  }
  return hash.digest('hex');
}
