import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { StarsError } from '../../errors.js';
import { toJsRegExp } from '../../jinja/python-regex.js';
import type { Dict, Value } from '../../jinja/value.js';
import { isFile } from '../../path-kind.js';
import { candidate } from '../../templating/controller-files.js';
import { dictOf } from '../task-result.js';
import { pythonText } from '../python-text.js';
import type { ControlCall, ControlModule, ControlResult } from './call.js';
import { targetOf } from './include.js';

const FOLDER_ARGUMENTS = ['dir', 'depth', 'files_matching', 'ignore_files', 'extensions', 'ignore_unknown_extensions'];

export const includeVars: ControlModule = {
  freeForm: true,
  run,
};

type Read = { files: string[]; variables: Dict; failed: string | undefined };

function run(call: ControlCall): ControlResult {
  const { args, hosts, rawText } = call;
  const folderWords = FOLDER_ARGUMENTS.filter((name) => args.has(name));
  if (folderWords.length > 0 && (args.has('file') || rawText !== undefined))
    throw new StarsError('PLAYBOOK', `include_vars takes a file or a folder: ${folderWords.join(', ')} go with dir.`);
  const { files, variables, failed } = args.has('dir') ? readFolder(call) : readOne(call);
  const name = args.get('name');
  const named: Dict = typeof name === 'string' ? new Map([[name, variables]]) : variables;
  const facts = args.get('hash_behaviour') === 'merge' ? mergedInto(named, call) : named;
  const result = dictOf({ ansible_facts: facts, ansible_included_var_files: files, changed: false });
  if (failed !== undefined)
    return { result: new Map([...result, ['failed', true], ['message', failed], ['msg', failed]]) };
  for (const host of hosts) for (const [key, value] of facts) host.includedVars.set(key, value);
  return { result: new Map([...result, ['failed', false]]) };
}

function readOne(call: ControlCall): Read {
  const target = targetOf(call);
  const found = call.folders.map((folder) => candidate(folder, target)).filter((one) => existsSync(one));
  const file = found.find(isFile);
  if (file !== undefined) return readFiles([file], call);
  if (found.length > 0)
    return { files: [], variables: new Map(), failed: `${found[0]} is a folder: “dir: ${target}” reads what is in it` };
  const failed = `Could not find or access '${target}'. It was looked for in ${call.folders.join(', ')}.`;
  return { files: [], variables: new Map(), failed };
}

function readFolder(call: ControlCall): Read {
  const folder = folderOf(call, pythonText(call.args.get('dir')));
  const nothing = { files: [], variables: new Map() };
  if (!existsSync(folder)) return { ...nothing, failed: `${folder} directory does not exist` };
  if (!statSync(folder).isDirectory()) return { ...nothing, failed: `${folder} is not a directory` };
  const chosen = filesIn(folder, Number(call.args.get('depth') ?? 0)).filter((file) => wanted(file, folder, call));
  const extensions = listOf(call.args.get('extensions')) ?? ['yaml', 'yml', 'json'];
  const other = chosen.findIndex((file) => !extensions.includes(extname(file).slice(1)));
  if (other < 0) return readFiles(chosen, call);
  if (call.args.get('ignore_unknown_extensions') === true)
    return readFiles(
      chosen.filter((file) => extensions.includes(extname(file).slice(1))),
      call,
    );
  const failed = `${chosen[other]} does not have a valid extension: ${extensions.join(', ')}`;
  // Ansible forgets what it has read of this folder by then.
  return { files: chosen.slice(0, other), variables: new Map(), failed };
}

/** In a role the folder is one of its `vars`; elsewhere it lies beside the file of the task. */
function folderOf({ role, where }: ControlCall, target: string): string {
  if (!role) return resolve(where ? dirname(where.file) : '.', target);
  const own = resolve(role.path, target);
  if (target.split('/')[0] !== 'vars') return resolve(role.path, 'vars', target);
  return existsSync(own) ? own : target;
}

/** Folders in the order of their names, each with its own files first; `depth` counts the folders. */
function filesIn(root: string, depth: number): string[] {
  const folders = [root, ...foldersBelow(root)].sort();
  const within = depth > 0 ? folders.slice(0, depth) : folders;
  return within.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(folder, entry.name))
      .sort(),
  );
}

function foldersBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [join(folder, entry.name), ...foldersBelow(join(folder, entry.name))]);
}

function wanted(file: string, root: string, { args, role }: ControlCall): boolean {
  const name = relative(dirname(file), file);
  // A role has read that one already.
  if (role && file === join(root, 'vars', 'main.yml')) return false;
  const matching = args.get('files_matching');
  if (matching !== undefined && !toJsRegExp(pythonText(matching)).test(name)) return false;
  const ignored = args.get('ignore_files');
  const patterns = typeof ignored === 'string' ? ignored.split(/\s+/) : (listOf(ignored) ?? []);
  return !patterns.some((pattern) => toJsRegExp(`${pattern}$`).test(name));
}

function readFiles(files: readonly string[], { readVariables }: ControlCall): Read {
  const variables: Dict = new Map();
  const read: string[] = [];
  for (const file of files) {
    const value = readVariables(file);
    if (value !== null && !(value instanceof Map))
      return { files: read, variables: new Map(), failed: `${file} must be stored as a dictionary/hash` };
    for (const [name, inner] of value ?? []) variables.set(name, inner);
    read.push(file);
  }
  return { files: read, variables, failed: undefined };
}

/** Ansible merges a variable only with the mapping that it is already. */
function mergedInto(variables: Dict, { templar }: ControlCall): Dict {
  return new Map(
    [...variables].map(([name, value]) => {
      const old = templar.variable(pythonText(name));
      if (old instanceof Map && value instanceof Map) return [name, merged(old, value)];
      throw new StarsError(
        'PLAYBOOK',
        `include_vars cannot merge ${pythonText(name)}: it is not a mapping before and after.`,
      );
    }),
  );
}

function merged(old: Dict, value: Dict): Dict {
  const result: Dict = new Map(old);
  for (const [name, inner] of value) {
    const known = old.get(name);
    result.set(name, known instanceof Map && inner instanceof Map ? merged(known, inner) : inner);
  }
  return result;
}

function listOf(value: Value | undefined): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? value.map(pythonText) : [pythonText(value)];
}
