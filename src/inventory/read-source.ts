import { readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { loadYaml } from '../yaml/load-yaml.js';
import type { InventoryData } from './inventory-data.js';
import { parseIniInventory, type ParseOptions } from './parse-ini.js';
import { parseYamlInventory } from './parse-yaml.js';
import { readTextFile } from './text-file.js';
import { openVaults, type SecretTools } from './variables-file.js';
import { isFolder } from '../path-kind.js';

// Hidden files, backups, and what Ansible skips by default in a folder of inventories.
const SKIPPED =
  /^\.|^host_vars$|^group_vars$|^vars_plugins$|(?:~|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry))$/;
const MAX_FOLDER_DEPTH = 20;

/** Adds what one source names to the data: a file, a folder of files, or a list of hosts such as `a,b,`. */
export function readSource(source: string, data: InventoryData, tools: SecretTools, depth = 0): void {
  if (isFolder(source)) readFolder(source, data, tools, depth);
  else if (source.includes(',') && !exists(source)) addListedHosts(source, data);
  else readInventoryFile(source, data, tools);
}

function readFolder(folder: string, data: InventoryData, tools: SecretTools, depth: number): void {
  if (depth > MAX_FOLDER_DEPTH)
    throw new StarsError('INVENTORY', `${folder} is nested too deeply.`, { where: { file: folder } });
  const names = readdirSync(folder)
    .filter((name) => !SKIPPED.test(name))
    .sort();
  for (const name of names) readSource(join(folder, name), data, tools, depth + 1);
}

function addListedHosts(list: string, data: InventoryData): void {
  const origin = originOf(list);
  for (const name of list
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)) {
    data.addHost(name, 'ungrouped', { file: origin });
  }
}

function readInventoryFile(file: string, data: InventoryData, tools: SecretTools): void {
  const { text } = readTextFile(file, tools.vault);
  refuseForeign(text, file);
  const options = { file, data, origin: originOf(file) };
  if (!['', '.yml', '.yaml', '.json'].includes(extname(file))) return parseIniInventory(text, options);
  const document = tryYaml(text, file);
  if (document.value instanceof Map && document.value.size > 0) {
    refusePlugin(document.value, file);
    return parseYamlInventory(openVaults(document.value, file, tools), options);
  }
  readAsIni(text, document, options);
}

type Attempt = { value: Value; error?: unknown };

function tryYaml(text: string, file: string): Attempt {
  try {
    return { value: loadYaml(text, { file }) };
  } catch (error) {
    return { value: null, error };
  }
}

/** Whatever is no YAML mapping is INI to Ansible; of the two complaints the one that fits the text better is shown. */
function readAsIni(text: string, { value, error }: Attempt, options: ParseOptions): void {
  try {
    parseIniInventory(text, options);
  } catch (iniError) {
    if (!meantAsYaml(text, options.file)) throw iniError;
    if (error !== undefined) throw error;
    throw new StarsError(
      'INVENTORY',
      `A YAML inventory is a mapping of groups, and this is ${Array.isArray(value) ? 'a list' : 'a text'}.`,
      {
        where: { file: options.file, line: 1 },
        hint: 'Start with a group and a colon, for example all:, with hosts: and children: below it.',
        cause: iniError,
      },
    );
  }
}

function meantAsYaml(text: string, file: string): boolean {
  const [first = ''] = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^\s*[#;]/.test(line));
  if (/^\[[^\]]*\]\s*(?:#.*)?$/.test(first)) return false;
  return /\.(?:ya?ml|json)$/.test(file) || /^---|:\s*$/.test(first);
}

function refuseForeign(text: string, file: string): void {
  if (text.startsWith('#!')) {
    throw new StarsError('INVENTORY', 'This inventory is a program, and Stars does not run programs to find hosts.', {
      where: { file, line: 1 },
      hint: 'Write what it prints to a file: ansible-inventory -i <program> --list --export --yaml > hosts.yml.',
    });
  }
  if (extname(file) === '.toml') {
    throw new StarsError('INVENTORY', 'Stars reads INI and YAML inventories, not TOML.', {
      where: { file, line: 1 },
      hint: 'Convert it: ansible-inventory -i <file> --list --export --yaml > hosts.yml.',
    });
  }
}

function refusePlugin(document: Map<Value, Value>, file: string): void {
  const plugin = document.get('plugin');
  if (!plugin || plugin instanceof Map) return;
  throw new StarsError('INVENTORY', 'This file configures an inventory plugin, and Stars has none.', {
    where: { file },
    hint: 'Write what it finds to a file: ansible-inventory -i <file> --list --export --yaml > hosts.yml.',
  });
}

function originOf(source: string): Map<Value, Value> {
  const path = exists(source) ? resolve(source) : source;
  return new Map<Value, Value>([
    ['inventory_file', path],
    ['inventory_dir', dirname(path)],
  ]);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
