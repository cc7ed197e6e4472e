import type { Dict, Value } from '../jinja/value.js';
import { pythonText } from './python-text.js';
import type { Role } from './role.js';
import type { Scope } from './scope.js';
import { ownTask, type Task } from './task.js';

/** The task that checks a role's arguments before its first own task; none when the role does not say what it takes. */
export function argumentCheck(role: Role, entryPoint: string, scope: Scope): Task[] {
  const spec = role.argumentSpecs.get(entryPoint);
  const options = spec instanceof Map ? spec.get('options') : undefined;
  if (!(spec instanceof Map) || !(options instanceof Map) || options.size === 0) return [];
  const about = spec.get('short_description');
  const description = about === undefined || about === null ? '' : ` - ${pythonText(about)}`;
  return [
    ownTask({
      name: `Validating arguments against arg spec '${entryPoint}'${description}`,
      module: 'validate_argument_spec',
      args: new Map<Value, Value>([
        ['argument_spec', options],
        ['validate_args_context', contextOf(role, entryPoint)],
      ]),
      scope: { ...scope, tags: [...scope.tags, 'always'], notify: [] },
      outer: scope,
      where: { file: role.tasks.file, line: 1, column: 1 },
    }),
  ];
}

function contextOf(role: Role, entryPoint: string): Dict {
  return new Map<Value, Value>([
    ['type', 'role'],
    ['name', role.name],
    ['argument_spec_name', entryPoint],
    ['path', role.path],
  ]);
}
