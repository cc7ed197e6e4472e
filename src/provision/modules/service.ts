import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, text } from '../arguments.js';
import { initScript, runsSystemd, type InitScript } from '../facts/units.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';
import { unitPlan, type ServiceState } from './systemd.js';

export const service = defineModule({
  name: 'service',
  summary: 'Start, stop or enable a service, whatever runs services on the host.',
  aliases: { args: 'arguments' },
  args: args({
    name: text(),
    // `running` is what old playbooks say for `started`.
    state: choice('started', 'running', 'stopped', 'restarted', 'reloaded').optional(),
    enabled: bool().optional(),
    daemon_reload: bool().default(false),
    sleep: int().optional(),
    pattern: text().optional(),
    runlevel: text().default('default'),
    arguments: text().optional(),
    use: text().default('auto'),
  }),

  async plan(given, context): Promise<Plan> {
    const { name, enabled, daemon_reload } = given;
    const state: ServiceState | undefined = given.state === 'running' ? 'started' : given.state;
    if (state === undefined && enabled === undefined && !daemon_reload) {
      return { actions: [], failed: 'one of the following is required: state, enabled' };
    }
    if (await isSystemd(given.use, context)) return unitPlan({ name, state, enabled, daemon_reload }, context);
    return initPlan({ ...given, state }, context);
  },
});

async function isSystemd(use: string, context: ModuleContext): Promise<boolean> {
  const manager = use === 'auto' ? context.variable('ansible_service_mgr') : use;
  return typeof manager === 'string' ? manager === 'systemd' : context.fact(runsSystemd);
}

type InitArgs = {
  name: string;
  state: ServiceState | undefined;
  enabled?: boolean | undefined;
  runlevel: string;
  sleep?: number | undefined;
};

async function initPlan(given: InitArgs, context: ModuleContext): Promise<Plan> {
  const script = await context.fact(initScript(given.name));
  if (!script.found && !context.checkMode) {
    return {
      actions: [],
      failed: `Could not find the requested service ${given.name}: host`,
      result: dict({ name: given.name }),
    };
  }
  const commands = [...enabling(given, script), ...acting(given, script)];
  return {
    actions: commands.length > 0 ? [{ kind: 'run', command: sequence(commands) }] : [],
    result: dict({ name: given.name, state: given.state, enabled: given.enabled }),
  };
}

function acting({ name, state, sleep }: InitArgs, { running, openrc }: InitScript): ShellCommand[] {
  const run = (verb: string) => (openrc ? sh`rc-service ${name} ${verb}` : sh`service ${name} ${verb}`);
  if (state === 'started') return running ? [] : [run('start')];
  if (state === 'stopped') return running ? [run('stop')] : [];
  if (state === 'reloaded') return [run(running ? 'reload' : 'start')];
  if (state !== 'restarted') return [];
  if (!running) return [run('start')];
  return sleep === undefined ? [run('restart')] : [run('stop'), sh`sleep ${sleep}`, run('start')];
}

function enabling({ name, enabled, runlevel }: InitArgs, script: InitScript): ShellCommand[] {
  if (enabled === undefined || enabled === script.enabled) return [];
  if (script.openrc) return [sh`rc-update ${enabled ? 'add' : 'del'} ${name} ${runlevel}`];
  if (script.upstart) {
    return [
      enabled
        ? sh`sed -i ${'/^manual/d'} ${`/etc/init/${name}.override`}`
        : sh`echo manual >>${`/etc/init/${name}.override`}`,
    ];
  }
  const debian = enabled
    ? sh`update-rc.d ${name} defaults && update-rc.d ${name} enable`
    : sh`update-rc.d ${name} disable`;
  const redHat = enabled ? sh`chkconfig --add ${name} && chkconfig ${name} on` : sh`chkconfig ${name} off`;
  return [sh`if command -v chkconfig >/dev/null; then ${redHat}; else ${debian}; fi`];
}
