import { markOf, type ZNodes } from './tree.js';

export type WatchKind = 'data' | 'children';
type Told = { type: number; path: string };
type Watch = { kind: WatchKind; path: string; mark: string | undefined };

const CREATED = 1;
const DELETED = 2;
const CHANGED = 3;
const CHILDREN_CHANGED = 4;

export type Watches = ReturnType<typeof createWatches>;

/** What one connection wants to be told of, once each. */
export function createWatches(nodes: () => ZNodes) {
  const watches = new Map<string, Watch>();

  function addFrom(mark: string | undefined, kind: WatchKind, path: string): void {
    watches.set(`${kind} ${path}`, { kind, path, mark });
  }

  return {
    add: (kind: WatchKind, path: string) => addFrom(markOf(kind, path, nodes()), kind, path),
    /** Takes up those of an earlier connection: `since` is what the client last saw of the tree. */
    addAgain(wanted: { data: string[]; exist: string[]; children: string[] }, since: bigint): void {
      const now = nodes();
      for (const path of wanted.data)
        addFrom(isOlder(path, since, now) ? markOf('data', path, now) : 'other', 'data', path);
      for (const path of wanted.exist) addFrom(undefined, 'data', path);
      // Which children it had then nobody kept: to be told once in vain does no harm.
      for (const path of wanted.children) addFrom('other', 'children', path);
    },
    /** Those that fire now, which are done with that; of a node that is gone it is told once. */
    fired(): Told[] {
      if (watches.size === 0) return [];
      const now = nodes();
      const told = new Map<string, Told>();
      for (const [key, { kind, path, mark }] of watches) {
        const after = markOf(kind, path, now);
        if (after === mark) continue;
        watches.delete(key);
        const type = typeOf(kind, mark, after);
        told.set(type === DELETED ? path : key, { type, path });
      }
      return [...told.values()];
    },
  };
}

function typeOf(kind: WatchKind, before: string | undefined, after: string | undefined): number {
  if (after === undefined) return DELETED;
  if (before === undefined) return CREATED;
  return kind === 'data' ? CHANGED : CHILDREN_CHANGED;
}

/** Whether the node is as it was then. */
function isOlder(path: string, since: bigint, nodes: ZNodes): boolean {
  const changed = nodes.get(path)?.written?.changed.zxid;
  return changed !== undefined && changed <= since;
}
