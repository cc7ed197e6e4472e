export type LayerState = 'up' | 'degraded' | 'down' | 'unknown';

/** What a look at one layer came to. */
export type Finding = {
  state: LayerState;
  /** A sentence without its full stop. */
  reason: string;
  /** Lines for those who want more. */
  details?: string[];
  /** Amounts by name, for charts and comparisons: `cpusUsed`, `agentsActive` … */
  figures?: Readonly<Record<string, number>>;
  /** Nothing answered at all: it may be down, or out of our reach. */
  silent?: boolean;
  /** What a headline names in place of the layer, where the trouble is something in it: `The app /livy`, `is in trouble`, why. */
  culprit?: Culprit | undefined;
  /** Apps that are not as they should be, by the last part of their id. */
  troubledApps?: readonly TroubledApp[];
};

export type Culprit = { name: string; is: string; why: string };

/** `waits` is one whose tasks do not fail: they have no place to run. */
export type TroubledApp = { name: string; waits: boolean };

const MAX_DETAILS = 10;

/** The first lines, the rest counted. */
export function limited(lines: readonly string[], most = MAX_DETAILS): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `and ${lines.length - most} more`];
}
