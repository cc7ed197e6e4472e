import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { parseKeyValues } from './key-value.js';

/** `-e` as Ansible reads it: `name=value …` as text, a YAML or JSON mapping, or `@file`. USAGE says what was wrong. */
export function readExtraVars(texts: readonly string[], folder: string): Dict {
  const variables: Dict = new Map();
  for (const text of texts) for (const [name, value] of readOne(text.trim(), folder)) variables.set(name, value);
  return variables;
}

function readOne(text: string, folder: string): Dict {
  if (text.startsWith('@')) return mapping(readFile(resolve(folder, text.slice(1))), text);
  if (text.startsWith('{') || text.startsWith('[')) return mapping(loadYaml(text, { file: '-e' }), text);
  const { named, rest } = parseKeyValues(text, { where: undefined, onlyCommandOptions: false });
  if (rest !== '') throw wrong(text);
  return new Map<Value, Value>(named);
}

function readFile(file: string): Value {
  try {
    return loadYaml(readFileSync(file, 'utf8'), { file });
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
