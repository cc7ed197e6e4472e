import type { Value } from '../../jinja/value.js';
import { looksLikeTemplate } from '../../templating/unsafe.js';
import { pythonText } from '../python-text.js';
import { INHERITED } from '../keywords.js';
import type { Task } from '../task.js';

const EXPRESSIONS = ['changed_when', 'failed_when', 'until'];
const TEMPLATES = [...INHERITED, 'retries', 'delay', 'delegate_facts', 'throttle'];

/** What a task evaluates as an expression: its conditions and what `assert` and `debug` ask. */
export function* expressionsOf(task: Task): Generator<string> {
  for (const condition of task.scope.when) yield* conditionTexts(condition);
  for (const name of EXPRESSIONS) yield* conditionTexts(task.keywords.get(name) ?? null);
  if (task.module === 'assert') yield* conditionTexts(task.args.get('that') ?? null);
  const variable = task.module === 'debug' ? task.args.get('var') : undefined;
  if (typeof variable === 'string') yield variable;
}

/** The conditions on a task and around it. */
export function conditionsOf(task: Task): readonly Value[] {
  return task.scope.when;
}

/** The texts of a task with templates in them. */
export function* templatesOf(task: Task): Generator<string> {
  const expressions = task.module === 'assert' ? ['that'] : task.module === 'debug' ? ['var'] : [];
  for (const [name, value] of task.args) if (!expressions.includes(pythonText(name))) yield* textsIn(value);
  yield* textsIn([task.rawText ?? null, task.argsTemplate ?? null, task.loop?.value ?? null]);
  yield* textsIn(task.loopControl ?? null);
  for (const name of TEMPLATES) yield* textsIn(task.keywords.get(name) ?? task.scope.keywords.get(name) ?? null);
  yield* textsIn([...task.scope.environment]);
  yield* textsIn([...task.scope.notify]);
}

/** Every text with a template in a value. */
export function* textsIn(value: Value): Generator<string> {
  if (typeof value === 'string') {
    if (looksLikeTemplate(value)) yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* textsIn(item);
  } else if (value instanceof Map) {
    for (const [key, inner] of value) {
      yield* textsIn(key);
      yield* textsIn(inner);
    }
  }
}

function* conditionTexts(value: Value): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* conditionTexts(item);
  else if (typeof value === 'string' && value.trim() !== '') yield value;
}
