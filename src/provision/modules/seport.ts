import { sh } from '../../shell/command.js';
import { args, bool, choice, list, text } from '../arguments.js';
import { selinuxPorts } from '../facts/selinux.js';
import { defineModule, type Plan } from '../module.js';
import { factWithin, runWithin } from './environment.js';
import { dict } from './result.js';

export const seport = defineModule({
  name: 'seport',
  collection: 'community.general',
  summary: 'Give ports a type in the SELinux policy, or take it from them.',
  needs: 'semanage',
  differences: ['No library of Python is asked, but the program semanage.'],
  args: args({
    ports: list().describe('Ports and ranges such as 8000-8010.'),
    proto: choice('tcp', 'udp').describe('Their protocol.'),
    setype: text().describe('The type, such as http_port_t.'),
    state: choice('present', 'absent').default('present').describe('Whether the ports have the type.'),
    reload: bool().default(true).describe('Whether the policy is loaded anew after the change.'),
    local: bool().default(false).describe('Look only at what was changed on this host, not at the policy.'),
    ignore_selinux_state: bool().default(false).describe('Go on where SELinux is disabled, as in a chroot.'),
  }),

  async plan(given, context): Promise<Plan> {
    const { ports, proto, setype, state } = given;
    const found = await context.fact(factWithin(context, selinuxPorts));
    if (!found.enabled && !given.ignore_selinux_state)
      return { actions: [], failed: 'SELinux is disabled on this host.' };
    if (found.problem !== undefined) return { actions: [], failed: found.problem };
    const has = (given.local ? found.local : found.all).get(`${setype} ${proto}`) ?? [];
    const taken = [...found.all].flatMap(([key, kept]) => (key.endsWith(` ${proto}`) ? kept : []));
    const quiet = given.reload ? [] : ['-N'];
    const add = (port: string) =>
      sh`semanage port ${quiet} ${taken.includes(port) ? '-m' : '-a'} -t ${setype} -p ${proto} ${port}`;
    const remove = (port: string) => sh`semanage port ${quiet} -d -p ${proto} ${port}`;
    const commands =
      state === 'present'
        ? ports.filter((port) => !has.includes(port)).map(add)
        : ports.filter((port) => has.includes(port)).map(remove);
    return {
      actions: commands.map((command) => runWithin(context, command)),
      result: dict({ ports, proto, setype, state }),
    };
  },
});
