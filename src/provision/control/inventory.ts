import type { Dict, Value } from '../../jinja/value.js';
import { dictOf } from '../task-result.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';

export const addHost: ControlModule = { forAll: true, run: add };

export const groupBy: ControlModule = { freeForm: true, run: group };

const NAMES = ['name', 'hostname', 'host'];
const GROUPS = ['groupname', 'groups', 'group'];
// Ansible keeps the shorter spellings as variables of the host, too.
const NOT_VARIABLES = new Set<Value>(['name', 'hostname', 'groupname', 'groups']);

function add({ args, inventory }: ControlCall): ControlResult {
  const given = firstOf(args, NAMES);
  if (given === undefined) return failed('name, host or hostname needs to be provided');
  const { name, port } = addressOf(pythonText(given));
  const groups = namesIn(firstOf(args, GROUPS));
  if (groups === undefined) return failed('Groups must be specified as a list.');
  const variables: Dict = new Map([...args].filter(([key]) => !NOT_VARIABLES.has(key)));
  if (port !== undefined) variables.set('ansible_ssh_port', port);
  const changed = inventory.addHost(name, { groups, variables });
  return done({ changed, add_host: dictOf({ host_name: name, groups, host_vars: variables }) });
}

function firstOf(args: Dict, names: readonly string[]): Value | undefined {
  return names.map((name) => args.get(name)).find((value) => value !== undefined && value !== null && value !== '');
}

/** `name:port`, with brackets around an address of IPv6. */
function addressOf(text: string): { name: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  return port === undefined
    ? { name: text, port: undefined }
    : { name: bracketed ?? plain ?? text, port: Number(port) };
}

function namesIn(value: Value | undefined): string[] | undefined {
  if (value === undefined) return [];
  const names = Array.isArray(value) ? value.map(pythonText) : typeof value === 'string' ? value.split(',') : undefined;
  return names && [...new Set(names.map((name) => name.trim()))];
}

function group({ args, rawText, host, inventory }: ControlCall): ControlResult {
  const key = args.get('key');
  if (key === undefined || rawText !== undefined) return failed("the 'key' param is required when using group_by");
  const name = pythonText(key).replaceAll(' ', '-');
  const given = args.get('parents') ?? ['all'];
  const parents = (Array.isArray(given) ? given : [given]).map((one) => pythonText(one).replaceAll(' ', '-'));
  const changed = inventory.addToGroup(host.name, name, parents);
  return done({ changed, add_group: name, parent_groups: parents });
}
