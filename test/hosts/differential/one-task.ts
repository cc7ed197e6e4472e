import type { DifferentialCase } from './case.js';
import { type Parameters, pairwise } from './pairwise.js';

export type Arguments = Readonly<Record<string, unknown>>;

/** A case of one task, named after its arguments and what was there before. */
export function oneTask(
  module: string,
  args: Arguments,
  setup?: string,
  more: Partial<DifferentialCase> = {},
): DifferentialCase {
  const after = setup === undefined ? '' : ` after ${setup.trim().replaceAll(/\s+/g, ' ').slice(0, 80)}`;
  return {
    name: `${JSON.stringify(args)}${after}`,
    tasks: taskOf(module, args),
    ...(setup === undefined ? {} : { setup }),
    ...more,
  };
}

export function taskOf(module: string, args: Arguments): string {
  return JSON.stringify([{ [module]: args }]);
}

/** A case for each row of the arguments' pairwise values; `before` names what was there, as shell. `NNN` is a number that no other row has. */
export function generated(
  module: string,
  parameters: Parameters,
  { always = {}, before = {}, more = () => ({}), from = 100 }: Generation = {},
): DifferentialCase[] {
  const named: Parameters = Object.keys(before).length > 0 ? { [WHAT_WAS_THERE]: Object.keys(before) } : {};
  return pairwise({ ...named, ...parameters }).map(({ [WHAT_WAS_THERE]: what, ...args }, index) => {
    const given = { ...always, ...args };
    const label = typeof what === 'string' ? what : undefined;
    const name = `${JSON.stringify(given)}${label === undefined ? '' : ` where ${label}`}`;
    const setup = label === undefined ? undefined : before[label];
    return numbered(oneTask(module, given, setup, { name, ...more(given, label) }), from + index);
  });
}

/** No module has an argument of this name, as `replace` has `before`. */
const WHAT_WAS_THERE = 'what was there';

/** The case with its number in place of `NNN`. */
export function numbered(one: DifferentialCase, number: number): DifferentialCase {
  const { name, tasks, setup, probe } = one;
  const filled = Object.entries({ name, tasks, setup, probe }).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, text.replaceAll('NNN', String(number))] as const],
  );
  return { ...one, ...Object.fromEntries(filled) };
}

type Generation = {
  always?: Arguments;
  before?: Readonly<Record<string, string>>;
  more?: (args: Arguments, before: string | undefined) => Partial<DifferentialCase>;
  from?: number;
};
