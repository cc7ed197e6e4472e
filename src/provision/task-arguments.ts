import type { Dict, Value } from '../jinja/value.js';
import { dropOmitted } from '../templating/omit.js';
import type { Templar } from '../templating/templar.js';
import { plain } from '../templating/unsafe.js';
import type { Task } from './task.js';
import { pythonText } from './python-text.js';

/** Expressions, which the module evaluates itself. */
const LAZY_ARGUMENTS: Record<string, ReadonlySet<string>> = { assert: new Set(['that']) };

/** The task's arguments as written over the defaults that it and what surrounds it give to its module. */
export function argumentsWithDefaults(task: Task, templar: Templar): Dict {
  const names = task.module === 'gather_facts' ? ['setup', task.module] : [task.module];
  const defaults = names.flatMap((name) => [...moduleDefaults(task, name, templar)]);
  return defaults.length === 0 ? task.args : new Map([...defaults, ...task.args]);
}

/** The innermost `module_defaults` that names the module counts, whole. */
function moduleDefaults({ scope, where }: Task, module: string, templar: Templar): Dict {
  for (const layer of scope.moduleDefaults.toReversed()) {
    const given = layer.get(module);
    if (given === undefined) continue;
    const value: Value = templar.isTemplate(given) ? templar.template(given, where) : given;
    if (value instanceof Map) return value;
  }
  return new Map();
}

/** What `module_defaults` say for the module to which the task's own hands on, templated. */
export function defaultsOf(module: string, task: Task, templar: Templar): Record<string, Value> {
  const defaults = [...moduleDefaults(task, module, templar)];
  const given = plain(
    dropOmitted(new Map(defaults.map(([name, value]) => [name, templar.template(value, task.where)]))),
  );
  return given instanceof Map ? Object.fromEntries([...given].map(([name, value]) => [pythonText(name), value])) : {};
}

/** The task's arguments, templated and without those that are omitted; `_raw_params` is the free text of a module. */
export function templatedArguments(task: Task, templar: Templar, { freeText }: { freeText: boolean }): Dict {
  const args: Dict = new Map();
  const more = task.argsTemplate === undefined ? undefined : templar.template(task.argsTemplate, task.where);
  if (more instanceof Map) for (const [name, value] of more) args.set(name, value);
  const lazily = LAZY_ARGUMENTS[task.module];
  for (const [name, value] of argumentsWithDefaults(task, templar))
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
