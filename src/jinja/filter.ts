import { templateError } from './template-error.js';
import type { Value } from './value.js';

/** What filters, tests and functions may ask the engine for. */
export type CallContext = {
  filter(name: string, value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value;
  test(name: string, value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): boolean;
  /** `object[key]` with Jinja2's rules; Undefined when there is none. */
  item(object: Value, key: Value): Value;
  filterNames(): Iterable<string>;
  testNames(): Iterable<string>;
};

export type Filter = {
  (value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, context: CallContext): Value;
  /** Its value and arguments come as they are: an Unsafe is not unwrapped. */
  asIs?: true;
  /** Its result stays text even where it looks like a list or dict. */
  verbatim?: true;
};

export type Test = (
  value: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  context: CallContext,
) => boolean;

export type Bound = Record<string, Value | undefined>;

type Body<Result> = (value: Value, args: Bound, context: CallContext) => Result;

/** A filter with named parameters after its value, of which the first so many (`positional`, all by default) may come without their names. */
export function filter(
  names: readonly string[],
  body: Body<Value>,
  { positional, ...flags }: Pick<Filter, 'asIs' | 'verbatim'> & { positional?: number } = {},
): Filter {
  return Object.assign(
    (value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>, context: CallContext) =>
      body(value, bind(names, args, kwargs, positional), context),
    flags,
  );
}

/** A test with named parameters after its value. */
export function test(names: readonly string[], body: Body<boolean>): Test {
  return (value, args, kwargs, context) => body(value, bind(names, args, kwargs), context);
}

/** Arguments by parameter name. Throws TEMPLATE for too many, unknown or doubly given ones. */
export function bind(
  names: readonly string[],
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  most: number = names.length,
): Bound {
  if (args.length > most) {
    throw templateError(`At most ${most} argument${most === 1 ? ' is' : 's are'} taken, ${args.length} were given.`);
  }
  const bound: Bound = {};
  args.forEach((value, index) => {
    bound[names[index] ?? ''] = value;
  });
  for (const [name, value] of kwargs) {
    if (!names.includes(name)) throw templateError(`There is no argument "${name}".`);
    if (bound[name] !== undefined) throw templateError(`The argument "${name}" is given twice.`);
    bound[name] = value;
  }
  return bound;
}

/** An argument that has to be given. */
export function required(value: Value | undefined, name: string): Value {
  if (value === undefined) throw templateError(`The argument "${name}" is missing.`);
  return value;
}
