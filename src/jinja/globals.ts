import { toIndex } from './arithmetic.js';
import { bind } from './filter.js';
import { pairs } from './dict-methods.js';
import { str } from './python-text.js';
import { dictSet } from './python-value.js';
import { templateError } from './template-error.js';
import { Attributes, type Callable, type Dict, type Value } from './value.js';

const MAX_RANGE = 1_000_000;

/** Jinja2's global functions. */
export const builtinGlobals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['range', callable((args) => range(args.map((arg) => toIndex(arg, 'range() arguments'))))],
  ['dict', callable((args, kwargs) => dict(args, kwargs))],
  [
    'namespace',
    callable(
      (args, kwargs) =>
        new Attributes('Namespace', new Map([...dict(args, kwargs)].map(([key, value]) => [str(key), value]))),
    ),
  ],
  ['cycler', callable((args) => cycler(args))],
  ['joiner', callable((args, kwargs) => joiner(str(bind(['sep'], args, kwargs)['sep'] ?? ', ')))],
]);

function callable(call: Callable['call']): Callable {
  return { call };
}

function range(args: number[]): Value[] {
  const [start, stop, step] = args.length === 1 ? [0, args[0] ?? 0, 1] : [args[0] ?? 0, args[1] ?? 0, args[2] ?? 1];
  if (args.length < 1 || args.length > 3) throw templateError('range() takes one to three numbers.');
  if (step === 0) throw templateError('range() arg 3 must not be zero');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw templateError(`range() may count up to ${MAX_RANGE} numbers.`);
  return Array.from({ length }, (_, index) => start + index * step);
}

function dict(args: Value[], kwargs: Map<string, Value>): Dict {
  const result: Dict = new Map();
  if (args.length > 1) throw templateError('dict() takes at most one argument besides named ones.');
  for (const [key, value] of args[0] === undefined ? [] : pairs(args[0])) dictSet(result, key, value);
  for (const [key, value] of kwargs) result.set(key, value);
  return result;
}

function cycler(items: Value[]): Attributes {
  if (items.length === 0) throw templateError('at least one item has to be provided');
  const attributes = new Map<string, Value>();
  let position = 0;
  const move = (to: number) => {
    position = to % items.length;
    attributes.set('current', items[position] ?? null);
  };
  const next = () => {
    const current = items[position] ?? null;
    move(position + 1);
    return current;
  };
  attributes.set('next', callable(next));
  attributes.set(
    'reset',
    callable(() => (move(0), null)),
  );
  move(0);
  return new Attributes('Cycler', attributes);
}

function joiner(separator: string): Attributes {
  let used = false;
  return new Attributes('Joiner', new Map(), () => {
    const text = used ? separator : '';
    used = true;
    return text;
  });
}
