import type { DifferentialCase, Intended } from '../case.js';
import { BEFORE_A_FILE } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const TEXT = `{% if true %}
  {% for one in [1, 2] %}
line {{ one }}
  {% endfor %}
{% endif %}
{# gone #}
é {{ inventory_hostname }} {{ none }}|{{ true }}|{{ [1, 'a'] }}
`;
const local = {
  'plain.j2': 'hello\n',
  'text.j2': TEXT,
  'open.j2': 'no end {{ inventory_hostname }}',
  'other.j2': '<% if true %>[[ inventory_hostname ]]<% endif %>\n(* gone *)\n',
  'bad.j2': '{{ nobody }}\n',
  'worse.j2': '{% if %}\n',
  'managed.j2': '{{ ansible_managed }} {{ template_path | basename }}\n',
};
const one = (args: Arguments, setup?: string) => oneTask('template', args, setup, { local });

export const intended: readonly Intended[] = [
  {
    lines: /\/x: Ansible file 644 0:0 "", Stars link/,
    why: 'What validate refuses leaves everything as it is; Ansible has then replaced a link by an empty file.',
  },
];

export const cases: DifferentialCase[] = [
  one({ src: '@local/text.j2', dest: '@/f' }),
  one({ src: '@local/text.j2', dest: '@/f', lstrip_blocks: true }),
  one({ src: '@local/text.j2', dest: '@/f', trim_blocks: false }),
  one({ src: '@local/open.j2', dest: '@/f' }),
  one({ src: '@local/text.j2', dest: '@/f', newline_sequence: '\r\n' }),
  one({ src: '@local/text.j2', dest: '@/f', newline_sequence: '\\r\\n' }),
  one({
    src: '@local/other.j2',
    dest: '@/f',
    block_start_string: '<%',
    block_end_string: '%>',
    variable_start_string: '[[',
    variable_end_string: ']]',
    comment_start_string: '(*',
    comment_end_string: '*)',
  }),
  one({ src: '@local/text.j2', dest: '@/f', output_encoding: 'utf-8' }),
  ...['\n', '\r', '\\n', '\\r'].map((newline_sequence) =>
    one({ src: '@local/text.j2', dest: '@/f', newline_sequence }),
  ),
  one({ src: '@local/text.j2', dest: '@/f', output_encoding: 'utf8' }),
  one({ src: '@local/text.j2', dest: '@/f', output_encoding: 'UTF-8' }),
  one({ src: '@local/bad.j2', dest: '@/f' }),
  one({ src: '@local/worse.j2', dest: '@/f' }),
  one({ src: '@local/nope.j2', dest: '@/f' }),
  one({ src: '@local/managed.j2', dest: '@/f' }),
  one({ src: '@local/plain.j2', dest: '@/d' }, 'mkdir d'),
  one({ src: '@local/plain.j2', dest: '@/d/' }),
  one({ src: '@local/plain.j2', dest: '@/no/such/f' }),
  ...generated(
    'template',
    {
      mode: [undefined, '0640', 'u+x', 'preserve'],
      owner: [undefined, 'daemon'],
      group: [undefined, 'games'],
      force: [undefined, false],
      follow: [undefined, true],
      backup: [undefined, true],
      validate: [undefined, 'grep -q hello %s', 'grep -q nothing %s'],
    },
    { always: { src: '@local/plain.j2', dest: '@/x' }, before: BEFORE_A_FILE, more: () => ({ local }) },
  ),
  one({ src: '@local/plain.j2', dest: '@/f', unsafe_writes: true }),
];
