/** Something with what has to be there before it, by key. */
export type Ordered = { key: string; after: readonly string[] };

/**
 * Rows of what can be done side by side: each needs only what stands in a row before its own, or what is not among them at all. Those
 * that need each other in a circle, or need such ones, are `stuck`.
 */
export function inRows<T extends Ordered>(items: readonly T[]): { rows: T[][]; stuck: T[] } {
  const rows: T[][] = [];
  let left = [...items];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ key }) => key));
    const row = left.filter(({ key, after }) => after.every((other) => other === key || !waiting.has(other)));
    if (row.length === 0) return { rows, stuck: left };
    rows.push(row);
    left = left.filter((item) => !row.includes(item));
  }
  return { rows, stuck: [] };
}
