import type { StackDefinition } from '../../src/home/definitions.js';

/** What others need comes first: an app's dependencies, a job's parents. Those in a circle stay as they stand. */
export function inOrder(kind: 'app' | 'job', definitions: readonly StackDefinition[]): StackDefinition[] {
  const left = [...definitions];
  const done: StackDefinition[] = [];
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const free = left.findIndex((one) => needs(kind, one).every((name) => !names.has(name)));
    done.push(...left.splice(Math.max(0, free), 1));
  }
  return done;
}

function needs(kind: 'app' | 'job', { name, definition }: StackDefinition): string[] {
  const list = definition[kind === 'app' ? 'dependencies' : 'parents'];
  return Array.isArray(list) ? list.map(String).filter((other) => other !== name) : [];
}
