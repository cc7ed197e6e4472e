export const PARTS = ['provision', 'rtt', 'sandbox', 'cluster', 'load'] as const;
export const CONTESTANTS = ['stars', 'script', 'mitogen', 'ansible'] as const;

export type Part = (typeof PARTS)[number];
export type ContestantName = (typeof CONTESTANTS)[number];

export type BenchOptions = {
  parts: ReadonlySet<Part>;
  contestants: readonly ContestantName[];
  /** Sizes of the fleets of real hosts, one after another. */
  hosts: readonly number[];
  repetitions: number;
  /** Round trip between this machine and the hosts in the part `rtt`. */
  rttMs: number;
  sandboxHosts: readonly number[];
  /** Tasks in the state of Mesos in the part `cluster`. */
  tasks: readonly number[];
};

export const USAGE = `Usage: npm run bench -- [--only PART,…] [--with NAME,…] [--hosts N,…] [--reps N] [--rtt MS] [--sandbox-hosts N,…] [--tasks N,…]
  --only           ${PARTS.join(', ')}; default all
  --with           ${CONTESTANTS.join(', ')}; default all
  --hosts          fleets of real hosts, default 8,24 (the part rtt takes the first)
  --reps           how often each contestant runs, default 3
  --rtt            round trip in milliseconds for the part rtt, default 20
  --sandbox-hosts  simulated hosts in one process, default 125,250,500
  --tasks          tasks that a master of Mesos knows in the part cluster, default 1000,5000,10000
`;

/** The options, or what is wrong with the words; '' when only help was wanted. */
export function readOptions(words: readonly string[]): BenchOptions | string {
  const given = new Map<string, string>();
  for (let index = 0; index < words.length; index += 2) {
    const [name = '', value] = [words[index], words[index + 1]];
    if (name === '--help' || name === '-h') return '';
    if (!DEFAULTS.has(name)) return `“${name}” is not an option.`;
    if (value === undefined) return `${name} needs a value.`;
    given.set(name, value);
  }
  const list = (name: string) => (given.get(name) ?? DEFAULTS.get(name) ?? '').split(',').filter(Boolean);
  const numbers = (name: string) => list(name).map(Number);
  const parts = PARTS.filter((part) => list('--only').includes(part));
  const contestants = CONTESTANTS.filter((name) => list('--with').includes(name));
  if (parts.length !== list('--only').length) return `--only takes ${PARTS.join(', ')}.`;
  if (contestants.length !== list('--with').length) return `--with takes ${CONTESTANTS.join(', ')}.`;
  const bad = NUMBERS.find((name) => numbers(name).some((number) => !Number.isInteger(number) || number < 1));
  if (bad !== undefined) return `${bad} takes whole numbers from 1.`;
  const [repetitions = 3] = numbers('--reps');
  const [rttMs = 20] = numbers('--rtt');
  return {
    parts: new Set(parts),
    contestants,
    hosts: numbers('--hosts'),
    repetitions,
    rttMs,
    sandboxHosts: numbers('--sandbox-hosts'),
    tasks: numbers('--tasks'),
  };
}

const NUMBERS = ['--hosts', '--reps', '--rtt', '--sandbox-hosts', '--tasks'];

const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['--only', PARTS.join(',')],
  ['--with', CONTESTANTS.join(',')],
  ['--hosts', '8,24'],
  ['--reps', '3'],
  ['--rtt', '20'],
  ['--sandbox-hosts', '125,250,500'],
  ['--tasks', '1000,5000,10000'],
]);
