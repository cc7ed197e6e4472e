import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.js';
import { refusalOf } from '../cluster/answer.js';
import type { Chronos } from '../cluster/chronos/client.js';
import type { Marathon } from '../cluster/marathon/client.js';
import type { ZooKeeper } from '../cluster/zookeeper/client.js';
import { type Definition, normaliseApp } from '../cluster/normalise.js';
import { StarsError } from '../errors.js';
import { allGroups, FILES, type Part, readPart, type ShapeOf } from './contents.js';

export type ReadRequest = {
  /** Undefined for what is not to be saved, or what the environment does not have. */
  marathon: Marathon | undefined;
  chronos: Chronos | undefined;
  /** The paths that are saved with all below them. */
  zookeeper?: { client: ZooKeeper; paths: readonly string[] } | undefined;
  clock: Clock;
  /** Takes an empty list for the truth. */
  allowEmpty?: boolean | undefined;
  signal?: AbortSignal | undefined;
};

/** Bodies as the APIs gave them, by the path they have in a backup. */
export type Bodies = {
  files: Map<string, string>;
  counts: Record<string, number>;
  versions: Record<string, string>;
  /** What could not be read although it is there, in sentences. */
  warnings: string[];
};

const ATTEMPTS = 3;
const BETWEEN_MS = 1_000;

/**
 * Apps, groups, pods and jobs. An answer that is empty, cut off, of another shape, or at odds with what the same server says elsewhere
 * or says a moment later is never taken: BACKUP says which.
 */
export async function readCluster(request: ReadRequest): Promise<Bodies> {
  const parts = await Promise.all([readMarathon(request), readChronos(request), readZooKeeper(request)]);
  return {
    files: new Map(parts.flatMap(({ files }) => [...files])),
    counts: Object.assign({}, ...parts.map(({ counts }) => counts)) as Record<string, number>,
    versions: Object.assign({}, ...parts.map(({ versions }) => versions)) as Record<string, string>,
    warnings: parts.flatMap(({ warnings }) => warnings),
  };
}

const NOTHING: Bodies = { files: new Map(), counts: {}, versions: {}, warnings: [] };

async function readMarathon({ marathon, clock, allowEmpty, signal }: ReadRequest): Promise<Bodies> {
  if (!marathon) return NOTHING;
  const once = async (): Promise<Bodies | StarsError> => {
    const [apps, groups, pods] = await Promise.all([
      marathon.raw('/v2/apps', { signal }),
      marathon.raw('/v2/groups', { signal }),
      marathon.raw('/v2/pods', { signal }).catch(nonePods),
    ]);
    const list = shaped('Marathon', 'apps', apps);
    const ids = list.map(({ id }) => id);
    const tree = allGroups(shaped('Marathon', 'groups', groups));
    const podIds = shaped('Marathon', 'pods', pods).map(({ id }) => id);
    const { version } = await marathon.info({ signal });
    // Right after a change of leader it may know only part, and say so alike in all of its answers.
    const again = await marathon.definitions({ signal });
    if (ids.length === 0 && !allowEmpty) return empty('Marathon', 'apps');
    const wrong =
      oddOnes(
        'its list of apps and its groups',
        ids,
        tree.flatMap((group) => group.apps),
      ) ??
      oddOnes(
        'its list of pods and its groups',
        podIds,
        tree.flatMap((group) => group.pods),
      ) ??
      changedMeanwhile(list, again);
    if (wrong !== undefined) return atOdds('Marathon', wrong);
    const files = new Map([
      [FILES.apps, apps],
      [FILES.groups, groups],
      [FILES.pods, pods],
    ]);
    const counts = { apps: ids.length, pods: podIds.length };
    return { ...NOTHING, files, counts, versions: { marathon: version } };
  };
  return untilSure(once, clock, signal);
}

async function readChronos({ chronos, clock, allowEmpty, signal }: ReadRequest): Promise<Bodies> {
  if (!chronos) return NOTHING;
  const once = async (): Promise<Bodies | StarsError> => {
    const [jobs, summary] = [await chronos.raw({ signal }), await chronos.summary({ signal })];
    const names = shaped('Chronos', 'jobs', jobs).map(({ name }) => name);
    if (names.length === 0 && !allowEmpty) return empty('Chronos', 'jobs');
    const summarised = summary.map(({ name }) => name);
    const wrong = oddOnes('its list of jobs and its summary', names, summarised);
    if (wrong !== undefined) return atOdds('Chronos', wrong);
    const versions = { chronos: await chronos.generation({ signal }) };
    return { ...NOTHING, files: new Map([[FILES.jobs, jobs]]), counts: { jobs: names.length }, versions };
  };
  return untilSure(once, clock, signal);
}

/** What lives only as long as its process is not worth keeping. */
async function readZooKeeper({ zookeeper, signal }: ReadRequest): Promise<Bodies> {
  if (!zookeeper || zookeeper.paths.length === 0) return NOTHING;
  const { nodes, hidden } = await zookeeper.client.tree(zookeeper.paths, { signal });
  const kept = nodes
    .filter(({ ephemeral }) => !ephemeral)
    .map(({ path, data }) => ({ path, data: data.toString('base64') }));
  return {
    ...NOTHING,
    files: new Map([[FILES.nodes, `${JSON.stringify(kept, null, 2)}\n`]]),
    counts: { nodes: kept.length },
    warnings: hidden.map((path) => `ZooKeeper does not let Stars read ${path}, so it was not saved.`),
  };
}

/** Somebody may change something between two answers: what is odd has to be odd three times. */
async function untilSure(
  once: () => Promise<Bodies | StarsError>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Bodies> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await once();
    if (!(result instanceof StarsError)) return result;
    if (attempt === ATTEMPTS) throw result;
    await clock.sleep(BETWEEN_MS, signal);
  }
}

function shaped<P extends Part>(service: string, part: P, body: string): ShapeOf<P> {
  const found = readPart(part, body);
  if ('value' in found) return found.value;
  throw new StarsError('BACKUP', `${service}'s answer to what ${part} it has ${found.wrong}: nothing was saved.`, {
    hint: `Look at ${service}: it may be starting, or a proxy may stand in front of it.`,
  });
}

function oddOnes(where: string, here: readonly string[], there: readonly string[]): string | undefined {
  const odd = [...here.filter((name) => !there.includes(name)), ...there.filter((name) => !here.includes(name))];
  if (odd.length === 0 && new Set(here).size === here.length) return undefined;
  return `${where} differ (${odd.slice(0, 5).join(', ') || 'one is listed twice'})`;
}

function changedMeanwhile(first: readonly Definition[], second: readonly Definition[]): string | undefined {
  const again = new Map(second.map((app) => [app['id'], app]));
  const other = first.filter((app) => {
    const now = again.get(app['id']);
    return !now || !isDeepStrictEqual(normaliseApp(app), normaliseApp(now));
  });
  if (other.length === 0 && second.length === first.length) return undefined;
  return `two answers to the same question differ (${
    other
      .map(({ id }) => String(id))
      .slice(0, 5)
      .join(', ') || 'one has more apps'
  })`;
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

function atOdds(service: string, what: string): StarsError {
  return new StarsError('BACKUP', `${service} contradicts itself: ${what}. Nothing was saved.`, {
    hint: 'Right after a change of leader it may know only part. Try again in a minute.',
  });
}
