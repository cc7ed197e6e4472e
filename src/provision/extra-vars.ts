import { isAbsolute, relative, resolve } from 'node:path';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { protect } from '../templating/unsafe.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { parseKeyValues } from './key-value.js';
import type { ReadVariables } from './variables-reader.js';

export type ExtraVarsOptions = {
  /** What a relative `@file` starts from. */
  folder: string;
  /** False for what comes from a chat: the values are never templated, and `@file` stays inside of the folder. */
  trusted: boolean;
  readVariables: ReadVariables;
};

/** `-e` as Ansible reads it: `name=value …` as text, a YAML or JSON mapping, or `@file`. USAGE says what was wrong. */
export function readExtraVars(texts: readonly string[], options: ExtraVarsOptions): Dict {
  const variables: Dict = new Map();
  for (const text of texts) for (const [name, value] of readOne(text.trim(), options)) variables.set(name, value);
  return variables;
}

function readOne(text: string, { folder, trusted, readVariables }: ExtraVarsOptions): Dict {
  // What stands in a file of the stack was written by whoever writes its playbooks.
  if (text.startsWith('@')) return mapping(readFile(pathOf(text.slice(1), folder, trusted), readVariables), text);
  const typed = readTyped(text);
  if (trusted) return typed;
  for (const name of typed.keys()) if (typeof name === 'string' && REACH.test(name)) throw reachesElsewhere(name);
  return mapping(protect(typed), text);
}

/** Variables that say where and as whom tasks run: from a chat they would run on the machine of Stars itself. */
const REACH = /^ansible_(connection|host|port|user|ssh_|private_key|password|become|sudo|su_|shell|python|remote)/;

function reachesElsewhere(name: string): StarsError {
  return new StarsError('USAGE', `-e ${name} cannot be given in a chat: it says how hosts are reached.`, {
    hint: 'Write it into the inventory, or run the command in a terminal.',
  });
}

function readTyped(text: string): Dict {
  if (text.startsWith('{') || text.startsWith('[')) return mapping(loadYaml(text, { file: '-e' }), text);
  const { named, rest } = parseKeyValues(text, { where: undefined, onlyCommandOptions: false });
  if (rest !== '') throw wrong(text);
  return new Map<Value, Value>(named);
}

function pathOf(name: string, folder: string, trusted: boolean): string {
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  if (trusted || !(inside.split('/')[0] === '..' || isAbsolute(inside))) return path;
  throw new StarsError('USAGE', `-e @${name} is not a file of the stack.`, {
    hint: 'From a chat only files of the stack can be given; write its path from there.',
  });
}

function readFile(file: string, readVariables: ReadVariables): Value {
  try {
    return readVariables(file);
  } catch (error) {
    if (error instanceof StarsError) throw error;
    throw new StarsError('USAGE', `The file ${file} of -e cannot be read.`, {
      hint: 'Give a path of a YAML or JSON file that Stars may read.',
      cause: error,
    });
  }
}

function mapping(value: Value, text: string): Dict {
  if (value instanceof Map) return value;
  throw wrong(text);
}

function wrong(text: string): StarsError {
  return new StarsError('USAGE', `-e does not understand “${text.slice(0, 60)}”.`, {
    hint: 'Write -e name=value, -e \'{"name": "value"}\' or -e @file.yml.',
  });
}
