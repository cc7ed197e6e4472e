import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';

/** What of the stack's `ansible.cfg` is followed, and a line about each entry that is not although it would change what happens. */
export type AnsibleCfg = {
  rolesPath: readonly string[];
  /** What plays say unless they say otherwise. */
  keywords: ReadonlyMap<string, Value>;
  /** What inventories say of each host unless they say otherwise. */
  variables: ReadonlyMap<string, string>;
  forks: number | undefined;
  remarks: readonly string[];
};

type Entry = { value: string; where: Position };
type Entries = ReadonlyMap<string, Entry>;

const MOST_BYTES = 1_000_000;

/** Throws CONFIG for values that are none, and UNSUPPORTED for what would give other results. */
export function readAnsibleCfg(stackFolder: string, onRead?: (file: string) => void): AnsibleCfg {
  const file = join(stackFolder, 'ansible.cfg');
  const there = existsSync(file) && statSync(file).isFile() && statSync(file).size <= MOST_BYTES;
  if (there) onRead?.(file);
  const entries = there ? entriesOf(readFileSync(file, 'utf8'), file) : new Map<string, Entry>();
  for (const [name, refused, advice] of REFUSED) refuse(name, entries.get(name), { refused, advice });
  return {
    rolesPath: rolesPathOf(entries.get('defaults.roles_path'), stackFolder),
    keywords: keywordsOf(entries),
    variables: variablesOf(entries, stackFolder),
    forks: numberOf(entries.get('defaults.forks'), 'forks'),
    remarks: [...entries].flatMap(([name, entry]) => remarkOn(name, entry)),
  };
}

/** Entries by `section.name`; a line that is indented goes on with the one before. */
function entriesOf(text: string, file: string): Entries {
  const entries = new Map<string, Entry>();
  let section = '';
  let last: Entry | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, header] = /^\[([^\]]+)\]/.exec(line) ?? [];
    const [, name, value = ''] = /^([^\s#;[=:][^=:]*?)\s*[=:](.*)$/.exec(line) ?? [];
    if (header !== undefined) section = header.trim();
    else if (name !== undefined) {
      last = { value: plain(value), where: { file, line: index + 1 } };
      entries.set(`${section}.${name.toLowerCase()}`, last);
    } else if (last && /^\s+[^\s#;]/.test(line)) last.value = `${last.value} ${plain(line)}`.trim();
  }
  return entries;
}

function plain(value: string): string {
  return value.replace(/\s+;.*$/, '').trim();
}

const REFUSED = [
  [
    'defaults.hash_behaviour',
    /^merge$/i,
    'Merge where it is meant: {{ a | combine(b, recursive=true) }}, or include_vars with hash_behaviour: merge.',
  ],
  [
    'defaults.error_on_undefined_vars',
    /^(no|false|off|0|n|f)$/i,
    'Give the variables defaults: {{ a | default("") }}.',
  ],
] as const;

function refuse(
  name: string,
  entry: Entry | undefined,
  { refused, advice }: { refused: RegExp; advice: string },
): void {
  if (!entry || !refused.test(entry.value)) return;
  const short = name.replace(/^\w+\./, '');
  throw new StarsError('UNSUPPORTED', `${short} = ${entry.value} gives other results, and Stars does not have it.`, {
    hint: advice,
    where: entry.where,
  });
}

function rolesPathOf(entry: Entry | undefined, stackFolder: string): string[] {
  const folders = (entry?.value ?? '').split(':').map((folder) => folder.trim());
  return folders.filter((folder) => folder !== '').map((folder) => pathOf(folder, stackFolder));
}

function pathOf(path: string, stackFolder: string): string {
  return resolve(stackFolder, path.replace(/^~(?=\/|$)/, homedir()));
}

const FLAGS = {
  'privilege_escalation.become': 'become',
  'defaults.force_handlers': 'force_handlers',
  'defaults.any_errors_fatal': 'any_errors_fatal',
} as const;
const WORDS = {
  'privilege_escalation.become_method': 'become_method',
  'privilege_escalation.become_user': 'become_user',
  'defaults.remote_user': 'remote_user',
} as const;

function keywordsOf(entries: Entries): Map<string, Value> {
  const keywords = new Map<string, Value>();
  for (const [name, keyword] of Object.entries(FLAGS)) {
    const entry = entries.get(name);
    if (entry) keywords.set(keyword, flagOf(entry, keyword));
  }
  for (const [name, keyword] of Object.entries(WORDS)) {
    const entry = entries.get(name);
    if (entry && entry.value !== '') keywords.set(keyword, entry.value);
  }
  const gathering = entries.get('defaults.gathering');
  if (gathering && !/^(implicit|explicit|smart)$/.test(gathering.value))
    throw wrong(gathering, 'gathering', 'implicit, explicit or smart');
  if (gathering?.value === 'explicit') keywords.set('gather_facts', false);
  return keywords;
}

function variablesOf(entries: Entries, stackFolder: string): Map<string, string> {
  const variables = new Map<string, string>();
  const user = entries.get('defaults.remote_user')?.value;
  const port = numberOf(entries.get('defaults.remote_port'), 'remote_port');
  const key = entries.get('defaults.private_key_file')?.value;
  if (user) variables.set('ansible_user', user);
  if (port !== undefined) variables.set('ansible_port', String(port));
  if (key) variables.set('ansible_ssh_private_key_file', pathOf(key, stackFolder));
  return variables;
}

function flagOf(entry: Entry, name: string): boolean {
  if (/^(yes|true|on|1|y|t)$/i.test(entry.value)) return true;
  if (/^(no|false|off|0|n|f)$/i.test(entry.value)) return false;
  throw wrong(entry, name, 'yes or no');
}

function numberOf(entry: Entry | undefined, name: string): number | undefined {
  if (!entry || entry.value === '') return undefined;
  if (!/^[1-9]\d{0,5}$/.test(entry.value)) throw wrong(entry, name, 'a whole number above 0');
  return Number(entry.value);
}

function wrong({ value, where }: Entry, name: string, expected: string): StarsError {
  return new StarsError('CONFIG', `${name} must be ${expected}, not “${value.slice(0, 60)}”.`, { where });
}

/** Entries that would change what happens, and what stands in their place. Anything else is about Ansible's own words and files. */
const NOT_FOLLOWED: Readonly<Record<string, string>> = {
  'defaults.inventory': 'Stars reads inventories/ENVIRONMENT.',
  'defaults.vault_password_file': 'The password comes from STARS_VAULT_PASSWORD_FILE.',
  'defaults.vault_identity_list': 'The password comes from STARS_VAULT_PASSWORD_FILE.',
  'defaults.host_key_checking': 'Host keys are always checked.',
  'ssh_connection.host_key_checking': 'Host keys are always checked.',
  'defaults.timeout': 'ConnectTimeout in ansible_ssh_common_args is followed.',
  'ssh_connection.ssh_args': 'ansible_ssh_common_args of the inventory and ~/.ssh/config are followed.',
  'ssh_connection.ssh_common_args': 'ansible_ssh_common_args of the inventory and ~/.ssh/config are followed.',
  'ssh_connection.ssh_extra_args': 'ansible_ssh_common_args of the inventory and ~/.ssh/config are followed.',
  'defaults.jinja2_extensions': 'do, break and continue are always there.',
  'defaults.jinja2_native': 'Templates give texts, as they do without it.',
  'defaults.strategy': 'A play says its strategy.',
  'defaults.library': 'Modules written in Python are not run.',
  'defaults.filter_plugins': 'Plugins written in Python are not run.',
  'defaults.lookup_plugins': 'Plugins written in Python are not run.',
  'defaults.action_plugins': 'Plugins written in Python are not run.',
  'defaults.vars_plugins': 'Plugins written in Python are not run.',
  'defaults.fact_caching': 'Facts are gathered in each run.',
  'defaults.ask_vault_pass': 'Nobody can be asked in the middle of a run.',
  'defaults.ask_pass': 'Nobody can be asked in the middle of a run.',
  'privilege_escalation.become_ask_pass': 'Nobody can be asked in the middle of a run.',
  'privilege_escalation.become_flags': '',
  'inventory.enable_plugins': 'Inventories are INI and YAML files.',
};

/** What is said in vain: the value is what happens anyway. */
const AS_IT_IS: Readonly<Record<string, RegExp>> = {
  'defaults.host_key_checking': /^(yes|true|on|1)$/i,
  'defaults.strategy': /^(linear|mitogen_linear)$/,
  'defaults.fact_caching': /^memory$/,
  'defaults.jinja2_native': /^(no|false|off|0)$/i,
  'defaults.ask_pass': /^(no|false|off|0)$/i,
  'defaults.ask_vault_pass': /^(no|false|off|0)$/i,
  'privilege_escalation.become_ask_pass': /^(no|false|off|0)$/i,
};

function remarkOn(name: string, { value, where }: Entry): string[] {
  const instead = NOT_FOLLOWED[name];
  if (instead === undefined || value === '' || AS_IT_IS[name]?.test(value)) return [];
  return [`ansible.cfg:${where.line}: ${name.replace(/^\w+\./, '')} is not followed. ${instead}`.trim()];
}
