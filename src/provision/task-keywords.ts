import type { Dict, Value } from '../jinja/value.js';
import { Unsafe } from '../jinja/value.js';
import { OMIT } from '../templating/omit.js';
import type { Templar } from '../templating/templar.js';
import type { Reach } from './host-run.js';
import { FLAGS } from './keywords.js';
import { playbookError } from './playbook-error.js';
import { isFlag, isTrue } from './task-result.js';
import type { Task } from './task.js';
import { pythonText } from './python-text.js';

/** A keyword of the task or of what surrounds it, templated; undefined when nobody set it. */
export function keywordOf(task: Task, templar: Templar, name: string): Value | undefined {
  const raw = task.keywords.get(name) ?? task.scope.keywords.get(name);
  const value = raw === undefined || raw === null ? undefined : templar.template(raw, task.where);
  return value === OMIT ? undefined : value;
}

export function flagOf(task: Task, templar: Templar, name: string): boolean {
  return isTrue(keywordOf(task, templar, name));
}

/** The word for yes or no is checked when the task runs, as in Ansible: PLAYBOOK for a template that yields neither. */
export function requireFlags(task: Task, templar: Templar): void {
  for (const name of FLAGS) {
    const value = keywordOf(task, templar, name) ?? false;
    if (!isFlag(value)) throw playbookError(`${name} must be yes or no, not “${pythonText(value)}”.`, task.where);
  }
}

/** How the task wants its host reached: by keywords, and by variables that are said nearer to it than in the inventory. */
export function reachOf(task: Task, templar: Templar, variables: Dict): Reach {
  const text = (name: string) => {
    const value = keywordOf(task, templar, name);
    return value === undefined ? undefined : pythonText(value);
  };
  const [connection, user, port] = [text('connection'), text('remote_user'), text('port')];
  return {
    ...(connection === undefined ? {} : { connection }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(variables.size > 0 ? { variables } : {}),
  };
}

/** Whether all conditions on the task and around it hold. */
export function holds(task: Task, templar: Templar): boolean {
  return task.scope.when.every((condition) => templar.condition(condition, task.where));
}

/** The environment of the task's commands: that of the play, of blocks and of the task, the innermost winning. */
export function environmentOf(task: Task, templar: Templar): ReadonlyMap<string, string> {
  const merged = new Map<string, string>();
  for (const raw of task.scope.environment) {
    const value = templar.template(raw, task.where);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part instanceof Map) for (const [name, inner] of part) merged.set(pythonText(name), textOf(inner, templar));
    }
  }
  return merged;
}

function textOf(value: Value, templar: Templar): string {
  if (typeof value === 'string') return value;
  if (value instanceof Unsafe) return value.text;
  return pythonText(templar.withVariables(new Map([['it', value]])).evaluate('it | string'));
}
