import { z } from 'zod';
import { StarsError } from '../errors.js';
import { type Dict, type Value, VaultText } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { argumentOutlines } from './argument-outline.js';
import { argumentShape, excludedNames } from './arguments.js';
import type { AnyModule } from './module.js';
import { pythonText } from './python-text.js';
import type { Task } from './task.js';

type Arguments = Pick<AnyModule, 'name' | 'args' | 'aliases' | 'exclusive' | 'oneNeeded' | 'freeForm'>;

/** Throws PLAYBOOK when a value that is given is none that its argument takes; missing ones and further ones are not looked at. */
export function checkValues(definition: Arguments, given: Dict): void {
  const [first] = wrongValues(definition, given);
  if (first) throw first;
}

/** What a host would fail with whatever is known later: written values that are none, and names that are missing or too many. */
export function* mistakesAsWritten(definition: Arguments, { args, ...task }: Task): Generator<StarsError> {
  const written = new Map([...args].filter(([, value]) => !isLater(value)));
  yield* wrongValues(definition, written);
  const names = new Set([...args].flatMap(([key, value]) => (value === null ? [] : [nameOf(definition, key)])));
  const excluded = excludedNames(definition, names);
  if (excluded !== undefined) yield new StarsError('PLAYBOOK', `${definition.name}: ${excluded}.`);
  const { rawText } = task;
  if (rawText?.trim() && definition.freeForm !== undefined) names.add(definition.freeForm);
  // What a default or a template adds is not known here.
  const open = rawText !== undefined && (definition.freeForm === undefined || looksLikeTemplate(rawText));
  if (open || task.argsTemplate !== undefined || task.scope.moduleDefaults.length > 0) return;
  yield* missingNames(definition, names);
}

function* missingNames(definition: Arguments, given: ReadonlySet<string>): Generator<StarsError> {
  for (const { name, required } of argumentOutlines(definition))
    if (required && !given.has(name)) yield new StarsError('PLAYBOOK', `${definition.name}: ${name} is required.`);
  for (const names of definition.oneNeeded ?? []) {
    if (names.some((name) => given.has(name))) continue;
    const missing = names.length > 1 ? `one of ${names.join(', ')} is` : `${names[0] ?? ''} is`;
    yield new StarsError('PLAYBOOK', `${definition.name}: ${missing} required.`);
  }
}

function* wrongValues(definition: Arguments, given: Dict): Generator<StarsError> {
  const shape = new Map<string, unknown>(Object.entries(argumentShape(definition.args) ?? {}));
  for (const [key, value] of given) {
    const argument = shape.get(nameOf(definition, key));
    const parsed = argument instanceof z.ZodType && value !== null ? argument.safeParse(value) : undefined;
    if (parsed?.success !== false) continue;
    const message = parsed.error.issues[0]?.message ?? 'is not valid';
    const hint = nearChoice(argument, value);
    yield new StarsError('PLAYBOOK', `${definition.name}: ${pythonText(key)} ${message}.`, hint ? { hint } : {});
  }
}

function nearChoice(argument: unknown, value: Value): string | undefined {
  const outline = argumentOutlines({ args: z.object({ it: argument as z.ZodType }) })[0];
  return outline?.choices && didYouMean(pythonText(value), outline.choices);
}

function nameOf({ aliases, freeForm }: Arguments, key: Value): string {
  const name = pythonText(key);
  return name === '_raw_params' && freeForm !== undefined ? freeForm : (aliases?.[name] ?? name);
}

/** Whether a value holds what only the run will know. */
function isLater(value: Value): boolean {
  if (typeof value === 'string') return looksLikeTemplate(value);
  if (Array.isArray(value)) return value.some(isLater);
  if (value instanceof Map) return [...value].some((pair) => pair.some(isLater));
  return value instanceof VaultText;
}
