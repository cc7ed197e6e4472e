import { quote, sh } from '../../shell/command.js';
import { args, choice, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';

const schema = args({
  path: path().describe('The program.'),
  capability: text().describe('The capability with its flags, such as cap_net_bind_service+ep.'),
  state: choice('present', 'absent').default('present').describe('Whether the program has the capability.'),
});

export const capabilities = defineModule<ReturnType<typeof schema.parse>>({
  name: 'capabilities',
  collection: 'community.general',
  summary: 'Have a program run with a capability of Linux, or not.',
  needs: 'getcap and setcap',
  aliases: { key: 'path', cap: 'capability' },
  args: schema,

  differences: [
    'What a program has already is no change, also where the host spells it with another sign; Ansible sets `cap_chown+ep` again each time on hosts that tell of `cap_chown=ep`.',
    'All capabilities of a program are seen; Ansible overlooks those behind a space on hosts that write `cap_a=eip cap_b=ep`.',
    'A program without the last of its capabilities is as one that never had any; Ansible leaves it with an empty list.',
  ],

  async plan({ path: given, capability, state }, context): Promise<Plan> {
    const wanted = capabilityOf(capability.trim().toLowerCase());
    if (!wanted || (state === 'present' && wanted.sign === undefined))
      return { actions: [], failed: `${capability} is no capability with flags, such as cap_chown+ep.` };
    const file = await hostPath(context, given.trim());
    const found = await context.fact(capabilitiesOfFile(file));
    if (found === 'unknown') return { actions: [], failed: 'getcap is not installed on this host' };
    if (found === 'missing') return { actions: [], failed: `Unable to get capabilities of ${file}` };
    const now = found.find(({ name }) => name === wanted.name)?.flags ?? '';
    const next = state === 'absent' ? '' : flagsAfter(now, wanted);
    if (next === now) return { actions: [], result: dict({ state }) };
    const others = found.filter(({ name }) => name !== wanted.name);
    const all = next === '' ? others : [...others, { name: wanted.name, flags: next }];
    const words = all.map(({ name, flags }) => `${name}=${flags}`).join(' ');
    const command = all.length === 0 ? sh`setcap -r ${file}` : sh`setcap ${words} ${file}`;
    const said = { msg: 'capabilities changed' };
    return {
      actions: [{ kind: 'run', command }],
      result: dict(said),
      finish: (results) => (results.length > 0 ? dict({ state, stdout: '' }) : dict({})),
    };
  },
});

/** In the order in which the host tells them. */
function flagsAfter(now: string, { sign, flags }: Wanted): string {
  return ['e', 'i', 'p']
    .filter((flag) => (sign === '-' ? now.includes(flag) && !flags.includes(flag) : flags.includes(flag)))
    .join('');
}

type Capability = { name: string; flags: string };
type Wanted = Capability & { sign: string | undefined };

/** What a file has. Older getcap writes `= cap_a+ep`, newer `cap_a=ep`. */
function capabilitiesOfFile(file: string): Fact<Capability[] | 'unknown' | 'missing'> {
  return {
    script: `command -v getcap >/dev/null && echo known && if [ -f ${quote(file)} ]; then LC_ALL=C getcap ${quote(file)} 2>/dev/null; else echo missing; fi; :`,
    parse({ stdout }) {
      if (!stdout.startsWith('known')) return 'unknown';
      if (stdout === 'known\nmissing\n') return 'missing';
      const line = stdout.split('\n')[1] ?? '';
      const words = line.startsWith(file) ? line.slice(file.length) : '';
      return words
        .split(/\s+/)
        .filter((word) => word !== '' && word !== '=')
        .flatMap((group) => {
          const [, names = '', flags = ''] = /^(.*?)[=+]([eip]*)$/.exec(group) ?? [];
          return names.split(',').map((name) => ({ name, flags }));
        });
    },
  };
}

/** Without flags it only says which one. */
function capabilityOf(text: string): Wanted | undefined {
  const [, name, sign, flags = ''] = /^(\w+)(?:([=+-])([eip]*))?$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, sign, flags };
}
