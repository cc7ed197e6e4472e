import { quote, sh, type ShellCommand } from '../../shell/command.js';
import { args, choice, text } from '../arguments.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { dict } from './result.js';
import { linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const schema = args({
  name: text().describe('The name the host is to have.'),
  use: choice('systemd', 'debian', 'alpine', 'openrc', 'redhat', 'sles')
    .optional()
    .describe('How the host keeps its name; found out when not given.'),
});
type Args = ReturnType<typeof schema.parse>;

/** How a kind of host keeps its name: `systemd` by hostnamectl, the others in a file. */
type Keeper = 'systemd' | 'file' | 'openrc' | 'redhat' | 'sles';

const FILES: Record<Exclude<Keeper, 'systemd'>, string> = {
  file: '/etc/hostname',
  openrc: '/etc/conf.d/hostname',
  redhat: '/etc/sysconfig/network',
  sles: '/etc/HOSTNAME',
};

export const hostname = defineModule<Args>({
  name: 'hostname',
  summary: 'Have a host go by a name, now and after the next boot.',
  args: schema,
  differences: [
    'Where the name is kept in a file, the running system is renamed too, at once and to the new name.',
    'An empty name, one with spaces and one of more than 64 characters are refused.',
    '`use` knows the kinds of Linux; FreeBSD, OpenBSD, Solaris and macOS are refused.',
  ],

  async plan({ name, use }, context): Promise<Plan> {
    if (name === '' || /\s/.test(name)) return { actions: [], failed: `A host cannot be named '${name}'.` };
    if (name.length > 64) return { actions: [], failed: 'name cannot be longer than 64 characters on this system' };
    const found = await context.fact(namesOf(context.checkMode ? undefined : name));
    const keeper = use === undefined ? found.keeper : KEEPERS[use];
    const { permanent, actions: keep } = await keeping(keeper, name, found, context);
    const rename = found.running === name ? [] : [act(running(keeper, name))];
    const actions = [...rename, ...keep];
    const facts = dict({
      hostname: name.split('.', 1)[0] ?? name,
      nodename: name,
      fqdn: found.fqdn,
      domain: found.fqdn.split('.').slice(1).join('.'),
    });
    const shown = [...facts].map(([key, value]) => [`ansible_${pythonText(key)}`, value] as const);
    return {
      actions,
      result: dict({ name, ansible_facts: new Map(shown) }),
      setFacts: facts,
      ...(actions.length > 0
        ? {
            diff: {
              before: `hostname = ${rename.length > 0 ? found.running : permanent}\n`,
              after: `hostname = ${name}\n`,
            },
          }
        : {}),
    };
  },
});

const KEEPERS: Record<NonNullable<Args['use']>, Keeper> = {
  systemd: 'systemd',
  debian: 'systemd',
  alpine: 'file',
  openrc: 'openrc',
  redhat: 'redhat',
  sles: 'sles',
};

type Names = { keeper: Keeper; running: string; static: string; fqdn: string };

/** What the host is called, and how `name`, or else the name it has, would be completed. */
function namesOf(name: string | undefined): Fact<Names> {
  return {
    script: `if [ -d /run/systemd/system ] && command -v hostnamectl >/dev/null; then echo 'keeper systemd'; printf 'static '; hostnamectl --static status 2>/dev/null || cat /etc/hostname 2>/dev/null || echo
elif [ -f /etc/conf.d/hostname ] && [ -f /etc/gentoo-release ]; then echo 'keeper openrc'
elif [ -f /etc/sysconfig/network ] && [ -f /etc/redhat-release ]; then echo 'keeper redhat'
elif [ -f /etc/SuSE-release ]; then echo 'keeper sles'
else echo 'keeper file'; fi
printf 'running '; uname -n
printf 'full '; getent hosts ${name === undefined ? '"$(uname -n)"' : quote(name)} 2>/dev/null || echo`,
    parse({ stdout }) {
      const after = (word: string) => new RegExp(`^${word} (.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? '';
      const names = after('full').split(/\s+/).slice(1);
      return {
        keeper: (after('keeper') || 'file') as Keeper,
        running: after('running'),
        static: after('static'),
        fqdn: names.find((each) => each.includes('.')) ?? names[0] ?? name ?? after('running'),
      };
    },
  };
}

function running(keeper: Keeper, name: string): ShellCommand {
  return keeper === 'systemd' ? sh`hostnamectl --transient set-hostname ${name}` : sh`hostname ${name}`;
}

async function keeping(
  keeper: Keeper,
  name: string,
  found: Names,
  context: ModuleContext,
): Promise<{ permanent: string; actions: Action[] }> {
  if (keeper === 'systemd') {
    const set = (kind: string) => act(sh`hostnamectl ${kind} set-hostname ${name}`);
    return { permanent: found.static, actions: found.static === name ? [] : ['--pretty', '--static'].map(set) };
  }
  const file = await readTextFile(context, FILES[keeper]);
  const { before, after } = editName(keeper, file.text ?? '', name);
  return { permanent: before, actions: before === name ? [] : rewriteTextFile(context, file, after).actions };
}

/** The name that a file holds, and the file with another one. */
function editName(keeper: Exclude<Keeper, 'systemd'>, text: string, name: string): { before: string; after: string } {
  if (keeper === 'file' || keeper === 'sles') return { before: text.trim(), after: `${name}\n` };
  const [key, line] = keeper === 'redhat' ? ['HOSTNAME', `HOSTNAME=${name}`] : ['hostname', `hostname="${name}"`];
  const lines = linesOf(text);
  const at = lines.findIndex((each) => each.trim().startsWith(`${key}=`));
  const before = /=\s*["']?(.*?)["']?\s*$/.exec(lines[at] ?? '')?.[1] ?? '';
  const edited = at === -1 ? [...lines, line] : lines.with(at, line);
  return { before, after: edited.map((each) => `${each}\n`).join('') };
}

function act(command: ShellCommand): Action {
  return { kind: 'run', command };
}
