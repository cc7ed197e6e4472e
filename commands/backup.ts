import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand, type CommandContext } from '../src/bot/command.js';
import { takeBackup, type TakenBackup } from '../src/cluster/backup.js';
import { lastGoodBackup, listBackups, readBackup, type Backup } from '../src/cluster/backup-folder.js';
import { diffBackups } from '../src/cluster/diff.js';
import { StarsError } from '../src/errors.js';

const SHOWN = 20;

export const backup = defineCommand({
  name: 'backup',
  summary: 'Save the apps, groups, pods and jobs of an environment, or look at what was saved',
  words: ['[action]', '[backup]'],
  environment: 'required',
  flags: { 'allow-empty': { says: 'save it even though there are no apps or no jobs' } },
  args: z.object({
    action: z
      .enum(['list', 'show', 'verify', 'diff'], {
        error: 'must be list, show, verify or diff, or left out to take a backup',
      })
      .optional(),
    backup: z
      .string()
      .regex(/^[\w-]+$/, 'is the name of a backup, as `backup list` shows it')
      .optional(),
    allowEmpty: z.boolean().default(false),
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['backup production', 'backup list production', 'backup diff 2026-11-22T02-00-00Z production'],
  async run(context) {
    const { action, backup: name } = context.args;
    const folder = join(context.dataFolder, context.environment.name);
    if (action === 'list') return list(folder);
    if (action === undefined) return take(context);
    const saved = await context.step(`Check ${name ?? 'the newest backup'} against its manifest`, () =>
      find(folder, name),
    );
    if (action === 'show') return describe(saved);
    if (action === 'verify') return `${saved.name} is whole: ${contents(saved)}.`;
    return sinceThen(context, saved);
  },
});

type Context = CommandContext<{ allowEmpty: boolean }>;

async function take({
  cluster,
  environment,
  dataFolder,
  clock,
  run,
  person,
  step,
  signal,
  args,
}: Context): Promise<string> {
  const what = cluster.has('chronos') ? 'apps, groups, pods and jobs' : 'apps, groups and pods';
  const taken = await step(`Save ${what}`, () =>
    takeBackup({
      marathon: cluster.marathon,
      chronos: cluster.has('chronos') ? cluster.chronos : undefined,
      environment: environment.name,
      folder: dataFolder,
      clock,
      run,
      person,
      allowEmpty: args.allowEmpty,
      signal,
    }),
  );
  return [`Saved ${contents(taken.backup)} as ${taken.backup.name}.`, changesOf(taken)].join('\n');
}

function changesOf({ previous, changes }: TakenBackup): string {
  if (!previous || !changes) return 'It is the first of this environment.';
  if (changes.length === 0) return `Nothing changed since ${previous.name}.`;
  return [`Since ${previous.name}:`, ...bullets(changes)].join('\n');
}

async function sinceThen({ cluster, step, signal }: Context, saved: Backup): Promise<string> {
  const now = await step('Read what runs now', async () => ({
    apps: saved.manifest.counts['apps'] === undefined ? [] : await cluster.marathon.definitions({ signal }),
    jobs: saved.manifest.counts['jobs'] === undefined ? [] : await cluster.chronos.definitions({ signal }),
  }));
  const changes = diffBackups(saved, now);
  return changes.length === 0
    ? `Nothing changed since ${saved.name}.`
    : [`Since ${saved.name}:`, ...bullets(changes)].join('\n');
}

async function list(folder: string): Promise<string> {
  const names = (await listBackups(folder)).toReversed();
  if (names.length === 0) return 'There is no backup of this environment yet.';
  return [`${names.length} ${names.length === 1 ? 'backup' : 'backups'}, the newest first:`, ...bullets(names)].join(
    '\n',
  );
}

async function find(folder: string, name: string | undefined): Promise<Backup> {
  const found = name === undefined ? await lastGoodBackup(folder) : await readBackup(folder, name);
  if (found) return found;
  throw new StarsError('BACKUP', 'There is no whole backup of this environment.', { hint: 'Take one with `backup`.' });
}

function describe({ manifest, name, apps, jobs }: Backup): string {
  const { person, takenAt, versions } = manifest;
  const marathon = versions['marathon'] ? ` from Marathon ${versions['marathon']}` : '';
  return [
    `${name}: ${contents({ manifest })}${marathon}, taken by ${person.name} at ${takenAt}.`,
    ...bullets([...apps.map(({ id }) => String(id)), ...jobs.map(({ name: job }) => `job ${String(job)}`)]),
  ].join('\n');
}

function contents({ manifest: { counts } }: Pick<Backup, 'manifest'>): string {
  const parts = [
    ['app', counts['apps']],
    ['pod', counts['pods'] || undefined],
    ['job', counts['jobs']],
  ] as const;
  return parts
    .flatMap(([noun, count]) => (count === undefined ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`]))
    .join(', ');
}

function bullets(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN;
  return [...lines.slice(0, SHOWN).map((line) => `• ${line}`), ...(more > 0 ? [`• and ${more} more`] : [])];
}
