import { changesIn, contestants } from './contestants.js';
import { startFleet } from './fleet.js';
import { type Cost, removeGroup } from './measure.js';
import type { BenchOptions, ContestantName } from './options.js';
import { phasesOf } from './phases.js';

type Print = (line: Record<string, unknown>) => void;
type Sample = { first: Cost; converge: Cost };

/** Each contestant on fresh hosts, first apply and then a run that finds nothing to do, in turn so that a slow hour hits all alike. */
export async function benchProvision(hosts: number, options: BenchOptions, print: Print): Promise<void> {
  const { rttMs, repetitions } = options;
  const setting = { hosts, rttMs };
  const samples = new Map<ContestantName, Sample[]>();
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const name of options.contestants) {
      const { first, converge, phases } = await sample(name, hosts, rttMs);
      samples.set(name, [...(samples.get(name) ?? []), { first, converge }]);
      print({
        bench: 'provision',
        ...setting,
        repetition,
        contestant: name,
        first: rounded(first),
        converge: rounded(converge),
      });
      if (phases && repetition === repetitions) print({ bench: 'phases', ...setting, contestant: name, ...phases });
    }
  }
  const medians = new Map([...samples].map(([name, all]) => [name, medianOf(all)]));
  for (const [name, { first, converge }] of medians)
    print({ bench: 'median', ...setting, contestant: name, first: rounded(first), converge: rounded(converge) });
  printRatios(medians, setting, print);
}

async function sample(name: ContestantName, hosts: number, rttMs: number) {
  const fleet = await startFleet(hosts, rttMs);
  try {
    const first = await contestants[name](fleet);
    const converge = await contestants[name](fleet);
    const changes = { first: changesIn(first.output), converge: changesIn(converge.output) };
    if (changes.first === 0 || changes.converge !== 0)
      throw new Error(
        `${name} changed ${changes.first} things at first and ${changes.converge} when there was nothing to do.`,
      );
    return { first, converge, phases: name === 'stars' ? await phasesOf(fleet) : undefined };
  } finally {
    removeGroup();
    await fleet.stop();
  }
}

function printRatios(
  medians: ReadonlyMap<ContestantName, Sample>,
  setting: Record<string, number>,
  print: Print,
): void {
  const stars = medians.get('stars');
  if (!stars) return;
  for (const [name, other] of medians) {
    if (name === 'stars') continue;
    const timesFaster = (run: 'first' | 'converge') => Number((other[run].wall / stars[run].wall).toPrecision(3));
    const ofTheirs = (run: 'first' | 'converge') => Number((stars[run].wall / other[run].wall).toPrecision(3));
    print(
      name === 'script'
        ? {
            bench: 'ratio',
            ...setting,
            what: 'stars / script',
            first: ofTheirs('first'),
            converge: ofTheirs('converge'),
          }
        : {
            bench: 'ratio',
            ...setting,
            what: `${name} / stars`,
            first: timesFaster('first'),
            converge: timesFaster('converge'),
          },
    );
  }
}

function medianOf(samples: readonly Sample[]): Sample {
  const of = (run: 'first' | 'converge', field: keyof Cost) => median(samples.map((one) => one[run][field]));
  const cost = (run: 'first' | 'converge'): Cost => ({
    wall: of(run, 'wall'),
    controllerCpu: of(run, 'controllerCpu'),
    hostCpu: of(run, 'hostCpu'),
    memoryMb: of(run, 'memoryMb'),
  });
  return { first: cost('first'), converge: cost('converge') };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? 0;
  return (low + (sorted[Math.floor(middle)] ?? low)) / 2;
}

function rounded({ wall, controllerCpu, hostCpu, memoryMb }: Cost): Record<string, number> {
  const hundredths = (number: number) => Math.round(number * 100) / 100;
  return {
    wallS: hundredths(wall),
    controllerCpuS: hundredths(controllerCpu),
    hostCpuS: hundredths(hostCpu),
    memoryMb,
  };
}
