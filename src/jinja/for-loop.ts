import { assign } from './assign.js';
import type { Statement } from './ast.js';
import { evaluate } from './evaluate.js';

import { equals, iterate, truthy, unwrap } from './python-value.js';
import type { Run } from './run.js';
import type { Scope } from './scope.js';
import { templateError } from './template-error.js';
import { Attributes, Undefined, type Value } from './value.js';

type For = Extract<Statement, { type: 'for' }>;

/** How a body ended when a loop has to know. */
export type Signal = 'break' | 'continue' | undefined;

type Place = {
  scope: Scope;
  run: Run;
  out: Value[];
  execute: (body: readonly Statement[], scope: Scope, run: Run, out: Value[]) => Signal;
};

/** `{% for %}` with its filter, `else`, `recursive` and the `loop` variable. */
export function executeFor(statement: For, place: Place): Signal {
  const iterable = evaluate(statement.iterable, place.scope, place.run);
  return loopOver(statement, unwrap(iterable), 0, place);
}

function loopOver(statement: For, iterable: Value, depth: number, place: Place): Signal {
  const { scope, run, out, execute } = place;
  const items = selected(statement, [...iterate(iterable)], scope, run);
  if (items.length === 0) return execute(statement.otherwise, scope.inner(), run, out);
  const loop = statement.usesLoop || statement.recursive ? createLoop(statement, items, depth, place) : undefined;
  for (const [index, item] of items.entries()) {
    run.step();
    const inner = scope.inner();
    if (loop) inner.set('loop', loop.at(index));
    assign(statement.target, item, inner);
    if (execute(statement.body, inner, run, out) === 'break') break;
  }
  return undefined;
}

function selected(statement: For, items: Value[], scope: Scope, run: Run): Value[] {
  const { condition, target } = statement;
  if (!condition) return items;
  return items.filter((item) => {
    const inner = scope.inner();
    inner.set(
      'loop',
      new Undefined(
        'loop',
        "'loop' is undefined. the filter section of a loop cannot access the special loop variable.",
      ),
    );
    assign(target, item, inner);
    return truthy(evaluate(condition, inner, run));
  });
}

/** The `loop` variable of one loop; `at` moves it to an iteration. */
function createLoop(
  statement: For,
  items: readonly Value[],
  depth: number,
  place: Place,
): { at(index: number): Attributes } {
  let position = 0;
  let lastChanged: Value[] | undefined;
  const cycle = (args: Value[]): Value => {
    if (args.length === 0) throw templateError('loop.cycle() needs something to cycle through.');
    return args[position % args.length] ?? null;
  };
  const changed = (args: Value[]): boolean => {
    const same =
      lastChanged !== undefined &&
      lastChanged.length === args.length &&
      args.every((arg, i) => equals(arg, lastChanged?.[i] ?? null));
    lastChanged = args;
    return !same;
  };
  const recurse = (args: Value[]): Value => {
    if (!statement.recursive) throw templateError('The loop must have the "recursive" keyword to be called.');
    const out: Value[] = [];
    const at = position;
    place.run.nested(() => loopOver(statement, unwrap(args[0] ?? null), depth + 1, { ...place, out }));
    position = at;
    return place.run.concat(out);
  };
  return {
    at(index) {
      position = index;
      const neighbour = (other: number, which: string) =>
        other >= 0 && other < items.length ? (items[other] ?? null) : new Undefined(which, `there is no ${which} item`);
      const attributes = new Map<string, Value>([
        ['index', index + 1],
        ['index0', index],
        ['revindex', items.length - index],
        ['revindex0', items.length - index - 1],
        ['first', index === 0],
        ['last', index === items.length - 1],
        ['length', items.length],
        ['depth', depth + 1],
        ['depth0', depth],
        ['previtem', neighbour(index - 1, 'previous')],
        ['nextitem', neighbour(index + 1, 'next')],
        ['cycle', { call: cycle }],
        ['changed', { call: changed }],
      ]);
      return new Attributes('LoopContext', attributes, recurse);
    },
  };
}
