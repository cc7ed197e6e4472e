import { holds } from './evaluate.js';
import { type Bound, required, test, type Test } from './filter.js';
import { str } from './python-text.js';
import { contains, isCallable, isInteger, isIterable, isNumber, isText, iterate, toNumber } from './python-value.js';
import { isLower, isUpper } from './text.js';
import { binary } from './arithmetic.js';
import type { Comparison } from './ast.js';
import { undefinedError } from './template-error.js';
import { Float, Undefined, type Value } from './value.js';

/** Jinja2's tests. */
export const builtinTests: Record<string, Test> = {
  defined: test([], (value) => !(value instanceof Undefined)),
  undefined: test([], (value) => value instanceof Undefined),
  none: test([], (value) => value === null),
  boolean: test([], (value) => typeof value === 'boolean'),
  true: test([], (value) => value === true),
  false: test([], (value) => value === false),
  integer: test([], (value) => isInteger(value)),
  float: test([], (value) => value instanceof Float),
  number: test([], (value) => isNumber(value) || typeof value === 'boolean'),
  string: test([], isText),
  mapping: test([], (value) => value instanceof Map),
  sequence: test([], isIterable),
  iterable: test([], (value) => {
    if (value instanceof Undefined) iterate(value);
    return isIterable(value);
  }),
  callable: test([], (value) => isCallable(value) || value instanceof Undefined),
  odd: test([], (value) => toNumber(binary('%', value, 2)) === 1),
  even: test([], (value) => toNumber(binary('%', value, 2)) === 0),
  divisibleby: test(['num'], (value, { num }) => toNumber(binary('%', value, required(num, 'num'))) === 0),
  lower: test([], (value) => isLower(str(value))),
  upper: test([], (value) => isUpper(str(value))),
  sameas: test(['other'], (value, { other }) => {
    const same = required(other, 'other');
    return Object.is(value, same) || (isInteger(value) && value === same);
  }),
  escaped: test([], () => false),
  in: test(['seq'], (value, { seq }) => contains(required(seq, 'seq'), value)),
  filter: test([], (value, _args, context) => isText(value) && [...context.filterNames()].includes(str(value))),
  test: test([], (value, _args, context) => isText(value) && [...context.testNames()].includes(str(value))),
  ...comparison('==', 'eq', 'equalto'),
  ...comparison('!=', 'ne'),
  ...comparison('<', 'lt', 'lessthan'),
  ...comparison('<=', 'le'),
  ...comparison('>', 'gt', 'greaterthan'),
  ...comparison('>=', 'ge'),
};

function comparison(operator: Comparison, ...aliases: string[]): Record<string, Test> {
  const compared = test(['other'], (value, { other }: Bound) =>
    holds(operator, defined(value), required(other, 'other')),
  );
  return Object.fromEntries([operator, ...aliases].map((name) => [name, compared]));
}

function defined(value: Value): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  return value;
}
