import { createServer, type AddressInfo, type Socket } from 'node:net';
import { serveSession, type ZNodes } from './protocol.js';
import { answerToWord, type ServerMode, type ServerState, type ZooKeeperVersion } from './words.js';

export type ZookeeperServer = {
  name: string;
  address: string;
  running: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
};

type Member = ZookeeperServer & { index: number; received: number; sessions: Set<Socket> };

export type Ensemble = Awaited<ReturnType<typeof startEnsemble>>;

export type EnsembleOptions = {
  /** Each with an address of loopback to listen on. */
  servers: { name: string; address: string }[];
  onQuorum: (quorum: boolean) => void;
  /** What a client that reads the tree finds. */
  nodes: () => ZNodes;
};

/** One ZooKeeper server per name, answering four-letter words and reads over TCP; together they have a quorum or not. */
export async function startEnsemble({ servers, onQuorum, nodes }: EnsembleOptions) {
  const members = await Promise.all(servers.map(listen));
  let version: ZooKeeperVersion = '3.4';
  let forcedLoss = false;
  let whitelist: string[] | undefined;
  let hadQuorum = true;
  let leader = elected();

  async function listen({ name, address }: { name: string; address: string }, index: number): Promise<Member> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setTimeout(30_000, () => socket.destroy());
      socket.once('data', (data) => answerTo(member, socket, data));
    });
    const bind = (port: number) => new Promise<void>((resolve) => server.listen(port, address, () => resolve()));
    await bind(0);
    const { port } = server.address() as AddressInfo;
    const member: Member = {
      name,
      index,
      received: 0,
      sessions: new Set(),
      address: `${address}:${port}`,
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

  /** The running server with the highest number wins an election with equal data; it leads until it goes or the quorum is lost. */
  function elected(): Member | undefined {
    return hasQuorum() ? members.findLast(({ running }) => running) : undefined;
  }

  function quorumMayHaveChanged(): void {
    if (!leader?.running || !hasQuorum()) leader = elected();
    if (hasQuorum() === hadQuorum) return;
    hadQuorum = hasQuorum();
    if (!hadQuorum) for (const { sessions } of members) for (const socket of sessions) socket.destroy();
    onQuorum(hadQuorum);
  }

  // A word is four letters; what begins a session is its length, which begins with a zero.
  function answerTo(member: Member, socket: Socket, data: Buffer): void {
    member.received++;
    if (data[0] !== 0) {
      socket.end(answerToWord(data.toString('latin1').slice(0, 4), stateOf(member, socket.remotePort), whitelist));
      return;
    }
    if (!hasQuorum()) {
      socket.destroy();
      return;
    }
    member.sessions.add(socket);
    socket.on('close', () => member.sessions.delete(socket));
    serveSession(socket, data, nodes);
  }

  function modeOf(member: Member): ServerMode | undefined {
    if (!hasQuorum()) return undefined;
    if (members.length === 1) return 'standalone';
    return leader === member ? 'leader' : 'follower';
  }

  function stateOf(member: Member, clientPort = 0): ServerState {
    const followers = members.filter(({ running }) => running).length - 1;
    const { name, index, received } = member;
    return { version, name, index, received, followers, clientPort, znodes: nodes().size, mode: modeOf(member) };
  }

  return {
    members: members as readonly ZookeeperServer[],
    hasQuorum,
    /** The server of that name as it is now; undefined when it does not run. */
    state(name: string): ServerState | undefined {
      const member = members.find((one) => one.name === name);
      return member?.running ? stateOf(member) : undefined;
    },
    setQuorumLost(lost: boolean) {
      forcedLoss = lost;
      quorumMayHaveChanged();
    },
    /** From 3.4.10 on servers answer only listed words; undefined = all, as in 3.4.6. */
    setWhitelist(words: string[] | undefined) {
      whitelist = words;
    },
    setVersion(value: ZooKeeperVersion) {
      version = value;
    },
    stop: async () => {
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}
