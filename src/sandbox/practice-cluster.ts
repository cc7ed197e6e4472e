import type { PracticeCluster, StartPractice } from '../backup/drill.js';
import { type Clock, createManualClock } from '../clock.js';
import { createCluster } from '../cluster/cluster.js';
import type { Log } from '../log.js';
import { startCluster } from './cluster/cluster.js';

const MASTERS = [1, 2, 3].map((index) => ({ name: `master${index}`, address: `10.0.0.${index}` }));

/** Starts an empty cluster whose time passes only while somebody waits, and then at once. */
export function practiceClusters({ log }: { log: Log }): StartPractice {
  return async ({ agents, marathonVersion, chronosVersion, now }): Promise<PracticeCluster> => {
    const time = createManualClock(now);
    const simulated = await startCluster({
      clock: time,
      log,
      masters: MASTERS,
      agents: agents.map((agent, index) => ({ ...agent, address: `10.1.${index >> 8}.${index & 255}` })),
      apps: [],
      jobs: [],
      marathonVersion,
      chronosVersion,
    });
    const clock: Clock = {
      now: () => time.now(),
      async sleep(ms, signal) {
        signal?.throwIfAborted();
        await time.advance(ms);
      },
      // Deadlines of calls: on loopback, in a time that stands still, none falls due.
      after: () => () => undefined,
    };
    const { marathon, chronos } = simulated.urls;
    const cluster = createCluster(
      { marathon: { url: [marathon] }, chronos: { url: [chronos] } },
      { environment: 'practice', clock, log },
    );
    return { cluster, clock, stop: () => simulated.stop() };
  };
}
