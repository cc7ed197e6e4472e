import { sequence, sh } from '../../shell/command.js';
import { args, choice, int, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const alternatives = defineModule({
  name: 'alternatives',
  summary: 'Choose which program a generic name means.',
  args: args({
    name: text(),
    path: path(),
    link: path().optional(),
    priority: int().default(50),
    state: choice('present', 'selected', 'auto', 'absent').default('selected'),
  }),

  async plan({ name, path: target, link, priority, state }, context): Promise<Plan> {
    const known = await context.fact({
      script:
        sh`program=$(command -v update-alternatives || command -v alternatives); echo "program $program"; readlink ${`/etc/alternatives/${name}`}; LC_ALL=C "$program" --display ${name} 2>/dev/null; :`
          .text,
      parse({ stdout }) {
        const [first = '', current = '', ...rest] = stdout.split('\n');
        return {
          program: first.slice('program '.length),
          current,
          registered: rest.some((line) => line.startsWith(`${target} -`)),
          manual: rest.some((line) => /manual/.test(line)),
          link: rest.map((line) => /link \w* ?(?:is )?(\/\S+)/.exec(line)?.[1]).find(Boolean),
        };
      },
    });
    const at = link ?? known.link;
    const result = dict({ name, path: target, link: at });
    if (known.program === '' && !context.checkMode)
      return { actions: [], failed: 'alternatives is not installed on this host' };
    if (state === 'absent')
      return {
        actions: known.registered ? [{ kind: 'run', command: sh`${known.program} --remove ${name} ${target}` }] : [],
        result,
      };
    if (!known.registered && at === undefined)
      return {
        actions: [],
        failed: 'Needed to install the alternative, but unable to do so as we are missing the link',
      };
    const commands = [
      ...(known.registered ? [] : [sh`${known.program} --install ${at ?? ''} ${name} ${target} ${priority}`]),
      ...(state === 'selected' && (known.current !== target || !known.registered)
        ? [sh`${known.program} --set ${name} ${target}`]
        : []),
      ...(state === 'auto' && known.manual ? [sh`${known.program} --auto ${name}`] : []),
    ];
    return { actions: commands.length > 0 ? [{ kind: 'run', command: sequence(commands) }] : [], result };
  },
});
