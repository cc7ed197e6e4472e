import type { Socket } from 'node:net';
import {
  frameReader,
  juteReader,
  juteWriter,
  NO_NODE,
  OPERATIONS,
  type JuteReader,
} from '../../../cluster/zookeeper/jute.js';

export type ZNode = { data: Buffer; ephemeral?: boolean };
/** Every node by its path, those above it included. */
export type ZNodes = ReadonlyMap<string, ZNode>;

const GET_CHILDREN = 8;
const SYNC = 9;
const AUTH = 100;
const MAX_FRAME_BYTES = 1024 * 1024;
const UNIMPLEMENTED = -6;
const NOT_READ_ONLY = -119;
const WRITES = new Set([1, 2, 5, 7, 14, 15]);
const SESSION = { id: 0x15e4a1f2c3d0001n, grantedMs: 10_000 };

/** Serves the sessions of one client: all it may do is read. `first` is what came with the connection. */
export function serveSession(socket: Socket, first: Buffer, nodes: () => ZNodes): void {
  const frames = frameReader(MAX_FRAME_BYTES);
  let greeted = false;

  function receive(chunk: Buffer): void {
    try {
      for (const frame of frames(chunk)) answer(juteReader(frame));
    } catch {
      socket.destroy();
    }
  }

  function answer(request: JuteReader): void {
    if (!greeted) {
      greeted = true;
      socket.write(
        juteWriter().int(0).int(SESSION.grantedMs).long(SESSION.id).buffer(Buffer.alloc(16)).bool(false).frame(),
      );
      return;
    }
    const [xid, operation] = [request.int(), request.int()];
    if (operation === OPERATIONS.close) socket.end(reply(xid).frame());
    else socket.write(respond(xid, operation, request, nodes()));
  }

  socket.on('data', receive);
  receive(first);
}

function respond(xid: number, operation: number, request: JuteReader, nodes: ZNodes): Buffer {
  if (operation === OPERATIONS.ping || operation === AUTH) return reply(xid).frame();
  if (WRITES.has(operation)) return reply(xid, NOT_READ_ONLY).frame();
  const path = request.text();
  const node = nodes.get(path);
  if (operation === SYNC) return reply(xid).text(path).frame();
  if (!node) return reply(xid, NO_NODE).frame();
  const children = childrenOf(path, nodes);
  const answer = reply(xid);
  if (operation === OPERATIONS.getData) answer.buffer(node.data);
  else if (operation === OPERATIONS.getChildren2 || operation === GET_CHILDREN) {
    answer.int(children.length);
    for (const name of children) answer.text(name);
  } else if (operation !== OPERATIONS.exists) return reply(xid, UNIMPLEMENTED).frame();
  return (operation === GET_CHILDREN ? answer : writeStat(answer, node, children.length)).frame();
}

function reply(xid: number, error = 0) {
  return juteWriter().int(xid).long(0x100000008n).int(error);
}

function childrenOf(path: string, nodes: ZNodes): string[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  return [...nodes.keys()]
    .filter((key) => key.startsWith(prefix) && key.length > prefix.length && !key.slice(prefix.length).includes('/'))
    .map((key) => key.slice(prefix.length));
}

const MADE_MS = BigInt(Date.parse('2017-09-04T14:00:22.726Z'));

function writeStat(answer: ReturnType<typeof juteWriter>, { data, ephemeral }: ZNode, children: number) {
  answer.long(5n).long(5n).long(MADE_MS).long(MADE_MS).int(0).int(0).int(0);
  return answer
    .long(ephemeral ? SESSION.id : 0n)
    .int(data.length)
    .int(children)
    .long(5n);
}

/** The nodes with those above them, which are empty unless they are given. */
export function withParents(given: Iterable<readonly [string, ZNode]>): ZNodes {
  const nodes = new Map<string, ZNode>([['/', { data: Buffer.alloc(0) }]]);
  for (const [path, node] of given) {
    const parts = path.split('/').slice(1);
    for (let depth = 1; depth < parts.length; depth++) {
      const above = `/${parts.slice(0, depth).join('/')}`;
      if (!nodes.has(above)) nodes.set(above, { data: Buffer.alloc(0) });
    }
    nodes.set(path, node);
  }
  return nodes;
}
