import { createHash } from 'node:crypto';
import type { CommandContext } from '../../src/bot/command.js';
import { differences } from '../../src/cluster/differences.js';
import type { Definition } from '../../src/cluster/normalise.js';
import { readDefinitions, type StackDefinition } from '../../src/home/definitions.js';
import type { Target } from '../../src/home/home.js';
import { inOrder } from './in-order.js';

/** What deploying one app or job would do. `changes` is empty when it is as it should be already. */
export type PlannedChange = StackDefinition & {
  kind: 'app' | 'job';
  live: Definition | undefined;
  changes: string[];
};

export type DefinitionPlan = {
  changes: PlannedChange[];
  /** Of everything in it: what is live now and what is to be. */
  hash: string;
};

/** Reads and checks a target's file, and compares it with what is live. Throws SYNTAX or CONFIG with file and line. */
export async function planDefinitions(
  target: Target,
  { cluster, signal }: Pick<CommandContext<unknown>, 'cluster' | 'signal'>,
): Promise<DefinitionPlan> {
  const kind = target.kind === 'job' ? ('job' as const) : ('app' as const);
  const definitions = inOrder(kind, await readDefinitions(target));
  const live =
    kind === 'app' ? await cluster.marathon.definitions({ signal }) : await cluster.chronos.definitions({ signal });
  const changes = definitions.map((one) => comparedWith(one, kind, live));
  return { changes, hash: hashOf(changes) };
}

function comparedWith(one: StackDefinition, kind: 'app' | 'job', all: readonly Definition[]): PlannedChange {
  const live = all.find((other) => other[kind === 'app' ? 'id' : 'name'] === one.name);
  return { ...one, kind, live, changes: live ? differences(kind, wantedOf(one, kind), live) : [] };
}

/** As it is compared: an id without its first slash means the same. */
function wantedOf({ name, definition }: StackDefinition, kind: 'app' | 'job'): Definition {
  return kind === 'app' ? { ...definition, id: name } : definition;
}

function hashOf(changes: readonly PlannedChange[]): string {
  // An app's version tells everything about it; a job has none, so that what differs stands for it.
  const contents = changes.map(({ name, definition, live, changes: words }) => [
    name,
    definition,
    live?.['version'] ?? (live !== undefined && words),
  ]);
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 16);
}

/** What is to be done, a line each. */
export function inWords(change: PlannedChange): string {
  const { name, live, changes } = change;
  if (!live) return `${name} is new`;
  return changes.length === 0 ? `${name} is as it should be` : `${name}: ${changes.join(', ')}`;
}

export function isNeeded({ live, changes }: PlannedChange): boolean {
  return live === undefined || changes.length > 0;
}
