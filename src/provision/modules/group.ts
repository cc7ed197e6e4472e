import { sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, text } from '../arguments.js';
import { groupAccount } from '../facts/accounts.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const group = defineModule({
  name: 'group',
  summary: 'Have a group on a host, or not.',
  args: args({
    name: text(),
    state: choice('present', 'absent').default('present'),
    gid: int().optional(),
    system: bool().default(false),
    local: bool().default(false),
    non_unique: bool().default(false),
    force: bool().default(false),
  }),

  async plan({ name, state, gid, system, non_unique: shared, force }, context): Promise<Plan> {
    const { gid: has, tools } = await context.fact(groupAccount(name));
    const flags = [...(gid === undefined ? [] : ['-g', String(gid)]), ...(gid !== undefined && shared ? ['-o'] : [])];
    let command: ShellCommand | undefined;
    if (state === 'absent' && has !== undefined) {
      command = tools.shadow ? sh`groupdel ${force ? ['-f'] : []} ${name}` : sh`delgroup ${name}`;
    } else if (state === 'present' && has === undefined) {
      command = tools.shadow
        ? sh`groupadd ${flags} ${system ? ['-r'] : []} ${name}`
        : sh`addgroup ${flags} ${system ? ['-S'] : []} ${name}`;
    } else if (state === 'present' && gid !== undefined && gid !== has) {
      if (!tools.shadow) return { actions: [], failed: `The gid of ${name} cannot be changed without groupmod.` };
      command = sh`groupmod ${flags} ${name}`;
    }
    return {
      actions: command ? [{ kind: 'run', command }] : [],
      result: dict({ name, state, system, gid: state === 'present' ? (gid ?? has) : undefined }),
    };
  },
});
