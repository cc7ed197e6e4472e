import { type Position, StarsError } from '../../errors.js';
import { Undefined, type Value } from '../../jinja/value.js';
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
  if (variable === undefined) return done({ msg: args.get('msg') ?? 'Hello world!' });
  const given = args.get('var') ?? variable;
  const name = pythonText(given);
  // What a template made may be a host's words, so it may name a variable but is no expression.
  const asks = typeof variable === 'string' && (!templar.isTemplate(variable) || VARIABLE_PATH.test(name));
  const value = asks ? show(templar, name, where) : given;
  return {
    result: new Map<Value, Value>([
      [name, value],
      ['msg', `${name}: ${typeof value === 'string' ? value : JSON.stringify(plainOf(value))}`],
      ['changed', false],
      ['failed', false],
    ]),
  };
}

const VARIABLE_PATH = /^[A-Za-z_]\w*(\.\w+|\[(\d+|'[^'\\]*'|"[^"\\]*")\])*$/;
const NOT_DEFINED = 'VARIABLE IS NOT DEFINED!';

function show(templar: Templar, expression: string, where: Position | undefined): Value {
  try {
    const value = templar.evaluate(expression, where);
    return value instanceof Undefined ? NOT_DEFINED : value;
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
