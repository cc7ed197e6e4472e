import type { DifferentialCase, Intended } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const BEFORE = {
  sections: `printf 'top = 1\\n\\n[one]\\na = 1\\n; b = 2\\nc=3\\n\\n[two]\\na = 1\\na = 2\\n' >f`,
  open: `printf '[one]\\na=1' >f; chmod 600 f`,
  nothing: ':',
  empty: ': >f',
  comments: `printf '# [one]\\n#a = 9\\n[one]\\n#a = 1\\n;a = 5\\nd\\n' >f`,
  link: `printf '[one]\\na=1\\n' >y; ln -s y f`,
};
const one = (args: Arguments, setup = BEFORE.sections) => oneTask('ini_file', { path: '@/f', ...args }, setup);

/** Ansible adds the bare option with every run. */
function bareAgain(
  { value, state, create, allow_no_value: bare }: Arguments,
  before: string | undefined,
): Partial<DifferentialCase> {
  if (!bare || state === 'absent' || value === undefined || value === '') return {};
  if (create === false && before === 'nothing') return {};
  return {
    differs: {
      lines: /^(second|first|check) (run|mode), /,
      why: 'What has its values is left alone; Ansible adds the option without a value in every run.',
    },
  };
}

export const intended: readonly Intended[] = [
  {
    lines: /^check mode, .*changed: Ansible false, Stars true/,
    why: 'Check mode tells of attributes that would change, which Ansible only looks at in earnest.',
  },
];

export const cases: DifferentialCase[] = [
  one({ section: 'one', option: 'a', value: '2' }),
  one({ section: 'new', option: 'x', value: 'y' }),
  one({ section: 'one', state: 'absent' }),
  one({ section: 'two', option: 'a', state: 'absent' }),
  one({ option: 'top', value: '2' }),
  one({ option: 'first', value: '2' }),
  one({ section: 'one' }),
  one({ section: 'only' }),
  one({ section: 'one', option: 'b', value: '7' }),
  one({ section: 'one', option: 'e', allow_no_value: true }),
  one({ section: 'one', option: 'e' }),
  one({ path: '@/none/f', section: 'a', option: 'b', value: 'c' }),
  one({ section: 'one', option: 'a', value: '6', state: 'present' }),
  one({ option: 'first', value: '2' }, BEFORE.empty),
  one({ option: 'first', value: '2' }, BEFORE.comments),
  one({ option: 'top', value: '2' }, "printf 'top = 1\\ntop = 3\\n' >f"),
  one({ section: 'one', state: 'absent' }, BEFORE.link),
  ...generated(
    'ini_file',
    {
      section: [undefined, 'one', 'two', 'three'],
      option: ['a', 'b', 'c', 'new'],
      value: [undefined, '1', 'x = y', ''],
      state: [undefined, 'absent'],
      exclusive: [undefined, false],
      no_extra_spaces: [undefined, true],
      allow_no_value: [undefined, true],
      create: [undefined, false],
      backup: [undefined, true],
      mode: [undefined, '0640'],
      owner: [undefined, 'daemon'],
    },
    { always: { path: '@/f' }, before: BEFORE, more: bareAgain },
  ),
  ...generated(
    'ini_file',
    {
      section: ['one', 'two', 'three'],
      option: ['a', 'new'],
      values: [['1'], ['1', '2'], ['9', '8']],
      state: [undefined, 'absent'],
      exclusive: [undefined, false],
    },
    { always: { path: '@/f' }, before: BEFORE },
  ),
  one({ section: 'one', option: 'a', value: '5', group: 'games', unsafe_writes: true }),
  one({ section: 'one', option: 'a', value: '5', seuser: 'root', serole: 'object_r', setype: 'etc_t', selevel: 's0' }),
];
