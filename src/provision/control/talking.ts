import { type Position, StarsError } from '../../errors.js';
import { str } from '../../jinja/python-text.js';
import { isText } from '../../jinja/python-value.js';
import type { Dict, Value } from '../../jinja/value.js';
import type { Templar } from '../../templating/templar.js';
import { dictOf, plainOf } from '../task-result.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';

// Modules that only say something.

export const debug: ControlModule = { run: say };

export const fail: ControlModule = {
  run: ({ args }) => failed(pythonText(args.get('msg') ?? 'Failed as requested from task')),
};

export const assert: ControlModule = { run: check };

function say({ args, raw, templar, where }: ControlCall): ControlResult {
  // Stars has one loudness, that of ansible-playbook without -v.
  if (Number(args.get('verbosity') ?? 0) > 0)
    return done({ skipped: true, skipped_reason: 'Verbosity threshold not met.' });
  const variable = raw.get('var');
  if (variable === undefined) return done({ msg: args.has('msg') ? (args.get('msg') ?? null) : 'Hello world!' });
  const given = args.get('var') ?? variable;
  const name = pythonText(given);
  // What a template made may be a host's words, so it may name a variable but is no expression.
  const asks = typeof variable === 'string' && (!templar.isTemplate(variable) || VARIABLE_PATH.test(name));
  const value = asks ? show(templar, name, where) : given;
  const result: Dict = new Map<Value, Value>([
    [name, value],
    ['failed', false],
  ]);
  // A variable called changed counts as such.
  if (!result.has('changed')) result.set('changed', false);
  return { result, words: `${name}: ${isText(value) ? str(value) : JSON.stringify(plainOf(value))}` };
}

const VARIABLE_PATH = /^[A-Za-z_]\w*(\.\w+|\[(\d+|'[^'\\]*'|"[^"\\]*")\])*$/;
const NOT_DEFINED = 'VARIABLE IS NOT DEFINED!';

function show(templar: Templar, expression: string, where: Position | undefined): Value {
  try {
    // As a template and not as an expression: what it comes to is a text, unless it is a variable, a list or a mapping.
    return templar.template(`{{ ${expression} }}`, where);
  } catch (error) {
    if (error instanceof StarsError && error.code === 'UNDEFINED_VARIABLE') return NOT_DEFINED;
    throw error;
  }
}

function check({ args, raw, templar, where }: ControlCall): ControlResult {
  const that = raw.get('that');
  if (that === undefined) return failed('conditional required in "that" string');
  const conditions = Array.isArray(that) ? that : [that];
  for (const condition of conditions) {
    if (templar.condition(condition, where)) continue;
    const message = args.get('fail_msg') ?? args.get('msg') ?? 'Assertion failed';
    return {
      result: dictOf({ failed: true, changed: false, evaluated_to: false, assertion: condition, msg: message }),
    };
  }
  return done({ msg: args.get('success_msg') ?? 'All assertions passed' });
}
