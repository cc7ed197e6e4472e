import type { Dict, Value } from '../jinja/value.js';
import type { TaskStatus } from '../model/run.js';
import { pythonText } from './python-text.js';

/** What one host made of one task. */
export type TaskOutcome = {
  status: TaskStatus;
  changed: boolean;
  /** What `register` keeps. */
  result: Dict;
  message: string | undefined;
  diff: string | undefined;
  items: ItemOutcome[];
  /** Task files and roles to run next on this host. */
  includes: Include[];
  /** Names of the handlers that it notifies when it changed something, those of every item of a loop. */
  notify: string[];
};

export type ItemOutcome = {
  label: string;
  status: TaskStatus;
  changed: boolean;
  message: string | undefined;
  diff: string | undefined;
};

export type Include = { kind: 'tasks' | 'role'; target: string; args: Dict; vars: Dict };

export function dictOf(entries: Record<string, Value | undefined>): Dict {
  return new Map(Object.entries(entries).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

const TRUE_WORDS = new Set(['true', 'yes', 'on', 'y', 't', '1']);
const FALSE_WORDS = new Set(['false', 'no', 'off', 'n', 'f', '0']);

/** What Ansible takes for yes where it wants a boolean. */
export function isTrue(value: Value | undefined): boolean {
  return value === true || value === 1 || (typeof value === 'string' && TRUE_WORDS.has(value.toLowerCase()));
}

/** Whether Ansible takes it for a boolean at all. */
export function isFlag(value: Value): boolean {
  if (isTrue(value) || value === false || value === 0) return true;
  return typeof value === 'string' && FALSE_WORDS.has(value.toLowerCase());
}

/** The words of a result for a person: its message, then the end of what the command said. */
export function messageOf(result: Dict): string | undefined {
  const text = (name: string) => {
    const value = result.get(name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const message = result.get('msg');
  const said =
    message === undefined || message === ''
      ? undefined
      : typeof message === 'string'
        ? message
        : JSON.stringify(plainOf(message));
  if (!isTrue(result.get('failed'))) return said;
  const output = [text('stderr') ?? text('module_stderr'), text('stdout')].find((one) => one !== undefined);
  return (
    [said, output === undefined || output === said ? undefined : tail(output)]
      .filter((part) => part !== undefined)
      .join('\n') || 'failed without a message'
  );
}

const MOST_CHARACTERS = 4000;

/** Its last lines; one line alone may be as long as all that is kept of what a command says. */
function tail(output: string): string {
  const lines = output.split('\n');
  const last = lines.length > 12 ? `… ${lines.length - 12} earlier lines\n${lines.slice(-12).join('\n')}` : output;
  return last.length > MOST_CHARACTERS ? `…${last.slice(-MOST_CHARACTERS)}` : last;
}

/** A value as JSON has it, for events. */
export function plainOf(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plainOf);
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, inner]) => [pythonText(key), plainOf(inner)]));
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  return 'value' in value ? value.value : 'text' in value ? value.text : null;
}
