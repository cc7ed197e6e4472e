import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, freePorts, startProgram } from './program.js';
import { requirePrograms } from './requirements.js';
import { run } from './run-command.js';

export type RealServer = { address: string; admin: string; start(): void; stop(): Promise<void> };
export type RealEnsemble = {
  servers: RealServer[];
  addresses: string[];
  admins: string[];
  /** Carries out commands of ZooKeeper's own client, one a line, on the first server. */
  command(lines: string): Promise<string>;
  stop(): Promise<void>;
};

const JAR = '/usr/share/java/zookeeper.jar';
// The AdminServer needs more than the first names.
const CLASS_PATH = `${JAR}:/usr/share/java/servlet-api.jar`;
const SMALL = ['-Xmx128m', '-Dfile.encoding=UTF-8', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** So many servers of Debian's ZooKeeper on ports and in folders of their own. `words`: the four-letter words they answer; none = their default. */
export async function startZooKeeper(count: number, { words }: { words?: string } = {}): Promise<RealEnsemble> {
  await requirePrograms({ [JAR]: 'zookeeper', java: 'default-jre-headless' });
  const folder = mkdtempSync(join(tmpdir(), 'stars-zookeeper-'));
  const ports = await freePorts(count * 4);
  const portOf = (index: number, which: number) => ports[index * 4 + which] ?? 0;
  const peers = Array.from(
    { length: count },
    (_, index) => `server.${index + 1}=127.0.0.1:${portOf(index, 2)}:${portOf(index, 3)}`,
  );

  function configure(index: number): string {
    const home = join(folder, String(index));
    mkdirSync(join(home, 'data'), { recursive: true });
    writeFileSync(join(home, 'data', 'myid'), String(index + 1));
    const lines = [
      'tickTime=200',
      'initLimit=50',
      'syncLimit=25',
      `dataDir=${join(home, 'data')}`,
      `clientPort=${portOf(index, 0)}`,
      'clientPortAddress=127.0.0.1',
      `admin.serverPort=${portOf(index, 1)}`,
      'admin.serverAddress=127.0.0.1',
      ...(words === undefined ? [] : [`4lw.commands.whitelist=${words}`]),
      ...(count > 1 ? peers : []),
    ];
    writeFileSync(join(home, 'zoo.cfg'), `${lines.join('\n')}\n`);
    return join(home, 'zoo.cfg');
  }

  const servers = Array.from({ length: count }, (_, index): RealServer => {
    const config = configure(index);
    let program: Program | undefined;
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    return {
      address: `127.0.0.1:${portOf(index, 0)}`,
      admin: `http://127.0.0.1:${portOf(index, 1)}`,
      start() {
        program ??= startProgram('java', [...SMALL, '-cp', CLASS_PATH, main, config], { cwd: folder });
      },
      async stop() {
        await program?.stop();
        program = undefined;
      },
    };
  });
  for (const server of servers) server.start();
  return {
    servers,
    addresses: servers.map(({ address }) => address),
    admins: servers.map(({ admin }) => admin),
    command: (lines) =>
      run(
        'java',
        [...SMALL, '-cp', CLASS_PATH, 'org.apache.zookeeper.ZooKeeperMain', '-server', servers[0]?.address ?? ''],
        {
          input: `${lines}\nquit\n`,
        },
      ),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
