import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { keyPosition } from '../yaml/position.js';
import { parseKeyValues } from './key-value.js';
import { TASK_KEYWORDS } from './keywords.js';
import { playbookError, type Report } from './playbook-error.js';
import { pythonText } from './python-text.js';

/** Which module names exist; what is not among them is refused with near names. */
export type KnownModules = {
  /** The short name of the module that a task calls by this name, with or without a collection. */
  find(name: string): string | undefined;
  names(): Iterable<string>;
  freeForm(name: string): boolean;
  /** Every spelling of the module's arguments; undefined when it takes any. */
  argumentNames(name: string): readonly string[] | undefined;
};

const RAW_MODULES = new Set(['command', 'shell', 'raw', 'script']);

export type FoundModule = { module: string; value: Value; moduleWhere: Position | undefined };

/** The module a task names, with its arguments as written; UNSUPPORTED or PLAYBOOK with near names when it names none or two. */
export function findModule(entry: Dict, modules: KnownModules, where: Position | undefined): FoundModule {
  const candidates = [...entry.keys()].filter((key) => typeof key === 'string' && !isKeyword(key)) as string[];
  const action = entry.get('action') ?? entry.get('local_action');
  const [name, second] = action === undefined ? candidates : ['action', ...candidates];
  if (action !== undefined && second === undefined) return findAction(action, modules, where);
  if (name === undefined)
    throw playbookError(
      'This task names no module.',
      where,
      'Write one, for example “file: path=/opt/app state=directory”.',
    );
  if (second !== undefined) {
    const unknown = candidates.find((candidate) => modules.find(candidate) === undefined);
    const near = unknown && didYouMean(unknown, [...TASK_KEYWORDS, ...modules.names()]);
    throw playbookError(
      unknown
        ? `“${unknown}” is neither a keyword of tasks nor a module that Stars runs.`
        : `This task names two modules, ${name} and ${second}.`,
      keyPosition(entry, unknown ?? second) ?? where,
      near ?? 'Check the spelling and the indentation.',
      unknown ? 'UNSUPPORTED' : 'PLAYBOOK',
    );
  }
  return known(name, entry.get(name) ?? null, modules, keyPosition(entry, name) ?? where);
}

function findAction(action: Value, modules: KnownModules, where: Position | undefined): FoundModule {
  if (action instanceof Map) {
    const name = action.get('module');
    if (typeof name !== 'string') throw playbookError('action: names no module.', where);
    return known(name, new Map([...action].filter(([key]) => key !== 'module')), modules, where);
  }
  const [, name = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(pythonText(action)) ?? [];
  return known(name, rest, modules, where);
}

function known(name: string, value: Value, modules: KnownModules, where: Position | undefined): FoundModule {
  const module = modules.find(name);
  if (module === undefined) {
    const near = didYouMean(name.replace(/^.*\./, ''), modules.names());
    throw new StarsError('UNSUPPORTED', `The module ${name} is not one that Stars runs.`, {
      hint: near ?? 'Use a supported module, or command or shell. docs/ansible.md lists what runs.',
      missing: { kind: 'module', name },
      ...(where ? { where } : {}),
    });
  }
  return { module, value, moduleWhere: where };
}

function isKeyword(key: string): boolean {
  return TASK_KEYWORDS.has(key) || key.startsWith('with_');
}

export type Arguments = { args: Dict; rawText: string | undefined };

/** The arguments of a task: `name=value` text, free text, a mapping, and what `args` adds. */
export function readArguments(
  module: string,
  value: Value,
  extra: Value | undefined,
  where: Position | undefined,
  { modules, report }: { modules: KnownModules; report: Report },
): Arguments {
  const args: Dict = new Map();
  let rawText: string | undefined;
  if (value instanceof Map) {
    for (const [key, inner] of value) args.set(key, inner);
  } else if (typeof value === 'string') {
    const { named, rest } = parseKeyValues(value, { where, onlyCommandOptions: RAW_MODULES.has(module) });
    for (const [key, inner] of named) args.set(key, inner);
    if (rest !== '') rawText = rest;
    if (rawText !== undefined && !modules.freeForm(module) && !isLoneTemplate(rawText)) {
      throw playbookError(
        `${module} does not take the free text “${rest.slice(0, 60)}”.`,
        where,
        `Write its arguments as name=value.`,
      );
    }
  } else if (value !== null) {
    const given = Array.isArray(value) ? 'a list' : pythonText(value);
    throw playbookError(
      `${module} takes a mapping or a text, not ${given}.`,
      where,
      Array.isArray(value) ? 'Write its arguments as name: value.' : 'Put it in quotes where it is meant as a text.',
    );
  }
  if (extra instanceof Map) for (const [key, inner] of extra) if (!args.has(key)) args.set(key, inner);
  checkNames(module, [value, extra, args], where, { modules, report });
  return { args, rawText };
}

function checkNames(
  module: string,
  [value, extra, args]: [Value, Value | undefined, Dict],
  where: Position | undefined,
  { modules, report }: { modules: KnownModules; report: Report },
): void {
  const names = modules.argumentNames(module);
  if (!names) return;
  for (const key of args.keys()) {
    const name = pythonText(key);
    if (names.includes(name)) continue;
    const place = [value, extra].flatMap((dict) => (dict instanceof Map ? (keyPosition(dict, key) ?? []) : []))[0];
    const hint = `${didYouMean(name, names) ?? ''} It takes ${[...names].sort().join(', ')}.`.trim();
    report(playbookError(`${module} has no argument “${name}”.`, place ?? where, hint, 'UNSUPPORTED'));
  }
}

function isLoneTemplate(text: string): boolean {
  return /^\{\{[\s\S]*\}\}$/.test(text.trim());
}
