import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import { args, choice, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { factWithin, runWithin } from './environment.js';
import { dict } from './result.js';

export const dpkgSelections = defineModule({
  name: 'dpkg_selections',
  summary: 'Say what dpkg is to do with a package, such as to hold it.',
  needs: 'dpkg',
  args: args({
    name: text().describe('The package.'),
    selection: choice('install', 'hold', 'deinstall', 'purge').describe('What dpkg is to do with it.'),
  }),

  async plan({ name, selection }, context): Promise<Plan> {
    const before = await context.fact(
      factWithin(context, {
        script: `dpkg --get-selections ${quote(name)}`,
        parse({ code, stdout, stderr }) {
          if (code !== 0) throw new StarsError('HOSTS_FAILED', stderr.trim() || 'dpkg cannot list its selections.');
          return stdout.trim().split(/\s+/)[1] ?? 'not present';
        },
      }),
    );
    const set = { text: `printf '%s\\n' ${quote(`${name} ${selection}`)} | dpkg --set-selections` };
    return {
      actions: before === selection ? [] : [runWithin(context, set)],
      result: dict({ before, after: selection }),
    };
  },
});
