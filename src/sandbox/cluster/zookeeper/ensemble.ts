import { createServer, type AddressInfo, type Socket } from 'node:net';
import { serveClient } from './protocol.js';
import { createSessions } from './sessions.js';
import type { Tree } from './tree.js';
import { answerToWord, type ServerMode, type ServerState, type ZooKeeperVersion } from './words.js';

export type ZookeeperServer = {
  name: string;
  address: string;
  running: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
};

type Member = ZookeeperServer & { index: number; received: number; clients: Set<Socket> };

export type Ensemble = Awaited<ReturnType<typeof startEnsemble>>;

export type EnsembleOptions = {
  /** Each with an address of loopback to listen on. */
  servers: { name: string; address: string }[];
  onQuorum: (quorum: boolean) => void;
  /** What clients read and write. */
  tree: Tree;
};

/** One ZooKeeper server per name, answering four-letter words and clients over TCP; together they have a quorum or not. */
export async function startEnsemble({ servers, onQuorum, tree }: EnsembleOptions) {
  const members = await Promise.all(servers.map(listen));
  let version: ZooKeeperVersion = '3.4';
  let forcedLoss = false;
  let whitelist: string[] | undefined;
  let hadQuorum = true;
  let leader = elected();
  const sessions = createSessions({ hasQuorum, ended: tree.endSession });

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
      clients: new Set(),
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
    if (!hadQuorum) for (const { clients } of members) for (const socket of clients) socket.destroy();
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
    member.clients.add(socket);
    socket.on('close', () => member.clients.delete(socket));
    serveClient(socket, data, { tree, sessions, version: () => version });
  }

  function modeOf(member: Member): ServerMode | undefined {
    if (!hasQuorum()) return undefined;
    if (members.length === 1) return 'standalone';
    return leader === member ? 'leader' : 'follower';
  }

  function stateOf(member: Member, clientPort = 0): ServerState {
    const followers = members.filter(({ running }) => running).length - 1;
    const { name, index, received } = member;
    return { version, name, index, received, followers, clientPort, znodes: tree.nodes().size, mode: modeOf(member) };
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
      sessions.stop();
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}
