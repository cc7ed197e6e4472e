import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Person } from '../model/run.js';
import { refusalOf } from './answer.js';
import { lastGoodBackup, listBackups, readBackup, writeBackup, type Backup } from './backup-folder.js';
import type { Chronos } from './chronos/client.js';
import { diffBackups } from './diff.js';
import type { Marathon } from './marathon/client.js';

export type BackupRequest = {
  marathon: Marathon;
  /** Undefined where the environment has no Chronos. */
  chronos: Chronos | undefined;
  environment: string;
  /** The folder of all backups; this one goes to `<folder>/<environment>/<UTC time>`. */
  folder: string;
  clock: Clock;
  run: { id: string };
  person: Person;
  /** Take it even though an answer is an empty list. */
  allowEmpty?: boolean | undefined;
  signal?: AbortSignal | undefined;
};

/** What was saved, and how it differs from the last good backup; `changes` is undefined for the first. */
export type TakenBackup = { backup: Backup; previous: Backup | undefined; changes: string[] | undefined };

type Saved = { files: Map<string, string>; counts: Record<string, number>; versions: Record<string, string> };

const AppsBody = z.object({ apps: z.array(z.looseObject({ id: z.string().startsWith('/') })) });
const JobsBody = z.array(z.looseObject({ name: z.string().min(1) }));
const Group: z.ZodType<GroupBody> = z.lazy(() =>
  z.object({ id: z.string(), apps: z.array(z.object({ id: z.string() })).nullish(), groups: z.array(Group).nullish() }),
);
type GroupBody = { id: string; apps?: { id: string }[] | null | undefined; groups?: GroupBody[] | null | undefined };
const PodsBody = z.array(z.looseObject({ id: z.string() }));

const ATTEMPTS = 3;

/**
 * Saves apps, groups, pods and jobs as the APIs give them. An answer that is empty, cut off, of another shape, or at odds with what
 * the same server says elsewhere is never saved: BACKUP says which.
 */
export async function takeBackup(request: BackupRequest): Promise<TakenBackup> {
  const { environment, clock, run, person, folder } = request;
  const home = join(folder, environment);
  const [apps, jobs] = await Promise.all([saveMarathon(request), saveChronos(request)]);
  const previous = await lastGoodBackup(home);
  const takenAt = clock.now().toISOString();
  const name = await freeName(home, takenAt);
  const counts = { ...apps.counts, ...jobs.counts };
  const versions = { ...apps.versions, ...jobs.versions };
  const manifest = { format: 1 as const, environment, takenAt, run: run.id, person, versions, counts };
  await writeBackup({ folder: home, name, manifest, files: new Map([...apps.files, ...jobs.files]) });
  const backup = await readBackup(home, name);
  return { backup, previous, changes: previous && diffBackups(previous, backup) };
}

async function saveMarathon({ marathon, clock, allowEmpty, signal }: BackupRequest): Promise<Saved> {
  for (let attempt = 1; ; attempt += 1) {
    const [apps, groups, pods] = await Promise.all([
      marathon.raw('/v2/apps', { signal }),
      marathon.raw('/v2/groups', { signal }),
      marathon.raw('/v2/pods', { signal }).catch(nonePods),
    ]);
    const ids = shaped('Marathon', '/v2/apps', apps, AppsBody).apps.map(({ id }) => id);
    const inGroups = idsIn(shaped('Marathon', '/v2/groups', groups, Group));
    const podCount = shaped('Marathon', '/v2/pods', pods, PodsBody).length;
    if (ids.length === 0 && !allowEmpty) throw empty('Marathon', 'apps');
    const missing = [...ids.filter((id) => !inGroups.includes(id)), ...inGroups.filter((id) => !ids.includes(id))];
    if (missing.length === 0 && new Set(ids).size === ids.length) {
      const { version } = await marathon.info({ signal });
      return {
        files: new Map([
          ['conf/marathon/apps.json', apps],
          ['conf/marathon/groups.json', groups],
          ['conf/marathon/pods.json', pods],
        ]),
        counts: { apps: ids.length, pods: podCount },
        versions: { marathon: version },
      };
    }
    // Somebody may have made or removed an app between the two answers.
    if (attempt === ATTEMPTS) throw atOdds('Marathon', 'its list of apps and its groups', missing);
    await clock.sleep(1_000, signal);
  }
}

async function saveChronos({ chronos, clock, allowEmpty, signal }: BackupRequest): Promise<Saved> {
  if (!chronos) return { files: new Map(), counts: {}, versions: {} };
  for (let attempt = 1; ; attempt += 1) {
    const [jobs, summary] = [await chronos.raw({ signal }), await chronos.summary({ signal })];
    const names = shaped('Chronos', 'the list of jobs', jobs, JobsBody).map(({ name }) => name);
    if (names.length === 0 && !allowEmpty) throw empty('Chronos', 'jobs');
    const summarised = summary.map(({ name }) => name);
    const missing = [
      ...names.filter((name) => !summarised.includes(name)),
      ...summarised.filter((name) => !names.includes(name)),
    ];
    if (missing.length === 0 && new Set(names).size === names.length) {
      return { files: new Map([['conf/chronos/jobs.json', jobs]]), counts: { jobs: names.length }, versions: {} };
    }
    if (attempt === ATTEMPTS) throw atOdds('Chronos', 'its list of jobs and its summary', missing);
    await clock.sleep(1_000, signal);
  }
}

function shaped<T>(service: string, what: string, body: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const how = parseJson(body) === undefined ? 'is not whole JSON' : 'has another shape than it should';
  throw new StarsError('BACKUP', `${service}'s answer to ${what} ${how}: nothing was saved.`, {
    hint: `Look at ${service}: it may be starting, or a proxy may stand in front of it.`,
    cause: parsed.error,
  });
}

function idsIn({ apps, groups }: GroupBody): string[] {
  return [...(apps ?? []).map(({ id }) => id), ...(groups ?? []).flatMap(idsIn)];
}

// Before pods there was no such path.
function nonePods(error: unknown): string {
  if (refusalOf(error)?.status === 404) return '[]';
  throw error;
}

function empty(service: string, what: string): StarsError {
  return new StarsError('BACKUP', `${service} says that it has no ${what}: that is not saved as a backup.`, {
    hint: `If it is true, say so with --allow-empty. If not, do not restart anything before you know why, and keep the last backup.`,
  });
}

function atOdds(service: string, what: string, names: string[]): StarsError {
  return new StarsError(
    'BACKUP',
    `${service} contradicts itself: ${what} differ (${names.slice(0, 5).join(', ') || 'one is listed twice'}). Nothing was saved.`,
    {
      hint: 'Right after a change of leader it may know only part. Try again in a minute.',
    },
  );
}

/** The UTC time to the second, with a number behind it when somebody took another in the same second. */
async function freeName(folder: string, takenAt: string): Promise<string> {
  const base = `${takenAt.slice(0, 19).replaceAll(':', '-')}Z`;
  const taken = new Set(await listBackups(folder));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
