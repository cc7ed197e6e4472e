/** How an environment was at a moment, or over a span of time: averages, and the worst states. */
export type Sample = {
  /** So many looks it stands for. */
  count: number;
  /** Averages by name; fractions such as `cpus` and `memory` are between 0 and 1. */
  figures: Readonly<Record<string, number>>;
  /** By the name of a layer. */
  states: Readonly<Record<string, SampleState>>;
};

export type SampleState = 'up' | 'unknown' | 'degraded' | 'down';

const ORDER: readonly SampleState[] = ['up', 'unknown', 'degraded', 'down'];

/** Both as one. */
export function joined(a: Sample, b: Sample): Sample {
  const names = new Set([...Object.keys(a.figures), ...Object.keys(b.figures)]);
  const figures = [...names].map((name) => [name, average(a, b, name)] as const);
  const layers = new Set([...Object.keys(a.states), ...Object.keys(b.states)]);
  const states = [...layers].map((layer) => [layer, worse(a.states[layer], b.states[layer])] as const);
  return { count: a.count + b.count, figures: Object.fromEntries(figures), states: Object.fromEntries(states) };
}

function average(a: Sample, b: Sample, name: string): number {
  const [one, other] = [a.figures[name], b.figures[name]];
  if (one === undefined || other === undefined) return one ?? other ?? 0;
  return (one * a.count + other * b.count) / (a.count + b.count);
}

function worse(one: SampleState = 'up', other: SampleState = 'up'): SampleState {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other;
}
