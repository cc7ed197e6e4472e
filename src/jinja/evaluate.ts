import { binary, negate } from './arithmetic.js';
import { checkLength } from './length-limit.js';
import type { Arguments, Comparison, Expression } from './ast.js';
import { attribute, item, slice } from './lookup.js';
import { str } from './python-text.js';
import {
  compare,
  contains,
  dictSet,
  equals,
  isCallable,
  iterate,
  toNumber,
  truthy,
  typeName,
  unwrap,
} from './python-value.js';
import type { Run } from './run.js';
import type { Scope } from './scope.js';
import { templateError, undefinedError } from './template-error.js';
import { type Dict, Float, Tuple, Undefined, type Value } from './value.js';

/** The value of an expression. Throws TEMPLATE, UNDEFINED_VARIABLE or UNSUPPORTED. */
export function evaluate(node: Expression, scope: Scope, run: Run): Value {
  run.step();
  run.line = node.line;
  switch (node.type) {
    case 'constant':
      return node.value;
    case 'name':
      return named(scope.get(node.name), node.name);
    case 'list':
      return node.items.map((inner) => evaluate(inner, scope, run));
    case 'tuple':
      return Tuple.from(node.items.map((inner) => evaluate(inner, scope, run)));
    case 'dict':
      return dict(node.pairs, scope, run);
    case 'attribute':
      return attribute(evaluate(node.object, scope, run), node.name);
    case 'item':
      return subscript(node.object, node.key, scope, run);
    case 'slice':
      throw templateError('A slice stands outside brackets.');
    case 'call':
      return call(node, scope, run);
    case 'filter':
      return applyFilter(node, scope, run);
    case 'test':
      return applyTest(node, scope, run);
    case 'not':
      return !truthy(evaluate(node.operand, scope, run));
    case 'negative':
      return negate(unwrap(evaluate(node.operand, scope, run)));
    case 'positive':
      return positive(evaluate(node.operand, scope, run));
    case 'and': {
      const left = evaluate(node.left, scope, run);
      return truthy(left) ? evaluate(node.right, scope, run) : left;
    }
    case 'or': {
      const left = evaluate(node.left, scope, run);
      return truthy(left) ? left : evaluate(node.right, scope, run);
    }
    case 'binary':
      return binary(node.operator, evaluate(node.left, scope, run), evaluate(node.right, scope, run));
    case 'concat':
      return concat(node.parts.map((part) => str(evaluate(part, scope, run))));
    case 'compare':
      return chain(node.first, node.rest, scope, run);
    case 'conditional':
      return conditional(node, scope, run);
  }
}

function named(value: Value | undefined, name: string): Value {
  return value === undefined ? new Undefined(name) : value;
}

function dict(pairs: { key: Expression; value: Expression }[], scope: Scope, run: Run): Dict {
  const result: Dict = new Map();
  for (const { key, value } of pairs) dictSet(result, evaluate(key, scope, run), evaluate(value, scope, run));
  return result;
}

function subscript(objectNode: Expression, key: Expression, scope: Scope, run: Run): Value {
  const object = evaluate(objectNode, scope, run);
  if (key.type !== 'slice') return item(object, evaluate(key, scope, run));
  const bound = (node: Expression | undefined) => node && evaluate(node, scope, run);
  return slice(object, { start: bound(key.start), stop: bound(key.stop), step: bound(key.step) });
}

function call(node: Extract<Expression, { type: 'call' }>, scope: Scope, run: Run): Value {
  const callee = evaluate(node.callee, scope, run);
  if (callee instanceof Undefined) throw undefinedError(callee);
  const { args, kwargs } = evaluateArguments(node.args, scope, run);
  run.line = node.line;
  if (!isCallable(callee)) throw templateError(`'${typeName(callee)}' object is not callable`);
  return callee.call(args.map(unwrap), new Map([...kwargs].map(([name, value]) => [name, unwrap(value)])));
}

/** Arguments in the order and by the names in which they are given. */
export function evaluateArguments(
  { positional, keywords, spread, spreadKeywords }: Arguments,
  scope: Scope,
  run: Run,
): { args: Value[]; kwargs: Map<string, Value> } {
  const args = positional.map((node) => evaluate(node, scope, run));
  const kwargs = new Map(keywords.map(({ name, value }) => [name, evaluate(value, scope, run)] as const));
  if (spread) args.push(...iterate(evaluate(spread, scope, run)));
  if (spreadKeywords) {
    const more = unwrap(evaluate(spreadKeywords, scope, run));
    if (!(more instanceof Map)) throw templateError('Only a dict can be spread with **.');
    for (const [key, value] of more) kwargs.set(str(key), value);
  }
  return { args, kwargs };
}

function applyFilter(node: Extract<Expression, { type: 'filter' }>, scope: Scope, run: Run): Value {
  const input = evaluate(node.input, scope, run);
  const { args, kwargs } = evaluateArguments(node.args, scope, run);
  run.line = node.line;
  return run.filter(node.name, input, args, kwargs);
}

function applyTest(node: Extract<Expression, { type: 'test' }>, scope: Scope, run: Run): boolean {
  const input = evaluate(node.input, scope, run);
  const { args, kwargs } = evaluateArguments(node.args, scope, run);
  run.line = node.line;
  return run.test(node.name, input, args, kwargs);
}

function positive(value: Value): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  const number = toNumber(value);
  if (number === undefined) throw templateError(`bad operand type for unary +: '${typeName(value)}'`);
  return value instanceof Float ? value : number;
}

function concat(parts: string[]): string {
  checkLength(parts.reduce((sum, part) => sum + part.length, 0));
  return parts.join('');
}

function chain(
  first: Expression,
  rest: { operator: Comparison; operand: Expression }[],
  scope: Scope,
  run: Run,
): boolean {
  let left = evaluate(first, scope, run);
  for (const { operator, operand } of rest) {
    const right = evaluate(operand, scope, run);
    if (!holds(operator, left, right)) return false;
    left = right;
  }
  return true;
}

/** One comparison as Python makes it. */
export function holds(operator: Comparison, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return compare(left, right, operator) < 0;
    case '<=':
      return compare(left, right, operator) <= 0;
    case '>':
      return compare(left, right, operator) > 0;
    case '>=':
      return compare(left, right, operator) >= 0;
  }
}

function conditional(node: Extract<Expression, { type: 'conditional' }>, scope: Scope, run: Run): Value {
  if (truthy(evaluate(node.test, scope, run))) return evaluate(node.whenTrue, scope, run);
  if (node.otherwise) return evaluate(node.otherwise, scope, run);
  return new Undefined(
    'inline if',
    "the inline if-expression evaluated to false and no 'else' section was defined.",
    true,
  );
}
