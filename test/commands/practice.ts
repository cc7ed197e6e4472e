import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandContext, CommandDefinition, Later } from '../../src/bot/command.js';
import { createManualClock, type Clock } from '../../src/clock.js';
import { createCluster } from '../../src/cluster/cluster.js';
import { EnvironmentFile } from '../../src/home/environment-file.js';
import type { SecretReference } from '../../src/home/secret-reference.js';
import { Secret } from '../../src/secret.js';
import { type Home, openHome } from '../../src/home/home.js';
import { loadInventory } from '../../src/inventory/inventory.js';
import type { Attachment } from '../../src/model/attachment.js';
import { silentLog } from '../../src/log.js';
import { practiceClusters } from '../../src/sandbox/practice-cluster.js';
import { startCluster, type ClusterOptions, type SimulatedCluster } from '../../src/sandbox/cluster/cluster.js';

export type Practice = {
  simulated: SimulatedCluster;
  dataFolder: string;
  clock: Clock;
  /** Steps and remarks, in order, of the last command. */
  said: string[];
  /** What the last command put off, and the files it showed. */
  later: Later[];
  files: Attachment[];
  home: Home;
  /** Writes a definition below `stack/conf`; gives the file. */
  write(path: string, content: unknown): Promise<string>;
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

/** A simulated cluster and what a command needs to work on it; `config` is environment.yml, `secrets` what its `{env: …}` refer to. Time passes only while a command waits. */
export async function practise({
  config = {},
  secrets = {},
  ...options
}: Partial<ClusterOptions> & { config?: unknown; secrets?: Record<string, string> } = {}): Promise<Practice> {
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
  const home = await openHome({ env: { STARS_HOME: dataFolder }, cwd: dataFolder });
  const said: string[] = [];
  const later: Later[] = [];
  const files: Attachment[] = [];

  async function write(path: string, content: unknown): Promise<string> {
    const file = join(dataFolder, 'stack', 'conf', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file;
  }

  async function perform<Args>(
    command: CommandDefinition<Args>,
    input: Record<string, unknown> = {},
    onStep: (title: string) => void = () => undefined,
  ): Promise<string> {
    for (const list of [said, later, files]) list.length = 0;
    const context = {
      args: command.args.parse(input),
      rest: [],
      environment: {
        name: 'sandbox',
        inventorySources: [],
        inventory: () => loadInventory({ sources: [hosts] }),
        config: EnvironmentFile.parse(config),
        secret: async (reference: SecretReference) =>
          new Secret(secrets['env' in reference ? reference.env : ''] ?? ''),
      },
      cluster,
      control: { timers: async () => [] },
      person: { id: 'U1', name: 'ann' },
      source: 'terminal',
      run: { id: 'r1' },
      dataFolder,
      home: { ...home, env: process.env },
      runs: { list: async () => [] },
      later: async (what: Later) => void later.push(what),
      attach: async (file: Attachment) => {
        files.push(file);
        said.push(file.name);
      },
      startPractice: practiceClusters({ log: silentLog }),
      clock,
      log: silentLog,
      signal: new AbortController().signal,
      step: async <T>(title: string, action: () => Promise<T>) => {
        said.push(title);
        onStep(title);
        return action();
      },
      once: async <T>(title: string, action: () => Promise<T>) => {
        said.push(title);
        onStep(title);
        return action();
      },
      lastOnce: () => undefined,
      note: (message: string) => said.push(message),
      offer: ({ words }: { words: string }) => said.push(words),
    };
    // What these commands never touch (playbooks, the store) is left out.
    return command.run(context as unknown as CommandContext<Args>);
  }

  return {
    simulated,
    dataFolder,
    clock,
    said,
    later,
    files,
    home,
    write,
    cluster,
    perform,
    async stop() {
      await simulated.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
