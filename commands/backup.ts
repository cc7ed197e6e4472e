import { join } from 'node:path';
import { z } from 'zod';
import { bucketOf } from '../src/backup/bucket-of.js';
import { commitBackup, pushBackups } from '../src/backup/git-copy.js';
import { backupAge } from '../src/backup/backup-age.js';
import { drill, type PracticeAgent } from '../src/backup/drill.js';
import { type Backup, type BackupFolder, createBackupFolder } from '../src/backup/folder.js';
import { NAME } from '../src/backup/manifest.js';
import { forgetOld } from '../src/backup/retention.js';
import { takeBackup, type TakenBackup } from '../src/backup/take.js';
import { bullets, contentsOf, labelWords, lossesOf, noticeOf, SHOWN, sinceThen, size } from '../src/backup/words.js';
import { defineCommand, type CommandContext } from '../src/bot/command.js';
import { diffBackups } from '../src/cluster/diff.js';
import { withoutPassword } from '../src/compose/git.js';
import { asStarsError, StarsError } from '../src/errors.js';
import { counted } from '../src/model/figures.js';

export const backup = defineCommand({
  name: 'backup',
  summary: 'Save the apps, groups, pods and jobs of an environment; list, show, verify, diff or drill what was saved.',
  words: ['[action]', '[backup]'],
  environment: 'required',
  flags: { 'allow-empty': { says: 'save it even though there are no apps or no jobs' } },
  args: z.object({
    action: z
      .enum(['list', 'show', 'verify', 'diff', 'drill'], {
        error: 'must be list, show, verify, diff or drill, or left out to take a backup',
      })
      .optional(),
    backup: z.string().regex(NAME, 'is the name of a backup, as “backup list” shows it').optional(),
    allowEmpty: z.boolean().default(false),
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: [
    'backup production',
    'backup list production',
    'backup show last production',
    'backup verify production',
    'backup diff 2026-11-22T02-00-00Z production',
    'backup drill production',
  ],

  // It changes nothing in the environment: neither a run that does nor a freeze keeps it waiting.
  resources: () => [],

  async run(context) {
    const folder = createBackupFolder(join(context.dataFolder, context.environment.name));
    switch (context.args.action) {
      case undefined:
        return take(context, folder);
      case 'list':
        return list(context, folder);
      case 'verify':
        return verify(context, folder);
      case 'show':
        return show(await chosen(context, folder));
      case 'diff':
        return diff(context, await chosen(context, folder));
      case 'drill':
        return practised(context, await chosen(context, folder));
    }
  },
});

type Context = CommandContext<{ backup?: string | undefined; allowEmpty: boolean }>;

async function take(context: Context, folder: BackupFolder): Promise<string> {
  const { cluster, environment, clock, run, person, step, signal, args } = context;
  const { keep, warnAtLossPercent, zookeeper: paths } = environment.config.backups;
  const what = cluster.has('chronos') ? 'apps, groups, pods and jobs' : 'apps, groups and pods';
  const taken = await step(`Save ${what}`, () =>
    takeBackup({
      marathon: cluster.marathon,
      chronos: cluster.has('chronos') ? cluster.chronos : undefined,
      zookeeper: paths.length > 0 ? { client: cluster.zookeeper, paths } : undefined,
      environment: environment.name,
      folder,
      clock,
      run,
      person,
      allowEmpty: args.allowEmpty,
      signal,
    }),
  );
  const notice = noticeOf(taken, { warnAtLossPercent });
  await copyElsewhere(taken, { notice, folder, context });
  // After a loss the older ones may be all that is left of what was lost.
  if (lossesOf(taken, warnAtLossPercent).length > 0) return notice;
  const forgotten = await forgetOld(folder, keep, clock.now());
  const ofBucket = await forgetCopies(taken, context);
  return [
    notice,
    ...(forgotten.length === 0 ? [] : [`Took away ${counted(forgotten.length, 'old backup')}.`]),
    ...(ofBucket.length === 0
      ? []
      : [`Took ${ofBucket.length === 1 ? '1 old copy' : `${ofBucket.length} old copies`} out of the bucket.`]),
  ].join('\n');
}

/** A copy that cannot be taken away is told of, and is no failure of the backup. */
async function forgetCopies({ backup: newest }: TakenBackup, context: Context): Promise<string[]> {
  const { environment, clock, signal, step, note } = context;
  const { bucket } = environment.config.backups;
  const { keep } = bucket ?? {};
  if (!bucket || !keep) return [];
  const forget = async () =>
    (await bucketOf(environment, signal))?.forgetOld(keep, { newest: newest.name, now: clock.now() }) ?? [];
  return step(`Take old copies out of the bucket ${bucket.name}`, forget).catch((error: unknown) => {
    if (signal.aborted) throw error;
    note(`⚠️ Old copies stay: ${asStarsError(error).describe()}`);
    return [];
  });
}

type Copying = { notice: string; folder: BackupFolder; context: Context };

/** Into git and the bucket, where environment.yml says so; BACKUP when one of them has no copy. */
async function copyElsewhere(taken: TakenBackup, { notice, folder, context }: Copying): Promise<void> {
  const { environment, dataFolder, home, step, note, signal } = context;
  const { git, bucket } = environment.config.backups;
  const failures: StarsError[] = [];
  const attempt = (title: string, action: () => Promise<unknown>) =>
    step(title, action).catch((error: unknown) => {
      if (signal.aborted) throw error;
      failures.push(asStarsError(error));
    });
  if (git)
    await attempt('Commit it', () =>
      commitBackup(taken, { root: dataFolder, environment: environment.name, env: home.env, signal }),
    );
  if (typeof git === 'object' && failures.length === 0)
    await attempt(`Push it to ${withoutPassword(git.push)}`, () =>
      pushBackups({ root: dataFolder, to: git, env: home.env, signal }),
    );
  if (bucket)
    await attempt(`Copy it to the bucket ${bucket.name}`, async () =>
      (await bucketOf(environment, signal))?.store(taken.backup, folder),
    );
  const [first] = failures;
  if (!first) return;
  note(notice);
  throw new StarsError(
    'BACKUP',
    `${taken.backup.name} is whole on this disk, but not everywhere it should be: ${failures.map(({ message }) => message).join(' ')}`,
    {
      hint: first.hint ?? 'Take another one when that is mended.',
      cause: first,
    },
  );
}

async function list({ environment, clock, signal }: Context, folder: BackupFolder): Promise<string> {
  const here = await folder.list();
  const there = await inBucket(environment, signal);
  const far = there instanceof StarsError ? [] : there;
  const silent = there instanceof StarsError ? [`⚠️ The bucket cannot be looked into: ${there.message}`] : [];
  const names = [...here, ...far.filter((name) => !here.includes(name))].toReversed();
  if (names.length === 0) return ['There is no backup of this environment yet.', ...silent].join('\n');
  const { late, words } = await backupAge(folder, clock.now());
  const shown = await Promise.all(
    names
      .slice(0, SHOWN)
      .map(async (name) => (here.includes(name) ? labelled(name, folder) : `${name} (only in the bucket)`)),
  );
  return [
    `${late ? '⚠️ ' : ''}${words}`,
    ...silent,
    `${counted(names.length, 'backup')}, the newest first:`,
    ...bullets([...shown, ...names.slice(SHOWN)]),
  ].join('\n');
}

/** What is here is told all the same when the bucket does not answer. */
async function inBucket(environment: Context['environment'], signal: AbortSignal): Promise<string[] | StarsError> {
  try {
    return (await (await bucketOf(environment, signal))?.list()) ?? [];
  } catch (error) {
    if (signal.aborted) throw error;
    return asStarsError(error);
  }
}

async function labelled(name: string, folder: BackupFolder): Promise<string> {
  try {
    return `${name} · ${labelWords(await folder.label(name))}`;
  } catch (error) {
    return `${name} · ⚠️ ${asStarsError(error).message.replace(`The backup ${name} is `, '')}`;
  }
}

/** The backup that was named, or the newest good one. */
async function chosen({ args, step }: Context, folder: BackupFolder): Promise<Backup> {
  const name = args.backup === 'last' ? undefined : args.backup;
  return step(`Check ${name ?? 'the newest backup'} against its manifest`, async () => {
    const found = name === undefined ? await folder.newestGood() : await folder.read(name);
    if (found) return found;
    throw new StarsError('BACKUP', 'There is no good backup of this environment.', { hint: 'Take one with “backup”.' });
  });
}

/** Reads all backups, or the one that was named, as they stand on the disk. */
async function verify({ args: { backup: name }, step, signal }: Context, folder: BackupFolder): Promise<string> {
  const all = await folder.list();
  const names = name === undefined ? all : name === 'last' ? all.slice(-1) : [name];
  if (names.length === 0) throw new StarsError('BACKUP', 'There is no backup of this environment to verify.');
  const damages: string[] = [];
  let newest = '';
  for (const one of names) {
    const found = await step(`Check ${one} against its manifest`, () => folder.read(one)).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return asStarsError(error);
    });
    if (found instanceof StarsError) damages.push(found.message);
    else
      newest = `${found.name} is whole: ${contentsOf(found)}.${found.manifest ? '' : ' It has no manifest, so only its form could be looked at.'}`;
  }
  if (damages.length > 0)
    throw new StarsError(
      'BACKUP',
      [`${damages.length} of ${counted(names.length, 'backup')} cannot be used.`, ...bullets(damages)].join('\n'),
      {
        hint: newest === '' ? 'Take a new one now.' : `The newest that can: ${newest}`,
      },
    );
  return names.length === 1 ? newest : `All ${names.length} backups are whole. The newest: ${newest}`;
}

function show({ manifest, name, apps, pods, jobs, bytes, ...rest }: Backup): string {
  const marathon = manifest?.versions['marathon'] ? ` from Marathon ${manifest.versions['marathon']}` : '';
  const by = manifest ? `taken by ${manifest.person.name} at ${manifest.takenAt}` : 'without a manifest';
  const before = manifest?.before ? ` before ${manifest.before.restore} was restored` : '';
  return [
    `${name}: ${contentsOf({ manifest, apps, pods, jobs, nodes: rest.nodes })}${marathon}, ${by}${before} (${size(bytes)}).`,
    ...bullets([
      ...apps.map(({ id }) => String(id)),
      ...pods.map(({ id }) => `pod ${String(id)}`),
      ...jobs.map(({ name: job }) => `job ${String(job)}`),
    ]),
  ].join('\n');
}

/** Restores it where nothing can be broken. */
async function practised({ cluster, startPractice, clock, step, signal }: Context, saved: Backup): Promise<string> {
  const agents = cluster.has('mesos')
    ? await step('Ask Mesos what agents there are', () => agentsOf(cluster, signal))
    : undefined;
  return drill({ backup: saved, startPractice, agents, clock, step, signal });
}

/** Undefined when Mesos cannot say: the drill is not about Mesos. */
async function agentsOf({ mesos }: Context['cluster'], signal: AbortSignal): Promise<PracticeAgent[] | undefined> {
  const known = await mesos.agents({ signal }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return [];
  });
  const usable = known.flatMap(({ id, hostname = id, active, resources }) =>
    active && resources ? [{ name: hostname, ...resources }] : [],
  );
  return usable.length === 0 ? undefined : usable;
}

async function diff({ cluster, step, signal }: Context, saved: Backup): Promise<string> {
  const has = (kind: 'apps' | 'pods' | 'jobs') => saved.manifest?.counts[kind] !== undefined || saved[kind].length > 0;
  const now = await step('Read what runs now', async () => ({
    apps: has('apps') ? await cluster.marathon.definitions({ signal }) : [],
    pods: has('pods') ? await cluster.marathon.podDefinitions({ signal }) : [],
    jobs: has('jobs') ? await cluster.chronos.definitions({ signal }) : [],
  }));
  return sinceThen(saved, diffBackups(saved, now)).join('\n');
}
