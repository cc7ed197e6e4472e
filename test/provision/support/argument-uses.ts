import { parse } from 'yaml';
import { parseKeyValues } from '../../../src/provision/key-value.js';
import { moduleName } from '../../../src/provision/module-names.js';
import { modules } from '../../../src/provision/modules/index.js';

/** Values, as text, by `module.argument`. */
export type Uses = ReadonlyMap<string, ReadonlySet<string>>;

/** What tasks, as YAML lists, give to modules. */
export function collectUses(lists: readonly string[]): Uses {
  const uses = new Map<string, Set<string>>();
  for (const list of lists) collect(parse(list, { version: '1.1', uniqueKeys: false }), uses);
  return uses;
}

export function usesOf(uses: Uses, argument: string): ReadonlySet<string> {
  return uses.get(argument) ?? new Set();
}

function collect(tasks: unknown, uses: Map<string, Set<string>>): void {
  if (!Array.isArray(tasks)) return;
  for (const task of tasks) {
    if (!isRecord(task)) continue;
    for (const part of ['block', 'rescue', 'always']) collect(task[part], uses);
    for (const [key, given] of Object.entries(task)) note(key, given, task.args, uses);
  }
}

function note(key: string, given: unknown, more: unknown, uses: Map<string, Set<string>>): void {
  const name = moduleName(key, modules);
  const module = name === undefined ? undefined : modules.get(name);
  if (!module) return;
  const args = {
    ...(typeof given === 'string' ? fromText(given, module) : (given ?? {})),
    ...(isRecord(more) ? more : {}),
  };
  for (const [spelling, value] of Object.entries(args)) {
    const argument = `${module.name}.${module.aliases?.[spelling] ?? spelling}`;
    uses.set(argument, new Set([...(uses.get(argument) ?? []), ...wordsOf(value)]));
  }
}

/** YAML takes some words for booleans, and a list gives each of its own. */
function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(wordsOf);
  return typeof value === 'boolean' ? [String(value), ...(value ? ['yes', 'on'] : ['no', 'off'])] : [String(value)];
}

function fromText(text: string, { freeForm }: { freeForm?: string | undefined }): Record<string, string> {
  const { named, rest } = parseKeyValues(text, { where: undefined, onlyCommandOptions: freeForm !== undefined });
  return { ...Object.fromEntries(named), ...(freeForm !== undefined && rest !== '' ? { [freeForm]: rest } : {}) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
