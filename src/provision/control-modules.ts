import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '../clock.js';
import { type Position, StarsError } from '../errors.js';
import { type Dict, Undefined, type Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { protect } from '../templating/unsafe.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { addFacts, type HostRun } from './host-run.js';
import { dictOf, type Include, isTrue, plainOf } from './task-result.js';
import { pythonText } from './python-text.js';

/** A module that Stars itself performs: it looks at variables, never at the host. */
export type ControlCall = {
  /** Templated arguments. */
  args: Dict;
  /** Untemplated arguments, for `that` and `var`, which are expressions. */
  raw: Dict;
  rawText: string | undefined;
  templar: Templar;
  /** The hosts that learn the facts and variables. */
  hosts: readonly HostRun[];
  where: Position | undefined;
  /** Folders in which `include_vars` looks. */
  folders: readonly string[];
  decrypt(text: string, file: string): string;
  clock: Clock;
  signal: AbortSignal;
  loopVars: Dict;
  gatherFacts(): Promise<Dict>;
  connect(): Promise<unknown>;
  /** What was read of the hosts may be out of date. */
  timePasses(): void;
};

export type ControlResult = { result: Dict; includes?: Include[] };

type ControlModule = (call: ControlCall) => ControlResult | Promise<ControlResult>;

export const controlModules: ReadonlyMap<string, ControlModule> = new Map<string, ControlModule>([
  ['debug', debug],
  ['set_fact', setFact],
  ['fail', ({ args }) => failed(pythonText(args.get('msg') ?? 'Failed as requested from task'))],
  ['assert', assert],
  ['include_tasks', includeTasks],
  ['include', includeTasks],
  ['import_tasks', includeTasks],
  ['include_role', includeRole],
  ['import_role', includeRole],
  ['include_vars', includeVars],
  ['pause', pause],
  ['setup', setup],
  ['gather_facts', setup],
  ['ping', ping],
  // The play performs it.
  ['meta', () => ({ result: dictOf({ changed: false }) })],
]);

/** Control modules that take free text instead of `name=value`. */
export const FREE_FORM = new Set(['include_tasks', 'include', 'import_tasks', 'include_vars', 'meta']);

async function ping({ args, connect }: ControlCall): Promise<ControlResult> {
  await connect();
  return { result: dictOf({ ping: args.get('data') ?? 'pong', changed: false }) };
}

async function setup({ gatherFacts }: ControlCall): Promise<ControlResult> {
  return {
    result: new Map<Value, Value>([
      ['ansible_facts', await gatherFacts()],
      ['changed', false],
    ]),
  };
}

function failed(message: string, more: Record<string, Value> = {}): ControlResult {
  return { result: dictOf({ ...more, failed: true, changed: false, msg: message }) };
}

function debug({ args, raw, templar, where }: ControlCall): ControlResult {
  const variable = raw.get('var');
  if (variable === undefined)
    return { result: dictOf({ msg: args.get('msg') ?? 'Hello world!', changed: false, failed: false }) };
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

const TRUE_WORDS = new Set(['true', 'yes']);
const FALSE_WORDS = new Set(['false', 'no']);

function setFact({ args, hosts }: ControlCall): ControlResult {
  const facts: Dict = new Map();
  for (const [name, value] of args) {
    if (name === 'cacheable') continue;
    if (!/^[A-Za-z_]\w*$/.test(pythonText(name)))
      return failed(
        `The variable name '${pythonText(name)}' is not valid: it must start with a letter or underscore and hold only letters, digits and underscores.`,
      );
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    facts.set(name, TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : protect(value));
  }
  if (facts.size === 0)
    return failed('No key/value pairs provided, at least one is required for this action to succeed');
  for (const host of hosts) {
    for (const [name, value] of facts) host.setFacts.set(name, value);
    if (isTrue(args.get('cacheable'))) addFacts(host, facts);
  }
  return {
    result: new Map<Value, Value>([
      ['ansible_facts', facts],
      ['changed', false],
      ['failed', false],
    ]),
  };
}

function assert({ args, raw, templar, where }: ControlCall): ControlResult {
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
  return { result: dictOf({ changed: false, failed: false, msg: args.get('success_msg') ?? 'All assertions passed' }) };
}

function targetOf({ args, rawText, templar, where }: ControlCall): string {
  const value = args.get('file') ?? args.get('_raw_params') ?? templar.template(rawText ?? '', where);
  return pythonText(value).trim();
}

function includeTasks(call: ControlCall): ControlResult {
  const target = targetOf(call);
  if (target === '') return failed('No file was named to include.');
  return {
    result: dictOf({ include: target, changed: false, failed: false }),
    includes: [{ kind: 'tasks', target, args: call.args, vars: call.loopVars }],
  };
}

function includeRole(call: ControlCall): ControlResult {
  const name = pythonText(call.args.get('name') ?? call.args.get('role') ?? '');
  if (name === '') return failed("'name' is a required field for include_role.");
  return {
    result: dictOf({ include: name, changed: false, failed: false }),
    includes: [{ kind: 'role', target: name, args: call.args, vars: call.loopVars }],
  };
}

function includeVars(call: ControlCall): ControlResult {
  const { args, hosts, folders, decrypt } = call;
  const target = pythonText(args.get('dir') ?? targetOf(call));
  const path = folders.map((folder) => resolve(folder, target)).find((candidate) => existsSync(candidate));
  if (path === undefined) return failed(`Could not find or access '${target}'. Searched in: ${folders.join(', ')}`);
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .map((name) => join(path, name))
    : [path];
  const read: Dict = new Map();
  for (const file of files) {
    const value = loadYaml(decrypt(readFileSync(file, 'utf8'), file), { file });
    if (value === null) continue;
    if (!(value instanceof Map)) return failed(`${file} must hold a mapping of names to values.`);
    for (const [name, inner] of value) read.set(name, inner);
  }
  const name = args.get('name');
  const facts: Dict = typeof name === 'string' ? new Map([[name, read]]) : read;
  for (const host of hosts) for (const [key, value] of facts) host.includedVars.set(key, value);
  return {
    result: new Map<Value, Value>([
      ['ansible_included_var_files', files],
      ['changed', false],
      ['failed', false],
    ]),
  };
}

async function pause({ args, clock, signal, timePasses }: ControlCall): Promise<ControlResult> {
  const seconds = Number(args.get('seconds') ?? 0) + 60 * Number(args.get('minutes') ?? 0);
  if (!(seconds > 0)) return failed('pause needs seconds or minutes: nobody can press a key in a chat.');
  await clock.sleep(seconds * 1000, signal);
  timePasses();
  return { result: dictOf({ changed: false, failed: false, delta: Math.round(seconds) }) };
}
