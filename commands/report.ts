import { join } from 'node:path';
import { z } from 'zod';
import { backupAge } from '../src/backup/backup-age.js';
import { createBackupFolder } from '../src/backup/folder.js';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { whyNotOffered } from '../src/bot/schedule-words.js';
import { readHosts } from '../src/bot/read-hosts.js';
import { asStarsError, StarsError } from '../src/errors.js';
import { nextOccurrence } from '../src/home/schedule-time.js';
import { schedulesOf } from '../src/home/schedules.js';
import { readCertificates } from '../src/report/certificates.js';
import { drawCharts } from '../src/report/charts.js';
import type { LastDrill } from '../src/report/drill.js';
import { declaredExpiries, type Expiring } from '../src/report/expiring.js';
import { changesBetween, Picture, pictureOf } from '../src/report/picture.js';
import { type Reading, readEnvironment } from '../src/report/reading.js';
import { savedCertificates } from '../src/report/saved-certificates.js';
import { makeReport, type ReportFacts, reportText } from '../src/report/report.js';

type Context = CommandContext<unknown>;

const DAY_MS = 86_400_000;
/** A picture of yesterday is one that is not from this morning. */
const YESTERDAY_MS = 18 * 3_600_000;
const DEADLINE_MS = 15_000;

export const report = defineCommand({
  name: 'report',
  summary: 'Report how an environment is: what is wrong and why, what changed, capacity, jobs, hosts, backup, runs.',
  environment: 'required',
  args: z.strictObject({}),
  permission: 'read',
  cluster: true,
  kind: 'run',
  examples: ['report production', 'report'],

  async run(context) {
    const { environment, step, emit, attach, samples, clock } = context;
    const reading = await step(`Look at ${environment.name}`, () => look(context));
    const facts = await step('Compare with yesterday, and see who did what', () => factsOf(reading, context));
    const made = makeReport(facts);
    emit({ type: 'report.made', ...made });
    const measured = await samples.since(environment.name, '15m', new Date(clock.now().getTime() - 7 * DAY_MS));
    if (measured.length > 1) {
      await step('Draw the last days', async () => {
        for (const chart of await drawCharts(environment.name, measured)) await attach(chart);
      }).catch((thrown: unknown) => context.note(`The charts could not be drawn: ${asStarsError(thrown).message}`));
    } else {
      context.note(
        'There are no charts yet: the service measures once a minute where a channel and a cluster are configured.',
      );
    }
    return reportText(made);
  },
});

async function look(context: Context): Promise<Reading> {
  const { cluster, clock, signal, environment } = context;
  const hosts =
    environment.inventorySources.length > 0 ? (asking: { timeoutMs: number }) => readHosts(context, asking) : undefined;
  const backup = environment.config.marathon && (await ageOfBackup(context));
  const reading = await readEnvironment(cluster, { clock, signal, hosts, backup, deadlineMs: DEADLINE_MS });
  if (reading.health.layers.length > 0) return reading;
  throw new StarsError('CONFIG', `The environment ${environment.name} does not say where anything of its stack is.`, {
    hint: `Add what there is to ${environment.files.environment}, for example: marathon: {url: "http://master.example.org:8080"}`,
  });
}

function ageOfBackup({ dataFolder, environment, clock }: Context) {
  return backupAge(createBackupFolder(join(dataFolder, environment.name)), clock.now());
}

async function factsOf(reading: Reading, context: Context): Promise<ReportFacts> {
  const { environment, watch, clock, runs, audit, run } = context;
  const now = clock.now();
  const yesterday = new Date(now.getTime() - DAY_MS);
  const { name, config } = environment;
  const [{ problems }, incidents, all, auditHead, mute] = await Promise.all([
    watch.load(name, now),
    watch.between(name, yesterday),
    runs.list({ environment: name, limit: 200 }),
    // Whoever may not read the audit gets a report without its head.
    audit.head().catch(() => undefined),
    watch.muted(name, now),
  ]);
  const urls = [config.marathon, config.chronos, config.mesos].flatMap((part) => part?.url ?? []);
  const others = [config.mesosDns, ...Object.values(config.services ?? {})].flatMap((part) => part?.url ?? []);
  return {
    environment: name,
    now,
    reading,
    known: problems,
    incidents,
    changes: await changesOf(reading, context),
    backup: config.marathon && (await ageOfBackup(context)),
    expiring: [
      ...(await readCertificates([...urls, ...others], clock)),
      ...(await certificatesOnDisk(context)),
      ...declaredExpiries(config.expires),
    ],
    drill: config.marathon && (await lastDrill(context)),
    runs: all.filter(({ requestedAt, id }) => requestedAt >= yesterday.toISOString() && id !== run.id),
    auditHead,
    mute,
  };
}

/** Those that its files and variables hold, of the stack too. */
function certificatesOnDisk({ environment, home, signal }: Context): Promise<Expiring[]> {
  return savedCertificates({
    folders: [environment.folder, home.stackFolder],
    files: environment.config.ca === undefined ? [] : [environment.config.ca],
    base: home.folder,
    vault: home.vault,
    signal,
  });
}

const DRILLS_LOOKED_AT = 400;

async function lastDrill(context: Context): Promise<LastDrill | undefined> {
  const { environment, runs } = context;
  const backups = await runs.list({ environment: environment.name, command: 'backup', limit: DRILLS_LOOKED_AT });
  for (const run of backups.filter(({ text, finishedAt }) => /\bdrill\b/.test(text) && finishedAt !== undefined)) {
    const { id, state, finishedAt: at = '', summary, error } = run;
    const [asked] = await runs.events(run);
    // One that was cancelled or cut short tells nothing of the backup.
    const isOver = state === 'succeeded' || state === 'failed';
    if (!isOver || asked?.type !== 'run.requested' || asked.args['action'] !== 'drill') continue;
    const says = summary ?? error?.message ?? '';
    return { at, run: id, succeeded: state === 'succeeded', says, late: await isOverdue(at, context) };
  }
  return undefined;
}

/** Whether a schedule has asked for another drill since then, a day ago or longer. */
async function isOverdue(at: string, { environment, home, commands, rights, clock }: Context): Promise<boolean> {
  for (const schedule of schedulesOf(environment, home)) {
    if (!schedule.enabled || !/^backup\s+drill\b/.test(schedule.command)) continue;
    const next = nextOccurrence(schedule, new Date(at));
    const passed = next !== undefined && clock.now().getTime() - next.getTime() > DAY_MS;
    // One that may not do it is shown as such by “schedules”.
    if (passed && (await whyNotOffered(schedule, { environment, home, commands, rights })) === undefined) return true;
  }
  return false;
}

async function changesOf(reading: Reading, { samples, environment, clock }: Context): Promise<ReportFacts['changes']> {
  const before = await samples.pictureBefore(environment.name, new Date(clock.now().getTime() - YESTERDAY_MS));
  const picture = before && Picture.safeParse(before.picture).data;
  return before && picture && { since: before.at, lines: changesBetween(picture, pictureOf(reading)) };
}
