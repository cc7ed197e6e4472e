import { StarsError } from '../../errors.js';
import type { Session } from './session.js';

/** A node as it stood when it was read. `ephemeral`: it goes when the process that made it goes. `children`: how many are right below. */
export type ZooKeeperNode = {
  path: string;
  data: Buffer;
  version: number;
  modifiedAt: Date;
  ephemeral: boolean;
  children: number;
};

/** `hidden` are the paths of nodes that exist but may not be read. */
export type ZooKeeperTree = { nodes: ZooKeeperNode[]; hidden: string[] };

export type TreeOptions = {
  maxNodes?: number | undefined;
  maxBytes?: number | undefined;
  /** So many levels below the paths; all of them unless told. */
  levels?: number | undefined;
};

const AT_ONCE = 32;
const MAX_NODES = 20_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The nodes at and below the paths, by path. Throws API_REFUSED for a path that is not there, API_ANSWER when there are more nodes or
 * bytes than wanted. What goes while it is being read is left out: ZooKeeper has no view of everything at one moment.
 */
export async function readTree(
  session: Session,
  paths: readonly string[],
  { maxNodes = MAX_NODES, maxBytes = MAX_BYTES, levels = Number.POSITIVE_INFINITY }: TreeOptions = {},
): Promise<ZooKeeperTree> {
  const nodes = new Map<string, ZooKeeperNode>();
  const hidden = new Set<string>();
  let bytes = 0;

  /** Reads one node; those below it. */
  async function visit({ path, level }: Visit): Promise<Visit[]> {
    const [read, children] = await Promise.all([session.data(path), level < levels ? session.children(path) : []]);
    if (read === 'no-node') return level === 0 ? Promise.reject(missing(session, path)) : [];
    if (read === 'no-auth') hidden.add(path);
    else keep(path, read);
    if (!Array.isArray(children)) return [];
    return children.map((name) => ({ path: path === '/' ? `/${name}` : `${path}/${name}`, level: level + 1 }));
  }

  function keep(path: string, { data, stat }: Exclude<Awaited<ReturnType<Session['data']>>, string>): void {
    bytes += data.length;
    if (nodes.size >= maxNodes) throw tooMuch(session, `${maxNodes} nodes`, path);
    if (bytes > maxBytes) throw tooMuch(session, `${Math.round(maxBytes / 1024 / 1024)} MB`, path);
    nodes.set(path, {
      path,
      data,
      version: stat.version,
      modifiedAt: new Date(stat.modifiedMs),
      ephemeral: stat.ephemeral,
      children: stat.children,
    });
  }

  const roots = [...new Set(paths.map(requirePath))].map((path) => ({ path, level: 0 }));
  for (let waiting: Visit[] = roots; waiting.length > 0; ) {
    const now = waiting.splice(0, AT_ONCE);
    const below = await Promise.all(now.map(visit));
    waiting.push(...below.flat().filter(({ path }) => !nodes.has(path)));
  }
  return {
    nodes: [...nodes.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    hidden: [...hidden].sort(),
  };
}

type Visit = { path: string; level: number };

function requirePath(path: string): string {
  if (/^\/$|^(\/[^/\0]+)+$/.test(path)) return path;
  throw new StarsError('CONFIG', `"${path}" is not the path of a node in ZooKeeper.`, {
    hint: 'Write it like /marathon.',
  });
}

function missing({ address }: Session, path: string): StarsError {
  return new StarsError('API_REFUSED', `ZooKeeper at ${address} has no node ${path}.`);
}

function tooMuch({ address }: Session, limit: string, path: string): StarsError {
  return new StarsError(
    'API_ANSWER',
    `ZooKeeper at ${address} has more than ${limit} there, at ${path} the reading ended.`,
    {
      hint: 'Name paths further down.',
    },
  );
}
