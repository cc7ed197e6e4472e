import type { Socket } from 'node:net';
import { frameReader, juteReader, juteWriter, OPERATIONS, type JuteReader } from '../../../cluster/zookeeper/jute.js';
import type { Session, Sessions } from './sessions.js';
import { childrenOf, Refusal, type Tree, ZK_ERRORS, type ZNode, type ZNodes } from './tree.js';
import { createWatches, type Watches } from './watches.js';
import type { ZooKeeperVersion } from './words.js';

export type Served = { tree: Tree; sessions: Sessions; version: () => ZooKeeperVersion };

/** One client, greeted: what its requests are answered with. */
type Client = Served & { session: Session; watches: Watches };
type Reply = ReturnType<typeof juteWriter>;
/** Reads what the request says, does it and writes what comes of it behind the head of the answer. */
type Operation = (request: JuteReader, reply: Reply, client: Client) => void;

const MAX_FRAME_BYTES = 1024 * 1024;
const WATCH_XID = -1;
const SYNC_CONNECTED = 3;
const EPHEMERAL = 1;
const NUMBERED = 2;
/** What changes with the cluster's parts tells nobody: it is looked at this often, while somebody waits for it. */
const LOOK_MS = 50;

/** Serves the connection of one client. `first` is what came with it. */
export function serveClient(socket: Socket, first: Buffer, served: Served): void {
  const frames = frameReader(MAX_FRAME_BYTES);
  let client: Client | undefined;
  const look = setInterval(() => client && tell(socket, client), LOOK_MS).unref();
  socket.once('close', () => clearInterval(look));

  function receive(chunk: Buffer): void {
    try {
      for (const frame of frames(chunk)) {
        if (client) answer(socket, juteReader(frame), client);
        else client = greet(socket, juteReader(frame), served);
      }
    } catch {
      socket.destroy();
    }
  }

  socket.on('data', receive);
  receive(first);
}

function greet(socket: Socket, request: JuteReader, served: Served): Client | undefined {
  request.int();
  request.long();
  const [wantedMs, id, password] = [request.int(), request.long(), request.buffer()];
  const session = served.sessions.greet({ id, password, wantedMs });
  const welcome = juteWriter().int(0);
  if (!session) {
    socket.end(welcome.int(0).long(0n).buffer(Buffer.alloc(16)).bool(false).frame());
    return undefined;
  }
  served.sessions.join(session, socket);
  // Who says nothing for that long is away.
  socket.setTimeout(session.timeoutMs);
  socket.write(welcome.int(session.timeoutMs).long(session.id).buffer(session.password).bool(false).frame());
  return { ...served, session, watches: createWatches(served.tree.nodes) };
}

function answer(socket: Socket, request: JuteReader, client: Client): void {
  const [xid, number] = [request.int(), request.int()];
  if (number === OPERATIONS.close) {
    client.sessions.end(client.session);
    socket.end(head(xid, client).frame());
    return;
  }
  socket.write(respond(xid, number, request, client));
  tell(socket, client);
}

function respond(xid: number, number: number, request: JuteReader, client: Client): Buffer {
  const operation = operationOf(number, client);
  try {
    if (!operation) throw new Refusal(ZK_ERRORS.unimplemented);
    const reply = juteWriter();
    operation(request, reply, client);
    return head(xid, client).raw(reply.body()).frame();
  } catch (thrown) {
    if (thrown instanceof Refusal) return head(xid, client, thrown.code).frame();
    throw thrown;
  }
}

function operationOf(number: number, { version }: Client): Operation | undefined {
  return number === CREATE2 && version() === '3.4' ? undefined : OPERATION.get(number);
}

function head(xid: number, { tree }: Pick<Client, 'tree'>, error = 0): Reply {
  return juteWriter().int(xid).long(tree.zxid()).int(error);
}

/** Tells the client of what it watches. */
function tell(socket: Socket, client: Client): void {
  for (const { type, path } of client.watches.fired())
    socket.write(head(WATCH_XID, client).int(type).int(SYNC_CONNECTED).text(path).frame());
}

function nodeAt(path: string, nodes: ZNodes): ZNode {
  const node = nodes.get(path);
  if (!node) throw new Refusal(ZK_ERRORS.noNode);
  return node;
}

const nothing: Operation = () => undefined;

const exists: Operation = (request, reply, { tree, watches }) => {
  const [path, watch] = [request.text(), request.bool()];
  // Also for a node that is not there, to be told when it comes.
  if (watch) watches.add('data', path);
  writeStat(reply, path, tree.nodes());
};

const getData: Operation = (request, reply, { tree, watches }) => {
  const [path, watch, nodes] = [request.text(), request.bool(), tree.nodes()];
  reply.buffer(nodeAt(path, nodes).data);
  writeStat(reply, path, nodes);
  if (watch) watches.add('data', path);
};

function getChildren(withStat: boolean): Operation {
  return (request, reply, { tree, watches }) => {
    const [path, watch, nodes] = [request.text(), request.bool(), tree.nodes()];
    nodeAt(path, nodes);
    const children = childrenOf(path, nodes);
    reply.int(children.length);
    for (const name of children) reply.text(name);
    if (withStat) writeStat(reply, path, nodes);
    if (watch) watches.add('children', path);
  };
}

function create(withStat: boolean): Operation {
  return (request, reply, { tree, session }) => {
    const [path, data] = [request.text(), Buffer.from(request.buffer())];
    skipAccess(request);
    const flags = request.int();
    const owner = (flags & EPHEMERAL) === 0 ? 0n : session.id;
    const made = tree.create(path, data, { owner, numbered: (flags & NUMBERED) !== 0 });
    reply.text(made);
    if (withStat) writeStat(reply, made, tree.nodes());
  };
}

function skipAccess(request: JuteReader): void {
  for (let left = request.int(); left > 0; left--) {
    request.int();
    request.text();
    request.text();
  }
}

const setData: Operation = (request, reply, { tree }) => {
  const path = request.text();
  tree.setData(path, Buffer.from(request.buffer()), request.int());
  writeStat(reply, path, tree.nodes());
};

const remove: Operation = (request, _, { tree }) => tree.remove(request.text(), request.int());
const check: Operation = (request, _, { tree }) => tree.check(request.text(), request.int());

/** Anybody may do anything with any node, but for those of the cluster's parts. */
const getAccess: Operation = (request, reply, { tree }) => {
  const path = request.text();
  const { written } = nodeAt(path, tree.nodes());
  reply
    .int(1)
    .int(written ? 31 : 1)
    .text('world')
    .text('anyone');
  writeStat(reply, path, tree.nodes());
};

const sync: Operation = (request, reply) => void reply.text(request.text());

const setWatches: Operation = (request, _, { watches }) => {
  const since = request.long();
  const [data, exist, children] = [request.texts(), request.texts(), request.texts()];
  watches.addAgain({ data, exist, children }, since);
};

const CREATE = 1;
const DELETE = 2;
const SET_DATA = 5;
const CHECK = 13;
const CREATE2 = 15;
const FAILED = -1;
const OF_TRANSACTIONS = new Map<number, Operation>([
  [CREATE, create(false)],
  [CREATE2, create(true)],
  [DELETE, remove],
  [SET_DATA, setData],
  [CHECK, check],
]);

/** All changes or none; who wants none is told which of them was refused. */
const transaction: Operation = (request, reply, client) => {
  const codes: number[] = [];
  const results = juteWriter();
  const run = () => {
    for (let next = partOf(request); !next.done; next = partOf(request)) {
      codes.push(ZK_ERRORS.runtimeInconsistency);
      const operation = OF_TRANSACTIONS.get(next.number);
      if (!operation) throw new Refusal(ZK_ERRORS.unimplemented);
      results.int(next.number).bool(false).int(0);
      operation(request, results, client);
      codes[codes.length - 1] = 0;
    }
  };
  try {
    client.tree.atOnce(run);
    reply.raw(results.body());
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    codes[codes.length - 1] = thrown.code;
    for (const code of codes) reply.int(FAILED).bool(false).int(code).int(code);
  }
  reply.int(FAILED).bool(true).int(-1);
};

function partOf(request: JuteReader): { number: number; done: boolean } {
  const part = { number: request.int(), done: request.bool() };
  request.int();
  return part;
}

const OPERATION = new Map<number, Operation>([
  [OPERATIONS.ping, nothing],
  [100, nothing],
  [OPERATIONS.exists, exists],
  [OPERATIONS.getData, getData],
  [6, getAccess],
  [8, getChildren(false)],
  [OPERATIONS.getChildren2, getChildren(true)],
  [9, sync],
  [14, transaction],
  [101, setWatches],
  ...[...OF_TRANSACTIONS].filter(([number]) => number !== CHECK),
]);

const MADE = { zxid: 5n, ms: Date.parse('2017-09-04T14:00:22.726Z') };
/** Stands for the sessions of the cluster's own parts. */
const SOMEBODY = 0x15e4a1f2c3d0000n;

function writeStat(reply: Reply, path: string, nodes: ZNodes): void {
  const { data, ephemeral, written } = nodeAt(path, nodes);
  const { made, changed } = written ?? { made: MADE, changed: MADE };
  const children = childrenOf(path, nodes).length;
  reply.long(made.zxid).long(changed.zxid).long(BigInt(made.ms)).long(BigInt(changed.ms));
  reply
    .int(written?.version ?? 0)
    .int(children)
    .int(0);
  reply
    .long(written?.owner ?? (ephemeral ? SOMEBODY : 0n))
    .int(data.length)
    .int(children)
    .long(changed.zxid);
}
