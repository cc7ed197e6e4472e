import { quote, sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, text } from '../arguments.js';
import { groupAccount } from '../facts/accounts.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const group = defineModule({
  name: 'group',
  summary: 'Have a group on a host, or not.',
  needs: "groupadd, groupmod and groupdel, or busybox's addgroup and delgroup",
  args: args({
    name: text().describe('The group.'),
    state: choice('present', 'absent').default('present').describe('Whether the group is there.'),
    gid: int().optional().describe('Its number.'),
    system: bool().default(false).describe('Make it a group of the system.'),
    local: bool()
      .default(false)
      .describe('Accepted and without effect: accounts of a directory of the network count as well.'),
    non_unique: bool().default(false).describe('Allow a number that another group has.'),
    force: bool().default(false).describe("Remove it even when it is some user's main group."),
  }),

  async plan({ name, state, gid, system, non_unique: shared, force }, context): Promise<Plan> {
    if (shared && gid === undefined)
      return { actions: [], failed: 'non_unique is True but all of the following are missing: gid' };
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
    const report = context.resultIsSeen && state === 'present' && gid === undefined ? [reportGroup(name)] : [];
    const fields = (now: number | undefined) =>
      dict({ name, state, system, gid: state === 'present' ? now : undefined });
    return {
      actions: command ? [{ kind: 'run', command: sequence([command, ...report]) }] : [],
      result: fields(context.checkMode ? (has ?? gid) : (gid ?? has)),
      finish: (results) => fields(gid ?? has ?? reportedGid(results.at(-1)?.stdout)),
    };
  },
});

/** Ends the making of a group by telling the number that it got. */
function reportGroup(name: string): ShellCommand {
  const entry = `getent group ${quote(name)} || grep ${quote(`^${name}:`)} /etc/group`;
  return { text: `{ printf 'stars-group '; { ${entry}; } 2>/dev/null || echo; }` };
}

function reportedGid(stdout: string | undefined): number | undefined {
  const gid = /^stars-group [^:]*:[^:]*:(\d+):/m.exec(stdout ?? '')?.[1];
  return gid === undefined ? undefined : Number(gid);
}
