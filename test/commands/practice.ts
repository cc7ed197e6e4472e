import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext, CommandDefinition } from '../../src/bot/command.js';
import { createManualClock, type Clock } from '../../src/clock.js';
import { createCluster } from '../../src/cluster/cluster.js';
import { loadInventory } from '../../src/inventory/inventory.js';
import { silentLog } from '../../src/log.js';
import { startCluster, type ClusterOptions, type SimulatedCluster } from '../../src/sandbox/cluster/cluster.js';

export type Practice = {
  simulated: SimulatedCluster;
  dataFolder: string;
  clock: Clock;
  /** Steps and remarks, in order, of the last command. */
  said: string[];
  /** The closing words of a command, its arguments checked as dispatch does. */
  perform<Args>(
    command: CommandDefinition<Args>,
    input?: Record<string, unknown>,
    onStep?: (title: string) => void,
  ): Promise<string>;
  cluster: CommandContext<unknown>['cluster'];
  stop(): Promise<void>;
};

const named = (name: string, index: number) => ({ name: `${name}${index}`, address: `10.0.0.${index}` });

/** A simulated cluster and what a command needs to work on it. Time passes only while a command waits. */
export async function practise(options: Partial<ClusterOptions> = {}): Promise<Practice> {
  const time = createManualClock(new Date('2026-11-22T02:00:00.000Z'));
  const simulated = await startCluster({
    clock: time,
    log: silentLog,
    masters: [1, 2, 3].map((index) => named('master', index)),
    agents: [1, 2, 3].map((index) => ({ ...named('worker', index), cpus: 8, mem: 16_384, disk: 100_000 })),
    ...options,
  });
  await time.advance(5_000);
  // Deadlines never fall due: what a test proves must not depend on how fast loopback is.
  const clock: Clock = { now: () => time.now(), sleep: (ms) => time.advance(ms), after: () => () => undefined };
  const { urls, zookeeper } = simulated;
  const services = Object.fromEntries(Object.entries(urls.services).map(([name, url]) => [name, { url }]));
  const cluster = createCluster(
    {
      marathon: { url: [urls.marathon] },
      chronos: { url: [urls.chronos] },
      mesos: { url: urls.mesos },
      mesosDns: { url: urls.mesosDns },
      zookeeper: { hosts: zookeeper },
      services,
    },
    { environment: 'sandbox', clock, log: silentLog },
  );
  const dataFolder = await mkdtemp(join(tmpdir(), 'stars-commands-'));
  const hosts = join(dataFolder, 'hosts');
  await writeFile(hosts, '[workers]\nworker[1:3]\n');
  const said: string[] = [];

  async function perform<Args>(
    command: CommandDefinition<Args>,
    input: Record<string, unknown> = {},
    onStep: (title: string) => void = () => undefined,
  ): Promise<string> {
    said.length = 0;
    const context = {
      args: command.args.parse(input),
      rest: [],
      environment: { name: 'sandbox', inventory: () => loadInventory({ sources: [hosts] }) },
      cluster,
      person: { id: 'U1', name: 'ann' },
      source: 'terminal',
      run: { id: 'r1' },
      dataFolder,
      clock,
      log: silentLog,
      signal: new AbortController().signal,
      step: async <T>(title: string, action: () => Promise<T>) => {
        said.push(title);
        onStep(title);
        return action();
      },
      note: (message: string) => said.push(message),
    };
    // What these commands never touch (playbooks, the store) is left out.
    return command.run(context as unknown as CommandContext<Args>);
  }

  return {
    simulated,
    dataFolder,
    clock,
    said,
    cluster,
    perform,
    async stop() {
      await simulated.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
