import { StarsError } from '../errors.js';
import { Float, Unsafe, VaultText, type Dict, type Value } from '../jinja/value.js';
import type { Redactor } from '../secret.js';
import { keyPosition, positionOf } from '../yaml/position.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { readTextFile } from './text-file.js';
import type { Vault } from './vault.js';

export type SecretTools = { vault: Vault; redactor?: Redactor | undefined };

/**
 * The variables of a YAML or JSON file, vaults opened; an empty file has none. What was encrypted is registered with the redactor.
 * Throws INVENTORY, SYNTAX or VAULT.
 */
export function loadVariablesFile(file: string, { vault, redactor }: SecretTools): Dict {
  const { text, encrypted } = readTextFile(file, vault);
  const value = loadYaml(text, { file });
  if (encrypted && redactor) registerValues(value, redactor);
  if (value === null || value === '' || value === false || value === 0 || isEmptyList(value)) return new Map();
  if (!(value instanceof Map)) {
    throw new StarsError('INVENTORY', 'A file of variables holds key: value pairs, and this one does not.', {
      where: positionOf(value) ?? { file, line: 1 },
      hint: 'Write each variable as name: value, or leave the file empty.',
    });
  }
  return openVaults(value, file, { vault, redactor });
}

/** The dict with every `!vault` value decrypted; such text is never templated, as in Ansible. */
export function openVaults(dict: Dict, file: string, tools: SecretTools): Dict {
  for (const [key, value] of dict) {
    const opened = openValue(value, { file, ...keyPosition(dict, key) }, tools);
    if (opened !== value) dict.set(key, opened);
  }
  return dict;
}

function openValue(value: Value, where: { file: string }, tools: SecretTools): Value {
  if (value instanceof Map) return openVaults(value, where.file, tools);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const opened = openValue(item, where, tools);
      if (opened !== item) value[index] = opened;
    }
    return value;
  }
  if (!(value instanceof VaultText)) return value;
  const text = tools.vault(value, where);
  tools.redactor?.add(text);
  return new Unsafe(text);
}

/** Shorter numbers are ports and sizes, which stand everywhere. */
const SHORTEST_NUMBER = 6;

/** Tells the redactor every text and long number of what was encrypted as a whole. */
export function registerValues(value: Value, redactor: Redactor): void {
  if (typeof value === 'string') redactor.add(value);
  else if (typeof value === 'number' || typeof value === 'bigint') registerNumber(String(value), redactor);
  else if (value instanceof Float) registerNumber(String(value.value), redactor);
  else if (value instanceof Unsafe) redactor.add(value.text);
  else if (Array.isArray(value)) for (const item of value) registerValues(item, redactor);
  else if (value instanceof Map) for (const item of value.values()) registerValues(item, redactor);
}

function registerNumber(digits: string, redactor: Redactor): void {
  if (digits.length >= SHORTEST_NUMBER) redactor.add(digits);
}

function isEmptyList(value: Value): boolean {
  return Array.isArray(value) && value.length === 0;
}
