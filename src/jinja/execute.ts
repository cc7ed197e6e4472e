import { StarsError } from '../errors.js';
import { checkLength } from './length-limit.js';
import { assign } from './assign.js';
import type { FilterCall, Statement } from './ast.js';
import { evaluate, evaluateArguments } from './evaluate.js';
import { executeFor, type Signal } from './for-loop.js';
import { createMacro } from './macro.js';
import { str } from './python-text.js';
import { isCallable, truthy, typeName } from './python-value.js';
import type { Run } from './run.js';
import { Scope } from './scope.js';
import { templateError } from './template-error.js';
import { Attributes, Undefined, type Value } from './value.js';

/** Runs statements one after another; what they print is appended to `out`, piece by piece. */
export function execute(body: readonly Statement[], scope: Scope, run: Run, out: Value[]): Signal {
  for (const statement of body) {
    run.step();
    run.line = statement.line;
    const signal = executeOne(statement, scope, run, out);
    if (signal) return signal;
  }
  return undefined;
}

function executeOne(statement: Statement, scope: Scope, run: Run, out: Value[]): Signal {
  switch (statement.type) {
    case 'text':
      write(statement.text, run, out);
      return undefined;
    case 'output':
      for (const expression of statement.expressions)
        write(run.environment.finalize(evaluate(expression, scope, run)), run, out);
      return undefined;
    case 'if': {
      const branch = statement.branches.find(({ test }) => truthy(evaluate(test, scope, run)));
      return execute(branch?.body ?? statement.otherwise, scope, run, out);
    }
    case 'for':
      return executeFor(statement, { scope, run, out, execute });
    case 'set':
      assign(statement.target, evaluate(statement.value, scope, run), scope);
      return undefined;
    case 'set-block':
      assign(
        statement.target,
        filtered(captured(statement.body, scope.inner(), run), statement.filters, scope, run),
        scope,
      );
      return undefined;
    case 'macro':
      scope.set(statement.macro.name, createMacro(statement.macro, scope, run, captured));
      return undefined;
    case 'call-block':
      write(callBlock(statement, scope, run), run, out);
      return undefined;
    case 'filter-block':
      write(filtered(captured(statement.body, scope.inner(), run), statement.filters, scope, run), run, out);
      return undefined;
    case 'block':
    case 'scope':
      return execute(statement.body, scope.inner(), run, out);
    case 'with':
      return executeWith(statement, scope, run, out);
    case 'include':
      include(statement, scope, run, out);
      return undefined;
    case 'import':
      scope.set(
        statement.target,
        imported(evaluate(statement.template, scope, run), statement.withContext, scope, run),
      );
      return undefined;
    case 'from-import':
      fromImport(statement, scope, run);
      return undefined;
    case 'do':
      evaluate(statement.expression, scope, run);
      return undefined;
    case 'break':
    case 'continue':
      return statement.type;
  }
}

function write(value: Value, run: Run, out: Value[]): void {
  const piece =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)
      ? printable(value)
      : value;
  run.written(typeof piece === 'string' ? piece.length : 1);
  out.push(piece);
}

// An undefined value fails here, where the line is known, and not when the pieces are put together.
function printable(value: Value): Value {
  if (value instanceof Undefined) str(value);
  return value;
}

/** What a body prints, put together. */
export function captured(body: readonly Statement[], scope: Scope, run: Run): Value {
  const out: Value[] = [];
  execute(body, scope, run, out);
  return run.concat(out);
}

/** The plain way of putting printed pieces together: as one text. */
export function joinText(parts: readonly Value[]): string {
  const texts = parts.map(str);
  checkLength(texts.reduce((sum, text) => sum + text.length, 0));
  return texts.join('');
}

function filtered(value: Value, filters: FilterCall[], scope: Scope, run: Run): Value {
  return filters.reduce((input, { name, args, line }) => {
    const given = evaluateArguments(args, scope, run);
    run.line = line;
    return run.filter(name, input, given.args, given.kwargs);
  }, value);
}

function callBlock({ call, macro }: Extract<Statement, { type: 'call-block' }>, scope: Scope, run: Run): Value {
  if (call.type !== 'call') throw templateError('{% call %} needs the call of a macro.');
  const callee = evaluate(call.callee, scope, run);
  const { args, kwargs } = evaluateArguments(call.args, scope, run);
  if (!isCallable(callee)) throw templateError(`'${typeName(callee)}' object is not callable`);
  kwargs.set('caller', createMacro(macro, scope, run, captured, '<Macro anonymous>'));
  return callee.call(args, kwargs);
}

function executeWith(
  { bindings, body }: Extract<Statement, { type: 'with' }>,
  scope: Scope,
  run: Run,
  out: Value[],
): Signal {
  const inner = scope.inner();
  for (const { target, value } of bindings) assign(target, evaluate(value, scope, run), inner);
  return execute(body, inner, run, out);
}

function include(statement: Extract<Statement, { type: 'include' }>, scope: Scope, run: Run, out: Value[]): void {
  const found = load(evaluate(statement.template, scope, run), run);
  if (!found) {
    if (statement.ignoreMissing) return;
    throw missingTemplate(evaluate(statement.template, scope, run), run);
  }
  const inner = statement.withContext ? scope.inner() : globalScope(run);
  const included = run.inFile(found.file);
  included.nested(() => execute(found.template.body, inner, included, out));
}

function load(name: Value, run: Run) {
  const names = Array.isArray(name) ? name : [name];
  for (const candidate of names) {
    const found = run.environment.load?.(str(candidate), run.file);
    if (found) return found;
  }
  return undefined;
}

function missingTemplate(name: Value, run: Run): StarsError {
  const names = (Array.isArray(name) ? name : [name]).map(str).join(', ');
  return new StarsError('TEMPLATE', `The template ${names} was not found.`, {
    where: { file: run.file, line: run.line },
    hint: 'It is looked for beside the template that names it and in the templates folders of the role and the playbook.',
  });
}

function globalScope(run: Run): Scope {
  return new Scope((name) => run.environment.globals.get(name));
}

function imported(name: Value, withContext: boolean, scope: Scope, run: Run): Attributes {
  const found = load(name, run);
  if (!found) throw missingTemplate(name, run);
  const inner = withContext ? scope.inner() : globalScope(run);
  const module = run.inFile(found.file);
  const out: Value[] = [];
  module.nested(() => execute(found.template.body, inner, module, out));
  const exported = [...inner.variables].filter(([key]) => !key.startsWith('_'));
  return new Attributes('TemplateModule', new Map([...exported, ['__str__', joinText(out)] as const]));
}

function fromImport(statement: Extract<Statement, { type: 'from-import' }>, scope: Scope, run: Run): void {
  const module = imported(evaluate(statement.template, scope, run), statement.withContext, scope, run);
  for (const { name, alias } of statement.names) {
    const value = module.attributes.get(name);
    const missing = new Undefined(name, `the imported template does not export '${name}'`);
    scope.set(alias, value === undefined ? missing : value);
  }
}
