import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { dropOmitted } from '../templating/omit.js';
import type { Templar } from '../templating/templar.js';
import { plain } from '../templating/unsafe.js';
import type { AnyModule } from './module.js';
import type { Task } from './task.js';
import { pythonText } from './python-text.js';

/** Expressions, which the module evaluates itself. */
const LAZY_ARGUMENTS: Record<string, ReadonlySet<string>> = { assert: new Set(['that']) };

/** The task's arguments, templated and without those that are omitted; `_raw_params` is the free text of a module. */
export function templatedArguments(task: Task, templar: Templar, { freeText }: { freeText: boolean }): Dict {
  const args: Dict = new Map();
  const more = task.argsTemplate === undefined ? undefined : templar.template(task.argsTemplate, task.where);
  if (more instanceof Map) for (const [name, value] of more) args.set(name, value);
  const lazily = LAZY_ARGUMENTS[task.module];
  for (const [name, value] of task.args)
    if (!lazily?.has(pythonText(name))) args.set(name, templar.template(value, task.where));
  if (task.rawText !== undefined && freeText) readRawText(task.rawText, templar, task, args);
  const dropped = plain(dropOmitted(args));
  return dropped instanceof Map ? dropped : args;
}

/** Free text of a module: `_raw_params`, or a lone `{{ dict }}` that holds all its arguments. */
function readRawText(text: string, templar: Templar, task: Task, args: Dict): void {
  const value = templar.template(text, task.where);
  if (!(value instanceof Map)) args.set('_raw_params', value);
  else for (const [name, inner] of value) if (!args.has(name)) args.set(name, inner);
}

/** What the module's own schema makes of the arguments; PLAYBOOK says in words what is wrong with them. */
export function checkedArguments(module: AnyModule, args: Dict): unknown {
  const given: Record<string, Value> = {};
  for (const [name, value] of args) {
    const known = pythonText(name) === '_raw_params' && module.freeForm ? module.freeForm : pythonText(name);
    given[module.aliases?.[known] ?? known] = value;
  }
  const parsed = module.args.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `it has no argument ${issue.keys.join(', ')}`
      : [issue.path.join('.'), issue.message].filter((part) => part !== '').join(' '),
  );
  throw new StarsError('PLAYBOOK', `${module.name}: ${problems.join('; ')}.`, {
    hint: `It takes ${(argumentNames(module) ?? []).join(', ')}.`,
  });
}

/** Every spelling of the module's arguments, sorted; undefined when its schema does not say. */
export function argumentNames({ args, aliases, freeForm }: AnyModule): readonly string[] | undefined {
  const shape = shapeOf(args);
  if (!shape) return undefined;
  return [...Object.keys(shape), ...Object.keys(aliases ?? {}), ...(freeForm ? ['_raw_params'] : [])].sort();
}

function shapeOf(schema: unknown): object | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema && typeof schema.shape === 'object' && schema.shape !== null) return schema.shape;
  return 'out' in schema ? shapeOf(schema.out) : undefined;
}
