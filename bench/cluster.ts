import { benchGrowing } from './growing.js';

/** Reading the whole state of Mesos with so many tasks. */
export function benchCluster(
  sizes: readonly number[],
  print: (line: Record<string, unknown>) => void,
  signal: AbortSignal,
): Promise<void> {
  const secondsOf = ({ seconds = 0 }: Readonly<Record<string, number>>) => seconds;
  return benchGrowing({ bench: 'cluster', unit: 'tasks', script: 'cluster-run.js', sizes, secondsOf }, print, signal);
}
