import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { keyPosition } from '../yaml/position.js';
import { INCLUDE_KEYWORDS, TASK_KEYWORDS } from './keywords.js';
import { playbookError, type Report } from './playbook-error.js';

type Including = { module: string; args: Dict; where: Position | undefined };

/** Refuses keywords that would do nothing beside an include, and an `apply` that holds none. */
export function checkInclude(entry: Dict, { module, args, where }: Including, report: Report): void {
  if (module !== 'include_tasks' && module !== 'include_role') return;
  for (const key of entry.keys()) {
    if (typeof key !== 'string' || !TASK_KEYWORDS.has(key) || INCLUDE_KEYWORDS.has(key)) continue;
    const hint = `Write it below “apply”, or on what is included.`;
    report(playbookError(`${module} does not take “${key}”.`, keyPosition(entry, key) ?? where, hint));
  }
  const apply = args.get('apply');
  if (apply === undefined || apply instanceof Map) return;
  report(playbookError(`${module}: apply must be a mapping of keywords.`, placeOf(entry, module) ?? where));
}

function placeOf(entry: Dict, module: string): Position | undefined {
  const given = [entry.get(module), entry.get('args')].filter((one): one is Dict => isDict(one));
  return given.flatMap((one) => keyPosition(one, 'apply') ?? [])[0];
}

function isDict(value: Value | undefined): value is Dict {
  return value instanceof Map;
}
