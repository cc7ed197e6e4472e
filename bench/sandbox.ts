import { benchGrowing } from './growing.js';

/** Simulated hosts and the engine in one process each time. */
export function benchSandbox(
  sizes: readonly number[],
  print: (line: Record<string, unknown>) => void,
  signal: AbortSignal,
): Promise<void> {
  const secondsOf = ({ firstS = 0, convergeS = 0 }: Readonly<Record<string, number>>) => firstS + convergeS;
  return benchGrowing({ bench: 'sandbox', unit: 'hosts', script: 'sandbox-run.js', sizes, secondsOf }, print, signal);
}
