import { sh } from '../../shell/command.js';
import { args, bool, text } from '../arguments.js';
import { selinuxBoolean } from '../facts/selinux.js';
import { defineModule, type Plan } from '../module.js';
import { factWithin, runWithin } from './environment.js';
import { dict } from './result.js';

export const seboolean = defineModule({
  name: 'seboolean',
  collection: 'ansible.posix',
  summary: 'Switch a boolean of the SELinux policy on or off.',
  needs: 'getsebool and setsebool',
  differences: ['No library of Python is needed: getsebool and setsebool are asked.'],
  args: args({
    name: text().describe('The boolean.'),
    state: bool().describe('Whether it is on.'),
    persistent: bool().default(false).describe('Whether it stays so after a restart.'),
    ignore_selinux_state: bool().default(false).describe('Go on where SELinux is disabled, as in a chroot.'),
  }),

  async plan({ name, state, persistent, ignore_selinux_state: ignore }, context): Promise<Plan> {
    const found = await context.fact(factWithin(context, selinuxBoolean(name, { state, persistent })));
    if (!found.enabled && !ignore) return { actions: [], failed: 'SELinux is disabled on this host.' };
    if (found.active === undefined) return { actions: [], failed: `SELinux boolean ${name} does not exist.` };
    const current = persistent ? found.persistent : found.active;
    const command = sh`setsebool ${persistent ? ['-P'] : []} ${name} ${state ? 'on' : 'off'}`;
    return {
      actions: current === state ? [] : [runWithin(context, command)],
      result: dict({ name, persistent, state }),
    };
  },
});
