import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupFolder, createBackupFolder } from '../../../src/backup/folder.js';
import { systemClock } from '../../../src/clock.js';
import { type Cluster, createCluster } from '../../../src/cluster/cluster.js';
import { silentLog } from '../../../src/log.js';
import { startCluster } from '../../../src/sandbox/cluster/cluster.js';

/** A cluster in this process, and a home of Stars that points at it. */
export type World = { home: string; cluster: Cluster; folder: BackupFolder; stop(): Promise<void> };

const named = (name: string, index: number) => ({ name: `${name}${index}`, address: `10.0.0.${index}` });
const QUICK = { stagingMs: 30, healthMs: 30, killMs: 20, offerMs: 20, stepMs: 10, unlistedMs: 20 };

const app = (id: string, fields: object = {}) => ({ id, cmd: 'serve', cpus: 0.1, mem: 32, ...fields });

export const APPS = [
  app('/data/db'),
  app('/data/cache'),
  app('/web', { dependencies: ['/data/db', '/data/cache'] }),
  app('/asleep', { instances: 0 }),
];
const JOBS = [
  { name: 'fetch', command: 'true', schedule: 'R/2017-09-05T02:00:00.000Z/PT24H' },
  { name: 'reindex', command: 'true', parents: ['fetch'] },
  { name: 'report', command: 'true', schedule: 'R/2017-09-05T06:00:00.000Z/P1W', disabled: true },
];

export async function openWorld(): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), 'stars-kill-backups-'));
  const simulated = await startCluster({
    clock: systemClock,
    log: silentLog,
    masters: [named('master', 1)],
    agents: [1, 2].map((index) => ({ ...named('worker', index), cpus: 64, mem: 65_536, disk: 100_000 })),
    apps: APPS,
    jobs: JOBS,
    delays: QUICK,
  });
  const endpoints = { marathon: { url: [simulated.urls.marathon] }, chronos: { url: [simulated.urls.chronos] } };
  const environment = join(home, 'inventories', 'practice');
  mkdirSync(environment, { recursive: true });
  writeFileSync(
    join(environment, 'environment.yml'),
    JSON.stringify({ ...endpoints, backups: { keep: { count: 15 } } }),
  );
  return {
    home,
    cluster: createCluster(endpoints, { environment: 'practice', clock: systemClock, log: silentLog }),
    folder: createBackupFolder(join(home, '.stars', 'backups', 'practice')),
    async stop() {
      await simulated.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
