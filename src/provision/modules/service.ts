import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, moduleArguments, text } from '../arguments.js';
import { initScript, runsSystemd, type InitScript } from '../facts/units.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';
import { type ServiceState, systemd, type UnitArgs, unitPlan } from './systemd.js';

export const service = defineModule({
  name: 'service',
  summary: 'Start, stop or enable a service, whatever runs services on the host.',
  differences: [
    'Check mode takes a unit that does not exist for one that an earlier task would have installed, rather than failing.',
  ],
  needs: 'systemctl, service or rc-service',
  aliases: { args: 'arguments' },
  args: args({
    name: text().describe('The service.'),
    // `running` is what old playbooks say for `started`.
    state: choice('started', 'running', 'stopped', 'restarted', 'reloaded')
      .optional()
      .describe('What it is to be doing; `running` is an old word for `started`.'),
    enabled: bool().optional().describe('Whether it starts with the host.'),
    daemon_reload: bool().optional().describe('Let systemd read its files anew first.'),
    sleep: int()
      .optional()
      .describe('Seconds between stop and start of a restart, where systemd does not run services.'),
    pattern: text()
      .optional()
      .describe('Accepted and without effect, since the service is asked itself whether it runs.'),
    runlevel: text().default('default').describe('Runlevel of OpenRC.'),
    arguments: text().optional().describe('Accepted and without effect.'),
    use: text().default('auto').describe('What runs services on the host, in place of what was found.'),
  }),

  async plan(given, context): Promise<Plan> {
    const { name, enabled, daemon_reload } = given;
    const state: ServiceState | undefined = given.state === 'running' ? 'started' : given.state;
    if (await isSystemd(given.use, context)) return bySystemd({ name, state, enabled, daemon_reload }, context);
    return initPlan({ ...given, state }, context);
  },
});

/** As in Ansible with the `module_defaults` of systemd. */
function bySystemd(given: UnitArgs, context: ModuleContext): Promise<Plan> {
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  const all = { ...context.defaultsOf('systemd'), ...Object.fromEntries(own) };
  return unitPlan(moduleArguments(systemd, all), context);
}

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
      failed: `Could not find the requested service ${given.name}: host has neither systemd nor a file /etc/init.d/${given.name}`,
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
