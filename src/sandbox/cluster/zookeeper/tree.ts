import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Clock } from '../../../clock.js';

/** `written` is missing for what the cluster's own parts keep there, which clients can only read. */
export type ZNode = { data: Buffer; ephemeral?: boolean; written?: Written };
/** When it was made and changed, and the session that it goes with. */
type Written = { owner: bigint; version: number; made: Stamp; changed: Stamp };
type Stamp = { zxid: bigint; ms: number };
/** Every node by its path, those above it included. */
export type ZNodes = ReadonlyMap<string, ZNode>;

/** Numbers of ZooKeeper's errors. */
export const ZK_ERRORS = {
  runtimeInconsistency: -2,
  unimplemented: -6,
  badArguments: -8,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
} as const;

/** A request that the tree refuses, by the number of the error. */
export class Refusal extends Error {
  constructor(readonly code: number) {
    super(`ZooKeeper error ${code}`);
  }
}

export type Tree = ReturnType<typeof createTree>;

/** The nodes that clients and tests wrote, over those of the cluster's own parts. Writes throw Refusal. */
export function createTree(own: () => Iterable<readonly [string, ZNode]>, clock: Pick<Clock, 'now'>) {
  let written = new Map<string, ZNode>();
  /** How many children were ever made below a path, which numbers those that want a number. */
  let creations = new Map<string, number>();
  let zxid = 0x100000008n;

  const nodes = (): ZNodes => withParents([...own(), ...written]);

  function stamp(): Stamp {
    zxid += 1n;
    return { zxid, ms: clock.now().getTime() };
  }

  /** `owner` is the session of a node that goes with it. Its path, which has a number at the end where that was wanted. */
  function create(wanted: string, data: Buffer, how: { owner: bigint; numbered: boolean }): string {
    if (!isPath(wanted)) throw new Refusal(ZK_ERRORS.badArguments);
    const parent = posix.dirname(wanted);
    const before = nodes();
    const above = before.get(parent);
    if (!above) throw new Refusal(ZK_ERRORS.noNode);
    if (above.ephemeral) throw new Refusal(ZK_ERRORS.noChildrenForEphemerals);
    const count = creations.get(parent) ?? childrenOf(parent, before).length;
    const path = how.numbered ? `${wanted}${String(count).padStart(10, '0')}` : wanted;
    if (before.has(path)) throw new Refusal(ZK_ERRORS.nodeExists);
    creations.set(parent, count + 1);
    const made = stamp();
    const ephemeral = how.owner !== 0n;
    written.set(path, { data, ephemeral, written: { owner: how.owner, version: 0, made, changed: made } });
    return path;
  }

  function ownedByClients(path: string, version: number): { node: ZNode; kept: Written } {
    const node = nodes().get(path);
    if (!node) throw new Refusal(ZK_ERRORS.noNode);
    if (!node.written) throw new Refusal(ZK_ERRORS.noAuth);
    if (version !== -1 && version !== node.written.version) throw new Refusal(ZK_ERRORS.badVersion);
    return { node, kept: node.written };
  }

  function setData(path: string, data: Buffer, version: number): void {
    const { node, kept } = ownedByClients(path, version);
    written.set(path, { ...node, data, written: { ...kept, version: kept.version + 1, changed: stamp() } });
  }

  function remove(path: string, version: number): void {
    ownedByClients(path, version);
    if (childrenOf(path, nodes()).length > 0) throw new Refusal(ZK_ERRORS.notEmpty);
    written.delete(path);
    stamp();
  }

  function check(path: string, version: number): void {
    const node = nodes().get(path);
    if (!node) throw new Refusal(ZK_ERRORS.noNode);
    if (version !== -1 && version !== (node.written?.version ?? 0)) throw new Refusal(ZK_ERRORS.badVersion);
  }

  return {
    nodes,
    zxid: () => zxid,
    create,
    setData,
    remove,
    check,
    /** All of it or, when it throws, nothing. */
    atOnce<T>(act: () => T): T {
      const [nodesBefore, creationsBefore] = [new Map(written), new Map(creations)];
      try {
        return act();
      } catch (thrown) {
        [written, creations] = [nodesBefore, creationsBefore];
        throw thrown;
      }
    },
    /** Takes away what goes with a session. */
    endSession(owner: bigint): void {
      const gone = [...written].filter(([, node]) => node.written?.owner === owner);
      for (const [path] of gone) written.delete(path);
      if (gone.length > 0) stamp();
    },
    /** Adds or replaces a node, with those above it; undefined takes it away. */
    set(path: string, data: string | undefined): void {
      const made = stamp();
      if (data === undefined) written.delete(path);
      else written.set(path, { data: Buffer.from(data), written: { owner: 0n, version: 0, made, changed: made } });
    },
  };
}

function isPath(path: string): boolean {
  return path.startsWith('/') && path !== '/' && posix.normalize(path) === path && !path.endsWith('/');
}

export function childrenOf(path: string, nodes: ZNodes): string[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  return [...nodes.keys()]
    .filter((key) => key.startsWith(prefix) && key.length > prefix.length && !key.slice(prefix.length).includes('/'))
    .map((key) => key.slice(prefix.length));
}

/** The same for nodes that nobody changed; undefined where there is none. */
export function markOf(kind: 'data' | 'children', path: string, nodes: ZNodes): string | undefined {
  const node = nodes.get(path);
  if (!node) return undefined;
  if (kind === 'children') return childrenOf(path, nodes).toSorted().join('/');
  return `${node.written?.changed.zxid ?? ''} ${createHash('sha1').update(node.data).digest('hex')}`;
}

/** The nodes with those above them, which are empty unless they are given. */
function withParents(given: Iterable<readonly [string, ZNode]>): ZNodes {
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
