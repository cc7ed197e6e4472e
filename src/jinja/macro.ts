import type { Macro, Statement } from './ast.js';
import { evaluate } from './evaluate.js';
import { repr } from './python-text.js';
import type { Run } from './run.js';
import type { Scope } from './scope.js';
import { templateError } from './template-error.js';
import { Attributes, Tuple, Undefined, type Value } from './value.js';

type Captured = (body: readonly Statement[], scope: Scope, run: Run) => Value;

/** A macro as a value: callable, with `name`, `arguments` and what it accepts. */
export function createMacro(
  macro: Macro,
  scope: Scope,
  run: Run,
  captured: Captured,
  text = `<Macro ${repr(macro.name)}>`,
): Attributes {
  const attributes = new Map<string, Value>([
    ['name', macro.name],
    ['__str__', text],
    ['arguments', Tuple.from(macro.parameters.map(({ name }) => name))],
    ['caller', macro.usesCaller],
    ['catch_varargs', macro.usesVarargs],
    ['catch_kwargs', macro.usesKwargs],
  ]);
  return new Attributes('Macro', attributes, (args, kwargs) => {
    const { line } = run;
    const result = run.nested(() => captured(macro.body, bound(macro, args, kwargs, scope, run), run));
    run.line = line;
    return result;
  });
}

function bound(macro: Macro, args: Value[], kwargs: Map<string, Value>, scope: Scope, run: Run): Scope {
  const inner = scope.inner();
  const rest = new Map(kwargs);
  macro.parameters.forEach(({ name, fallback }, index) => {
    const positional = args[index];
    if (positional !== undefined && rest.has(name)) throw templateError(`The argument "${name}" is given twice.`);
    const given = positional === undefined ? rest.get(name) : positional;
    rest.delete(name);
    const missing = new Undefined(name, `parameter '${name}' was not provided`);
    if (given !== undefined) inner.set(name, given);
    else inner.set(name, fallback ? evaluate(fallback, inner, run) : missing);
  });
  if (macro.usesCaller && !macro.parameters.some(({ name }) => name === 'caller')) {
    inner.set('caller', rest.get('caller') ?? new Undefined('caller', 'No caller defined'));
    rest.delete('caller');
  }
  bindRest(macro, args.slice(macro.parameters.length), rest, inner);
  return inner;
}

function bindRest(macro: Macro, args: Value[], kwargs: Map<string, Value>, inner: Scope): void {
  if (macro.usesKwargs) inner.set('kwargs', new Map<Value, Value>(kwargs));
  else if (kwargs.has('caller'))
    throw templateError(`The macro "${macro.name}" was called with a caller but does not call it.`);
  else if (kwargs.size > 0)
    throw templateError(`The macro "${macro.name}" takes no argument "${[...kwargs.keys()][0]}".`);
  if (macro.usesVarargs) inner.set('varargs', Tuple.from(args));
  else if (args.length > 0)
    throw templateError(`The macro "${macro.name}" takes at most ${macro.parameters.length} arguments.`);
}
