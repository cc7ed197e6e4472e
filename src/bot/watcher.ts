import { join } from 'node:path';
import type { Clock } from '../clock.js';
import type { BackupAge } from '../backup/backup-age.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { HostReading } from '../model/host-state.js';
import type { Incident } from '../model/incident.js';
import { repeat } from '../repeat.js';
import { REOPEN_MS, track } from '../report/incidents.js';
import { pictureOf } from '../report/picture.js';
import { readEnvironment, type Reading, sampleOf } from '../report/reading.js';
import type { ClaimStore } from '../store/claims.js';
import type { IncidentStore } from '../store/incidents.js';
import type { SampleStore } from '../store/samples.js';
import { newIncidentId } from './incident-id.js';
import type { IncidentPresenter } from './incident-presenter.js';
import { createHostWatch } from './host-watch.js';
import { isWatched, rulesOf } from './watch-rules.js';

export type WatcherOptions = {
  home: Home;
  environmentOf(name: string): Promise<Environment>;
  clusterOf(environment: Environment): Promise<Cluster>;
  /** How its hosts stand. */
  hostsOf(
    environment: Environment,
    asking: { timeoutMs: number; signal: AbortSignal },
  ): Promise<readonly HostReading[]>;
  /** How old the newest good backup in that folder is. */
  backupAge(folder: string, now: Date): Promise<BackupAge>;
  claims: Pick<ClaimStore, 'hold' | 'letGo'>;
  incidents: IncidentStore;
  samples: SampleStore;
  owner: string;
  clock: Clock;
  log: Log;
  /** Left out where there is no chat. */
  presenter?: IncidentPresenter | undefined;
};

const PLACE = 'watch';
const LOOK_EVERY_MS = 60_000;
/** Somebody else looks when nobody has for so long. */
const HELD_FOR_MS = 3 * 60_000;
const READ_BACKUPS_EVERY_MS = 10 * 60_000;

/** Looks at the environments again and again, until the returned function is called. Of several processes one does. */
export function startWatcher(options: WatcherOptions): () => Promise<void> {
  const { clock, log, claims, owner } = options;
  const watcher = createWatcher(options);
  const onError = (error: unknown) => log.warn({ error }, 'the environments could not be looked at');
  const stop = repeat((signal) => watcher.look(signal), { clock, everyMs: LOOK_EVERY_MS, onError });
  return async () => {
    await stop();
    await claims
      .letGo(PLACE, owner)
      .catch((error: unknown) => log.warn({ error }, 'the place of the watcher is not given back'));
  };
}

export function createWatcher(options: WatcherOptions) {
  const { home, claims, incidents, samples, owner, clock, log, presenter } = options;
  const hosts = createHostWatch(options);

  /** One look at every environment that is watched, if it is for this process to do. */
  async function look(signal?: AbortSignal): Promise<void> {
    const now = clock.now();
    if (!(await claims.hold(PLACE, owner, new Date(now.getTime() + HELD_FOR_MS), now))) return;
    const looks = home.environments().map((name) => lookAt(name, signal));
    for (const result of await Promise.allSettled(looks))
      if (result.status === 'rejected' && !signal?.aborted)
        log.warn({ error: result.reason as unknown }, 'an environment could not be looked at');
  }

  async function lookAt(name: string, signal: AbortSignal | undefined): Promise<void> {
    // A file that cannot be read is told by doctor, and to whoever uses the environment.
    const environment = await options.environmentOf(name).catch(() => undefined);
    if (!environment || !isWatched(environment, home)) return;
    const cluster = await options.clusterOf(environment);
    const told = await hosts.look(environment, signal);
    const backup = await backupOf(environment);
    const reading = await readEnvironment(cluster, { clock, signal, backup, hosts: told });
    const live = await note(environment, reading);
    await samples.add(name, sampleOf(reading), clock.now());
    await samples.keepPicture(name, pictureOf(reading), clock.now());
    if (live) await presenter?.show(environment, live);
  }

  async function backupOf({ name, config }: Environment): Promise<BackupAge | undefined> {
    const { backupHours } = config.alerts;
    if (backupHours === false || config.marathon === undefined) return undefined;
    const age = await ageOf(name);
    return { ...age, late: age.ageMs === undefined || age.ageMs > backupHours * 3_600_000 };
  }

  // To find a good backup means to read it, which is not for every minute.
  const ages = new Map<string, { readAt: number; age: BackupAge }>();

  async function ageOf(name: string): Promise<BackupAge> {
    const now = clock.now();
    const known = ages.get(name);
    if (known && now.getTime() - known.readAt < READ_BACKUPS_EVERY_MS) return known.age;
    const age = await options.backupAge(join(home.dataFolder, 'backups', name), now);
    ages.set(name, { readAt: now.getTime(), age });
    return age;
  }

  /** What it came to is written first, so that nothing is told that another process tells too. */
  async function note({ name, config }: Environment, reading: Reading): Promise<readonly Incident[] | undefined> {
    const now = clock.now();
    const before = await incidents.load(name, new Date(now.getTime() - REOPEN_MS));
    const muted = (await incidents.muted(name, now)) !== undefined;
    const rules = rulesOf(config.alerts, { muted, timeZone: home.settings.timeZone }, now);
    const after = track(before, reading, rules, now, () => ({ id: newIncidentId(now), environment: name }));
    const known = { version: before.version, problems: [...after.problems], incidents: [...after.incidents] };
    return (await incidents.save(name, known, now)) ? after.incidents : undefined;
  }

  return { look };
}
