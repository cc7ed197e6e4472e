import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';

export const includeTasks: ControlModule = { freeForm: true, run: tasks };

/** The old include hands on every other argument as a variable. */
export const include: ControlModule = { freeForm: true, run: tasks };

export const importRole: ControlModule = { run: role };

export const includeRole: ControlModule = { run: role };

function tasks(call: ControlCall): ControlResult {
  const target = tasksFile(call);
  if (target === '') return failed('No file was named to include.');
  return {
    ...done({ include: target }),
    includes: [{ kind: 'tasks', target, args: call.args, vars: call.loopVars }],
  };
}

/** The file of tasks that is named: free text counts before `file`. */
function tasksFile({ args, rawText, templar, where }: ControlCall): string {
  const free = args.get('_raw_params') ?? (rawText === undefined ? undefined : templar.template(rawText, where));
  return pythonText(free ?? args.get('file') ?? '').trim();
}

/** The file that the task names. */
export function targetOf({ args, rawText, templar, where }: ControlCall): string {
  const value = args.get('file') ?? args.get('_raw_params') ?? templar.template(rawText ?? '', where);
  return pythonText(value).trim();
}

function role({ args, loopVars }: ControlCall): ControlResult {
  const name = pythonText(args.get('name') ?? args.get('role') ?? '');
  if (name === '') return failed("'name' is a required field for include_role.");
  return { ...done({ include: name }), includes: [{ kind: 'role', target: name, args, vars: loopVars }] };
}
