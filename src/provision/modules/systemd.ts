import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, text } from '../arguments.js';
import { systemdUnit, type Unit } from '../facts/units.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';

export type ServiceState = 'started' | 'stopped' | 'restarted' | 'reloaded';

export type UnitArgs = {
  name?: string | undefined;
  state?: ServiceState | undefined;
  enabled?: boolean | undefined;
  masked?: boolean | undefined;
  daemon_reload?: boolean;
  daemon_reexec?: boolean;
  no_block?: boolean;
  force?: boolean | undefined;
  scope?: 'system' | 'user' | 'global';
};

export const systemd = defineModule<UnitArgs>({
  name: 'systemd',
  summary: 'Start, stop, enable or mask a unit of systemd.',
  differences: [
    'Check mode takes a unit that does not exist for one that an earlier task would have installed, rather than failing.',
    'A second `daemon_reload` is left out where systemd has nothing new to read; see “Tasks” in [the differences](../ansible/differences.md).',
    'A unit that cannot be masked, since its file is in /etc, fails the task; Ansible goes on and says that it masked it.',
  ],
  needs: 'systemctl',
  aliases: { service: 'name', unit: 'name', 'daemon-reload': 'daemon_reload', 'daemon-reexec': 'daemon_reexec' },
  args: args({
    name: text().optional().describe('The unit; a service when it has no ending.'),
    state: choice('reloaded', 'restarted', 'started', 'stopped').optional().describe('What it is to be doing.'),
    enabled: bool().optional().describe('Whether it starts with the host.'),
    masked: bool().optional().describe('Whether it is kept from starting at all.'),
    daemon_reload: bool().default(false).describe('Let systemd read its files anew first.'),
    daemon_reexec: bool().default(false).describe('Let systemd start itself anew first.'),
    no_block: bool().default(false).describe('Do not wait until the unit is where it should be.'),
    force: bool().optional().describe('Replace links of the unit that are in the way.'),
    scope: choice('system', 'user', 'global')
      .default('system')
      .describe("Whose units: the host's, the user's or those of all users."),
  }),
  plan: unitPlan,
});

/** The plan for one unit; `service` comes here too where systemd runs. */
export async function unitPlan(given: UnitArgs, context: ModuleContext): Promise<Plan> {
  const scope = given.scope ?? 'system';
  const systemctl = scope === 'system' ? sh`systemctl` : sh`systemctl ${`--${scope}`}`;
  const problem = contradiction(given);
  if (problem) return { actions: [], failed: problem };
  const reexecs = given.daemon_reexec ? [sh`${systemctl} daemon-reexec`] : [];
  const reloads = given.daemon_reload ? [sh`${systemctl} daemon-reload`] : [];
  if (given.name === undefined)
    return planOf([...reloads, ...reexecs], [], dict({ name: null, changed: false }), unitsOf(given, []));
  const looksAtFile = given.enabled !== undefined || given.masked !== undefined;
  const unit = await context.fact(systemdUnit(given.name, scope, looksAtFile));
  if (unit.error !== undefined)
    return { actions: [], failed: `Error loading unit file '${given.name}': ${unit.error}` };
  const needsUnit = given.enabled !== undefined || given.state !== undefined;
  // In check mode the unit may come with a package that an earlier task would have installed.
  if (needsUnit && !unit.found && !context.checkMode) return notFound(given, unit, systemctl);
  const verbs = verbsFor(given, unit);
  const options = [...(given.no_block ? ['--no-block'] : []), ...(given.force ? ['--force'] : [])];
  const commands = verbs.map((verb) => sh`${systemctl} ${options} ${verb} ${given.name ?? ''}`);
  const areRead = scope === 'system' && context.unitFilesAreRead && unit.properties.get('NeedDaemonReload') === 'no';
  return planOf([...(areRead ? [] : reloads), ...reexecs], commands, resultOf(given, unit), unitsOf(given, verbs));
}

const RUNNING: ReadonlySet<string> = new Set(['start', 'stop', 'restart', 'reload']);

/** What the plan does to systemd when it does no more than that; enabling and masking change what is to be read. */
function unitsOf({ scope = 'system', daemon_reload: reads }: UnitArgs, verbs: readonly string[]): Plan['units'] {
  if (scope !== 'system' || !verbs.every((verb) => RUNNING.has(verb))) return undefined;
  return reads ? 'read' : 'run';
}

/** A unit may be masked before it is there, so that comes first. */
function notFound({ name = '', masked }: UnitArgs, unit: Unit, systemctl: ShellCommand): Plan {
  const failed = `Could not find the requested service ${name}: host`;
  const result = dict({ name });
  const [verb] = verbsFor({ masked }, unit);
  if (verb === undefined) return { actions: [], failed, result };
  return {
    ...planOf([], [sh`${systemctl} ${verb} ${name}`], result),
    finish: () => dict({ name, failed: true, changed: false, msg: failed }),
  };
}

function contradiction({
  name,
  state,
  enabled,
  masked,
  daemon_reload: reload,
  daemon_reexec: reexec,
}: UnitArgs): string | undefined {
  if (name === undefined && (state !== undefined || enabled !== undefined || masked !== undefined))
    return 'missing required argument: name';
  if (name !== undefined && /[*?[]/.test(name)) {
    return `This module does not currently support using glob patterns, found in service name: ${name}`;
  }
  return name === undefined && !reload && !reexec
    ? 'one of the following is required: state, enabled, masked, daemon_reload, daemon_reexec'
    : undefined;
}

function verbsFor({ state, enabled, masked }: UnitArgs, unit: Unit): string[] {
  const verbs: string[] = [];
  if (masked !== undefined && masked !== unit.masked) verbs.push(masked ? 'mask' : 'unmask');
  if (enabled !== undefined && enabled !== unit.enabled) verbs.push(enabled ? 'enable' : 'disable');
  if (state === 'started' && !unit.active) verbs.push('start');
  if (state === 'stopped' && (unit.active || unit.deactivating)) verbs.push('stop');
  if (state === 'restarted') verbs.push(unit.active ? 'restart' : 'start');
  if (state === 'reloaded') verbs.push(unit.active ? 'reload' : 'start');
  return verbs;
}

function resultOf({ name = '', state, enabled }: UnitArgs, { properties }: Unit) {
  const started = state === 'restarted' || state === 'reloaded' ? 'started' : state;
  return dict({ name, state: started, enabled, status: new Map(properties) });
}

/** Reloading systemd changes nothing by itself. */
function planOf(first: ShellCommand[], commands: ShellCommand[], result: Plan['result'], units?: Plan['units']): Plan {
  const all = [...first, ...commands];
  return {
    actions: all.length > 0 ? [{ kind: 'run', command: sequence(all) }] : [],
    changed: commands.length > 0,
    units,
    ...(result ? { result } : {}),
  };
}
