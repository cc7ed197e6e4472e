import { createServer, type AddressInfo, type Socket } from 'node:net';

export type ZookeeperServer = {
  name: string;
  address: string;
  running: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
};

export type Ensemble = Awaited<ReturnType<typeof startEnsemble>>;

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';
const VERSION = '3.4.6-1569965, built on 02/20/2014 09:09 GMT';
const WORDS = [
  'ruok',
  'srvr',
  'stat',
  'mntr',
  'isro',
  'conf',
  'envi',
  'cons',
  'dump',
  'wchs',
  'wchc',
  'wchp',
  'srst',
  'crst',
];

/** One ZooKeeper server per name, answering four-letter words over TCP; together they have a quorum or not. */
export async function startEnsemble({ names, onQuorum }: { names: string[]; onQuorum: (quorum: boolean) => void }) {
  const members = await Promise.all(names.map((name, index) => listen(name, index)));
  let forcedLoss = false;
  let whitelist: string[] | undefined;
  let hadQuorum = true;

  async function listen(name: string, index: number): Promise<ZookeeperServer & { index: number; received: number }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setTimeout(30_000, () => socket.destroy());
      socket.once('data', (data) => answerTo(member, socket, data.toString('latin1').slice(0, 4)));
    });
    const bind = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
    await bind(0);
    const { port } = server.address() as AddressInfo;
    const member = {
      name,
      index,
      received: 0,
      address: `127.0.0.1:${port}`,
      running: true,
      async stop() {
        if (!member.running) return;
        member.running = false;
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        for (const socket of sockets) socket.destroy();
        await closed;
        quorumMayHaveChanged();
      },
      async start() {
        if (member.running) return;
        await bind(port);
        member.running = true;
        quorumMayHaveChanged();
      },
    };
    return member;
  }

  function hasQuorum(): boolean {
    return !forcedLoss && members.filter(({ running }) => running).length * 2 > members.length;
  }

  function quorumMayHaveChanged(): void {
    if (hasQuorum() === hadQuorum) return;
    hadQuorum = hasQuorum();
    onQuorum(hadQuorum);
  }

  /** The running server with the highest number leads, as in an election with equal data. */
  function leader() {
    return hasQuorum() ? members.findLast(({ running }) => running) : undefined;
  }

  function answerTo(member: { name: string; index: number; received: number }, socket: Socket, word: string): void {
    member.received++;
    socket.end(reply(member, word, socket.remotePort ?? 0));
  }

  function reply(member: { name: string; index: number; received: number }, word: string, port: number): string {
    if (!WORDS.includes(word)) return '';
    if (whitelist && !whitelist.includes(word)) return `${word} is not executed because it is not in the whitelist.\n`;
    if (word === 'ruok') return 'imok';
    if (word === 'isro') return leader() ? 'rw' : 'null';
    if (word === 'conf') return confText(member);
    if (word === 'envi')
      return `Environment:\nzookeeper.version=${VERSION}\nhost.name=${member.name}\njava.version=1.8.0_141\nos.name=Linux\n`;
    if (!leader()) return NOT_SERVING;
    if (word === 'srvr') return srvrText(member, []);
    if (word === 'stat') return srvrText(member, ['Clients:', ` /127.0.0.1:${port}[0](queued=0,recved=1,sent=0)`, '']);
    if (word === 'mntr') return mntrText(member);
    return word === 'cons' ? ` /127.0.0.1:${port}[0](queued=0,recved=1,sent=0)\n\n` : '';
  }

  function mode(member: { name: string }): 'leader' | 'follower' | 'standalone' {
    if (members.length === 1) return 'standalone';
    return leader()?.name === member.name ? 'leader' : 'follower';
  }

  function srvrText(member: { name: string; received: number }, clients: string[]): string {
    return [
      `Zookeeper version: ${VERSION}`,
      ...clients,
      'Latency min/avg/max: 0/1/28',
      `Received: ${member.received}`,
      `Sent: ${Math.max(0, member.received - 1)}`,
      'Connections: 1',
      'Outstanding: 0',
      'Zxid: 0x100000008',
      `Mode: ${mode(member)}`,
      'Node count: 10',
      '',
    ].join('\n');
  }

  function mntrText(member: { name: string; received: number }): string {
    const followers = members.filter(({ running }) => running).length - 1;
    const rows: [string, string | number][] = [
      ['zk_version', VERSION],
      ['zk_avg_latency', 1],
      ['zk_max_latency', 28],
      ['zk_min_latency', 0],
      ['zk_packets_received', member.received],
      ['zk_packets_sent', Math.max(0, member.received - 1)],
      ['zk_num_alive_connections', 1],
      ['zk_outstanding_requests', 0],
      ['zk_server_state', mode(member)],
      ['zk_znode_count', 10],
      ['zk_watch_count', 0],
      ['zk_ephemerals_count', 3],
      ['zk_approximate_data_size', 236],
      ['zk_open_file_descriptor_count', 31],
      ['zk_max_file_descriptor_count', 4096],
    ];
    if (mode(member) === 'leader')
      rows.push(['zk_followers', followers], ['zk_synced_followers', followers], ['zk_pending_syncs', 0]);
    return rows.map(([key, value]) => `${key}\t${value}\n`).join('');
  }

  function confText({ index }: { index: number }): string {
    return `clientPort=2181\ndataDir=/var/lib/zookeeper/version-2\ndataLogDir=/var/lib/zookeeper/version-2\ntickTime=2000\nmaxClientCnxns=60\nserverId=${index + 1}\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\n`;
  }

  return {
    members: members as ZookeeperServer[],
    hasQuorum,
    setQuorumLost(lost: boolean) {
      forcedLoss = lost;
      quorumMayHaveChanged();
    },
    /** From 3.4.10 on servers answer only listed words; undefined = all, as in 3.4.6. */
    setWhitelist(words: string[] | undefined) {
      whitelist = words;
    },
    stop: async () => {
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}
