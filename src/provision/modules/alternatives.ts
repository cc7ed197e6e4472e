import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { StarsError } from '../../errors.js';
import { args, choice, int, path, raw, text } from '../arguments.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { dict } from './result.js';

const schema = args({
  name: text().describe('The generic name, such as `java`.'),
  path: path().describe('The program that the name is to mean.'),
  link: path().optional().describe('The path of the name itself, needed when the host does not know the name yet.'),
  priority: int()
    .optional()
    .describe('How strongly the program asks to be chosen when the choice is automatic; 50 for a new one.'),
  state: choice('present', 'selected', 'auto', 'absent')
    .default('selected')
    .describe('Whether the program is offered, chosen, left to the automatic choice or no longer offered.'),
  subcommands: raw().optional().describe('Names that follow this one: a list of dicts with `name`, `path` and `link`.'),
});
type Args = ReturnType<typeof schema.parse>;

export const alternatives = defineModule<Args>({
  name: 'alternatives',
  collection: 'community.general',
  summary: 'Choose which program a generic name means.',
  needs: 'update-alternatives or alternatives',
  aliases: { slaves: 'subcommands' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const { name, path: target, state } = given;
    const known = await context.fact(alternativesOf(name, target));
    const link = given.link ?? known.link;
    if (known.program === '' && !context.checkMode)
      return { actions: [], failed: 'alternatives is not installed on this host' };
    const offered = known.offered.get(target);
    if (state === 'absent') {
      const command = sh`${known.program} --remove ${name} ${target}`;
      return planOf(offered ? [{ command, says: `Remove alternative '${target}' from '${name}'.` }] : []);
    }
    const install = !offered || differs(given, offered);
    if (install && known.missing) return { actions: [], failed: `Specified path ${target} does not exist` };
    if (install && link === undefined)
      return {
        actions: [],
        failed: 'Needed to install the alternative, but unable to do so as we are missing the link',
      };
    const priority = given.priority ?? offered?.priority;
    const installed = installation({ ...given, link: link ?? '', priority }, known.program);
    const set = sh`${known.program} --set ${name} ${target}`;
    const auto = sh`${known.program} --auto ${name}`;
    return planOf([
      ...(install ? [{ command: installed, says: `Install alternative '${target}' for '${name}'.` }] : []),
      ...(state === 'selected' && known.current !== target
        ? [{ command: set, says: `Set alternative '${target}' for '${name}'.` }]
        : []),
      ...(state === 'auto' && known.manual ? [{ command: auto, says: `Set alternative to auto for '${name}'.` }] : []),
    ]);
  },
});

type Step = { command: ShellCommand; says: string };

function planOf(steps: readonly Step[]): Plan {
  const commands = steps.map(({ command }) => command);
  return {
    actions: commands.length > 0 ? [{ kind: 'run', command: sequence(commands) }] : [],
    result: dict({ msg: steps.map(({ says }) => says).join(' ') }),
  };
}

type Subcommand = { name: string; path: string; link: string };
type Offered = { priority: number; subcommands: Subcommand[] };
type Known = {
  program: string;
  current: string;
  /** The program that is to be chosen does not exist. */
  missing: boolean;
  manual: boolean;
  link: string | undefined;
  offered: ReadonlyMap<string, Offered>;
};

function alternativesOf(name: string, target: string): Fact<Known> {
  return {
    script:
      sh`program=$(command -v update-alternatives || command -v alternatives); echo "program $program"; readlink ${`/etc/alternatives/${name}`} || echo; LC_ALL=C "$program" --display ${name} 2>/dev/null; [ -e ${target} ] || echo stars-missing`
        .text,
    parse({ stdout }) {
      const [first = '', current = '', ...lines] = stdout.split('\n');
      return {
        program: first.slice('program '.length),
        current,
        missing: lines.includes('stars-missing'),
        manual: lines.some((line) => /manual/.test(line)),
        link: lines.map((line) => /^ {2}link (?:\S+ is )?(\/\S+)$/.exec(line)?.[1]).find(Boolean),
        offered: offeredIn(lines),
      };
    },
  };
}

function offeredIn(lines: readonly string[]): ReadonlyMap<string, Offered> {
  const links = new Map(
    lines.flatMap((line) => {
      const [, name, link] = /^ {2}(?:slave|follower) (\S+) is (\S+)/.exec(line) ?? [];
      return name === undefined || link === undefined ? [] : [[name, link] as const];
    }),
  );
  const offered = new Map<string, Offered>();
  let last: Offered | undefined;
  for (const line of lines) {
    const [, target, priority] = /^(\/.*) - (?:family \S+ )?priority (-?\d+)/.exec(line) ?? [];
    if (target !== undefined) offered.set(target, (last = { priority: Number(priority), subcommands: [] }));
    const [, name, path] = /^ {2}(?:slave|follower) (\S+): (\S+)/.exec(line) ?? [];
    if (name !== undefined && path !== undefined) last?.subcommands.push({ name, path, link: links.get(name) ?? '' });
  }
  return offered;
}

function differs({ priority, subcommands }: Args, has: Offered): boolean {
  if (priority !== undefined && priority !== has.priority) return true;
  if (subcommands === undefined) return false;
  const words = (list: Subcommand[]) => list.map(({ name, path, link }) => `${name} ${path} ${link}`).sort();
  return words(subcommandsOf(subcommands)).join('\n') !== words(has.subcommands).join('\n');
}

function installation(
  { name, path: target, link, priority = 50, subcommands }: Args & { link: string },
  program: string,
): ShellCommand {
  const slaves = subcommandsOf(subcommands ?? []).flatMap((each) => ['--slave', each.link, each.name, each.path]);
  return sh`${program} --install ${link} ${name} ${target} ${priority} ${slaves}`;
}

function subcommandsOf(given: Args['subcommands']): Subcommand[] {
  if (!Array.isArray(given)) throw new StarsError('PLAYBOOK', 'alternatives: subcommands must be a list of dicts.');
  return given.map((each) => {
    const field = (name: string) => (each instanceof Map ? each.get(name) : undefined);
    const [name, target, link] = ['name', 'path', 'link'].map((key) => {
      const value = field(key);
      if (value === undefined)
        throw new StarsError('PLAYBOOK', 'alternatives: each of subcommands needs name, path and link.');
      return pythonText(value);
    });
    return { name: name ?? '', path: target ?? '', link: link ?? '' };
  });
}
