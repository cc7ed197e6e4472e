import { join } from 'node:path';
import { z } from 'zod';
import { bucketOf } from '../src/backup/bucket-of.js';
import { type Backup, type BackupFolder, createBackupFolder } from '../src/backup/folder.js';
import { NAME } from '../src/backup/manifest.js';
import { readLive } from '../src/backup/restore/live.js';
import { type Outcome, performRestore } from '../src/backup/restore/perform.js';
import { type Item, type Plan, planRestore } from '../src/backup/restore/plan.js';
import { type Selection, selectionOf } from '../src/backup/restore/selection.js';
import { doneWords, headOf, planLines, planText, troubleOf } from '../src/backup/restore/words.js';
import { takeBackup } from '../src/backup/take.js';
import { bullets, contentsOf, SHOWN } from '../src/backup/words.js';
import { type CommandContext, defineCommand, type Proposed } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';
import { appResource, jobResource } from './app-changes/app-resource.js';
import { TimeSpan } from './time-span.js';

const RestoreArgs = z
  .strictObject({
    backup: z.string().regex(NAME, 'is the name of a backup, as “backup list” shows it, or last'),
    check: z.boolean().default(false),
    only: z.enum(['apps', 'jobs'], { error: 'must be apps or jobs' }).optional(),
    app: z.string().min(1).optional(),
    job: z.string().min(1).optional(),
    force: z.boolean().default(false),
    plan: z.string().optional(),
    wait: TimeSpan.default(600_000),
  })
  .refine(({ only, app }) => only !== 'jobs' || app === undefined, {
    error: '--only jobs leaves out the app that --app names; give one of the two',
  })
  .refine(({ only, job }) => only !== 'apps' || job === undefined, {
    error: '--only apps leaves out the job that --job names; give one of the two',
  });

type RestoreArgs = z.infer<typeof RestoreArgs>;
type Context = CommandContext<RestoreArgs>;

export const restore = defineCommand({
  name: 'restore',
  summary: 'Bring apps, pods and jobs back to what a backup holds; what it does not hold stays as it is.',
  words: ['<backup>'],
  environment: 'required',
  flags: {
    check: { says: 'plan only: nothing is changed' },
    only: { takes: 'apps|jobs', says: 'only what Marathon has, or only what Chronos has' },
    app: { takes: 'ID', says: 'only this app or pod' },
    job: { takes: 'NAME', says: 'only this job' },
    plan: { takes: 'HASH', says: 'do what this plan says, and nothing when by now it would be something else' },
    force: { says: 'cancel deployments that are in the way; what they have done so far stays as it is' },
    wait: { takes: 'TIME', says: 'how long one app may take to become healthy, 10m unless told' },
  },
  args: RestoreArgs,
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['restore last staging --check', 'restore 2026-11-22T02-00-00Z production --app zeppelin'],
  comparesItself: true,

  resources({ args: { check, app, job } }) {
    if (check) return [];
    const one = [...(app === undefined ? [] : [appResource(app)]), ...(job === undefined ? [] : [jobResource(job)])];
    return one.length > 0 ? one : ['*'];
  },

  async subject({ args: { app, job } }) {
    const targets = [
      ...(app === undefined ? [] : [{ kind: 'app' as const, name: app }]),
      ...(job === undefined ? [] : [{ kind: 'job' as const, name: job }]),
    ];
    return targets.length > 0 ? { targets } : {};
  },

  async propose(context): Promise<Proposed> {
    const { plan } = await planned(context);
    if (!changes(plan)) return { done: nothingToDo(plan) };
    return { hash: plan.hash, text: await planTold(plan, context) };
  },

  async run(context) {
    const { args, environment, approved, step, once } = context;
    const found = await planned(context);
    const { plan } = found;
    if (approved && approved.hash !== plan.hash) throw stale(plan);
    if (!changes(plan)) return nothingToDo(plan);
    const unseen = approved === undefined && args.plan === undefined;
    if (args.check || (environment.config.production && unseen)) return shown(plan, context);
    await requireSame(plan, context);
    // Kept for a run that resumes this one: by then half of it may be done, and the undo is of all of it.
    const before = await once('Save what is there now', () => saveBefore(found, context), z.string());
    const { signal, clock, note, offer } = context;
    const undo = `restore ${before} ${environment.name}`;
    // Told first: should this process die in between, people still find it.
    offer({ words: undo, label: 'Undo', asks: `Bring ${environment.name} back to how it was before?` });
    const { marathon, chronos } = clientsFor(found.selection, context);
    const onWaiting = ({ words }: { words: string }) => note(`Still waiting: ${words}.`);
    const outcome = await performRestore({
      plan,
      marathon,
      chronos,
      clock,
      force: args.force,
      waitMs: args.wait,
      step,
      onWaiting,
      signal,
    });
    return closing(outcome, { plan, environment: environment.name, undo });
  },
});

type Planned = { plan: Plan; backup: Backup; selection: Selection };

/** Reads the backup and the cluster, and compares them. */
async function planned(context: Context): Promise<Planned> {
  const { args, environment, step, clock, signal } = context;
  const folder = folderOf(context);
  const name = await nameMeant(folder, context);
  const backup = await step(`Check ${name} against its manifest`, () => find(folder, name, context), contentsOf);
  const selection = selectionOf(args, backup);
  const undone = await folder.read(backup.manifest?.before?.restore ?? '').catch(() => undefined);
  const plan = await step(
    'Compare it with what is there',
    async () => {
      const live = await readLive({ ...clientsFor(selection, context), signal });
      return planRestore({
        backup,
        environment: environment.name,
        live,
        selection,
        force: args.force,
        now: clock.now(),
        undone,
      });
    },
    headOf,
  );
  return { plan, backup, selection };
}

function folderOf({ dataFolder, environment }: Context): BackupFolder {
  return createBackupFolder(join(dataFolder, environment.name));
}

/** On the disk, or in the bucket when the disk does not have it. */
async function find(folder: BackupFolder, name: string, { environment, signal }: Context): Promise<Backup> {
  const isHere = (await folder.list()).includes(name);
  if (!isHere) await (await bucketOf(environment, signal))?.fetchInto(folder, name);
  return folder.read(name);
}

/** The newest good one is another by the time a run is resumed. */
async function nameMeant(folder: BackupFolder, { args: { backup: name }, once }: Context): Promise<string> {
  return name === 'last' ? once('Find the newest good backup', () => newestIn(folder), z.string()) : name;
}

async function newestIn(folder: BackupFolder): Promise<string> {
  const newest = await folder.newestGood();
  if (newest) return newest.name;
  throw new StarsError('BACKUP', 'There is no good backup of this environment.', {
    hint: '“backup list” shows what there is.',
  });
}

function clientsFor({ apps, jobs }: Selection, { cluster }: Context) {
  return { marathon: apps ? cluster.marathon : undefined, chronos: jobs ? cluster.chronos : undefined };
}

function changes({ items }: Plan): boolean {
  return items.some(({ action, underWay }) => underWay || (action !== 'unchanged' && action !== 'refused'));
}

/** All is as it should be; BACKUP when something is not but cannot be helped. */
function nothingToDo(plan: Plan): string {
  if (!plan.items.some(({ action }) => action === 'refused')) return `${headOf(plan)} There is nothing to do.`;
  throw new StarsError('BACKUP', `Nothing was restored. ${planText(plan)}`);
}

/** As much as a message takes; of more a file with all of it, for nobody approves what they cannot see. */
async function planTold(plan: Plan, { attach }: Context): Promise<string> {
  const lines = planLines(plan);
  if (lines.length > SHOWN)
    await attach({ name: 'plan.txt', content: `${[headOf(plan), ...lines].join('\n')}\n`, alt: headOf(plan) });
  return planText(plan);
}

async function shown(plan: Plan, context: Context): Promise<string> {
  const {
    args: { check },
    environment,
  } = context;
  const why = check ? '' : ` ${environment.name} is production, so the plan comes first.`;
  return `${await planTold(plan, context)}\nNothing was changed.${why} To do just this: \`restore ${plan.backup} ${environment.name} --plan ${plan.hash}\` with the same flags.`;
}

/** PLAN_STALE for anything else than --plan says; a run that is resumed does what is left of that. */
async function requireSame(plan: Plan, { approved, args, once }: Context): Promise<void> {
  if (approved || args.plan === undefined) return;
  const compare = async () => {
    if (args.plan !== plan.hash) throw stale(plan);
    return openKeys(plan);
  };
  const seen = await once('Compare with the plan that was looked at', compare, z.array(z.string()));
  if (openKeys(plan).some((key) => !seen.includes(key))) throw stale(plan);
}

function openKeys({ items }: Plan): string[] {
  return items.filter(isOpen).map(({ key }) => key);
}

function stale(plan: Plan): StarsError {
  return new StarsError('PLAN_STALE', `The restore would do something else by now: its plan is ${plan.hash}.`, {
    hint: 'Nothing was done. Look at the plan with --check, and have that one approved.',
  });
}

/** Saves what is about to be changed, with what will be new, so that an undo can take that away again; the name of it. */
async function saveBefore({ plan, selection }: Planned, context: Context): Promise<string> {
  const { environment, clock, run, person, signal } = context;
  const touched = (isJob: boolean) =>
    plan.items.some(({ kind, action }) => (kind === 'job') === isJob && action !== 'refused');
  const { marathon, chronos } = clientsFor({ ...selection, apps: touched(false), jobs: touched(true) }, context);
  const { backup } = await takeBackup({
    marathon,
    chronos,
    environment: environment.name,
    folder: folderOf(context),
    clock,
    run,
    person,
    // What was lost may be why it is restored.
    allowEmpty: true,
    before: { restore: plan.backup, creates: plan.creates },
    signal,
  });
  return backup.name;
}

type Ended = { plan: Plan; environment: string; undo: string };

function closing(outcome: Outcome, { plan, environment, undo }: Ended): string {
  const trouble = troubleOf(outcome, plan);
  const done = doneWords(outcome.done);
  if (trouble.length === 0)
    return `Restored ${plan.backup} into ${environment}: ${done}, all as saved. Undo with \`${undo}\`.`;
  const all = plan.items.filter(isOpen).length;
  throw new StarsError(
    'BACKUP',
    [`${outcome.done.length} of ${all} came right${done ? ` (${done})` : ''}:`, ...bullets(trouble)].join('\n'),
    {
      hint: `“resume” goes on with the rest: what is right stays. Undo with “${undo}”.`,
      cause: outcome.failed[0]?.error,
    },
  );
}

function isOpen({ action, underWay }: Item): boolean {
  return action !== 'unchanged' || underWay;
}
