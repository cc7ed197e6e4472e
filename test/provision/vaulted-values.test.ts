import { afterAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRedactor } from '../../src/secret.js';
import {
  type Played,
  type Project,
  removeProjects,
  resultsOf,
  type RunOptions,
  runPlaybook,
} from '../support/run-playbook.js';
import { vaulted } from '../support/vaulted.js';

afterAll(removeProjects);

const PASSWORD = 'of the vault';
const vault = (text: string) => vaulted(text, PASSWORD);
const inline = (text: string) => `!vault |\n${vault(text).replace(/^(?=.)/gm, '      ')}`;

const play = (project: Project, options: RunOptions = {}) =>
  runPlaybook(project, { redactor: createRedactor(), vaultPassword: PASSWORD, diff: true, limit: 'h1', ...options });

const shownBy = (played: Played) => JSON.stringify([played.events, played.result, played.error ?? null]);

function writtenBy({ folder }: Played): string {
  const out = join(folder, 'out');
  return readdirSync(out)
    .map((name) => readFileSync(join(out, name), 'utf8'))
    .join('\n');
}

function expectWorked(played: Played): void {
  expect(played.error).toBeUndefined();
  expect(resultsOf(played).filter(({ status }) => status === 'failed')).toEqual([]);
}

const USE = `
    - copy: {content: "got {{ secret }}\\n", dest: "{{ base }}/got"}
    - debug: {msg: "it is {{ secret }}"}
    - debug: var=secret
    - fail: {msg: "because of {{ secret }}"}
      ignore_errors: yes
`;
const BY_ROLE = '- {hosts: web, gather_facts: no, roles: [r]}\n';

// Where a vaulted value may stand, and the value there.
const PLACES: [string, string, Project, RunOptions?][] = [
  ['group_vars as a whole', 'whole-group-4711', { 'group_vars/web.yml': vault('secret: whole-group-4711\n') }],
  ['group_vars, one value', 'one-group-4711', { 'group_vars/all.yml': `secret: ${inline('one-group-4711')}` }],
  ['host_vars as a whole', 'whole-host-4711', { 'host_vars/h1/vault': vault('secret: whole-host-4711\n') }],
  ['a number of group_vars', '90210471100', { 'group_vars/web.yml': vault('secret: 90210471100\n') }],
  [
    'vars_files as a whole',
    'whole-file-4711',
    { 'vault.yml': vault('secret: whole-file-4711\n'), 'site.yml': playOf('vars_files: [vault.yml]') },
  ],
  [
    'vars_files by a templated name',
    'templated-file-4711',
    {
      'h1.yml': vault('secret: templated-file-4711\n'),
      'site.yml': playOf('vars_files: ["{{ inventory_hostname }}.yml"]'),
    },
  ],
  ['the variables of a play', 'of-play-4711', { 'site.yml': playOf(`vars:\n    secret: ${inline('of-play-4711')}`) }],
  [
    'variables of a role as a whole',
    'role-vars-4711',
    { 'roles/r/vars/main.yml': vault('secret: role-vars-4711\n'), 'site.yml': BY_ROLE },
  ],
  [
    'a folder of variables of a role',
    'role-folder-4711',
    { 'roles/r/vars/main/vault.yml': vault('secret: role-folder-4711\n'), 'site.yml': BY_ROLE },
  ],
  [
    'defaults of a role, one value',
    'role-defaults-4711',
    { 'roles/r/defaults/main.yml': `secret: ${inline('role-defaults-4711')}`, 'site.yml': BY_ROLE },
  ],
  [
    'include_vars as a whole',
    'included-4711',
    {
      'vault.yml': vault('secret: included-4711\n'),
      'site.yml': `- hosts: web\n  gather_facts: no\n  tasks:\n    - include_vars: vault.yml${USE}`,
    },
  ],
  ['-e @file as a whole', 'extra-4711', { 'extra.yml': vault('secret: extra-4711\n') }, { extraVars: ['@extra.yml'] }],
  [
    'a file that a lookup reads',
    'looked-up-4711',
    {
      'files/key': vault('looked-up-4711\n'),
      'site.yml': playOf(`vars: {secret: "{{ lookup('file', 'key') }}"}`),
    },
  ],
];

function playOf(words: string): string {
  return `- hosts: web\n  gather_facts: no\n  ${words}\n  tasks:${USE}`;
}

test.each(PLACES)(
  'a value of %s reaches the host and is in nothing that is shown or kept',
  async (_, value, project, more = {}) => {
    const tasks = { 'roles/r/tasks/main.yml': USE, 'site.yml': playOf('vars: {}') };
    const played = await play({ ...tasks, ...project }, more);
    expectWorked(played);
    expect(writtenBy(played)).toBe(`got ${value}\n`);
    expect(shownBy(played)).toContain('it is [REDACTED]');
    expect(shownBy(played)).not.toContain(value);
  },
);

const KEY = [
  '-----BEGIN KEY-----',
  'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUtdGhlLWZpcnN0',
  'c2Vjb25kLWxpbmUtb2YtdGhlLWtleQ',
  '',
].join('\n');

test('a secret of several lines is taken out of a difference, which shows it line by line, also where it is indented', async () => {
  const played = await play({
    'group_vars/web.yml': `key: ${inline(KEY)}`,
    'site.yml': `
- hosts: web
  gather_facts: no
  tasks:
    - copy: {content: "{{ key }}", dest: "{{ base }}/key"}
    - copy: {content: "a:\\n{{ key | indent(4, true) }}", dest: "{{ base }}/indented"}
`,
  });
  expectWorked(played);
  expect(readFileSync(join(played.folder, 'out', 'key'), 'utf8')).toBe(KEY);
  expect(shownBy(played)).toContain('[REDACTED]');
  for (const line of KEY.split('\n').filter(Boolean)) expect(shownBy(played)).not.toContain(line);
});

test('the difference of a file that is a vault is not shown, and the task of one that is none shows its own', async () => {
  const played = await play({
    'files/vault.conf': vault('user = me\npass = x1\n'),
    'files/open.conf': 'user = you\n',
    'templates/vault.j2': vault('for {{ inventory_hostname }}: y2\n'),
    'site.yml': `
- hosts: web
  gather_facts: no
  tasks:
    - {name: V, copy: {src: vault.conf, dest: "{{ base }}/vault.conf"}}
    - {name: T, template: {src: vault.j2, dest: "{{ base }}/templated"}}
    - {name: O, copy: {src: open.conf, dest: "{{ base }}/open.conf"}}
    - {name: Again, copy: {src: vault.conf, dest: "{{ base }}/vault.conf"}}
`,
  });
  expectWorked(played);
  expect(writtenBy(played)).toBe('user = you\n\nfor h1: y2\n\nuser = me\npass = x1\n');
  const diffs = Object.fromEntries(resultsOf(played).map(({ task, diff }) => [task, diff]));
  expect(diffs).toEqual({
    V: 'The difference is hidden: the file is a vault.',
    T: 'The difference is hidden: the file is a vault.',
    O: expect.stringContaining('+user = you'),
    Again: undefined,
  });
});

// What templates make of a secret with signs of every kind.
const ODD = `aß/b+c'd"e\\f<g>&h`;
const WAYS = {
  json: '{{ {"k": odd} | to_json }}',
  ascii: '{{ odd | to_json(ensure_ascii=true) }}',
  nice: '{{ {"k": odd} | to_nice_json }}',
  python: '{{ [odd] }}',
  base64: '{{ odd | b64encode }}',
  login: '{{ ("me:" ~ odd) | b64encode }}',
  longer: '{{ ("you:" ~ odd ~ ":x") | b64encode }}',
  url: '{{ odd | urlencode }}',
  xml: '{{ odd | e }}',
  shell: '{{ odd | quote }}',
};

test.each(Object.entries(WAYS))('a secret is known again as %s writes it', async (_, template) => {
  const played = await play({
    'group_vars/web.yml': `odd: ${inline(ODD)}`,
    'site.yml': `
- hosts: web
  gather_facts: no
  tasks:
    - copy:
        content: 'made ${template.replaceAll("'", "''")}!'
        dest: "{{ base }}/made"
`,
  });
  expectWorked(played);
  const text = /^made (.*)!$/s.exec(writtenBy(played))?.[1] ?? '';
  expect(text.length).toBeGreaterThan(ODD.length - 1);
  const [{ diff } = { diff: '' }] = resultsOf(played);
  expect(diff).toContain('[REDACTED]');
  // Nothing of its middle is left.
  const middle = text.slice(Math.floor(text.length / 2) - 3, Math.floor(text.length / 2) + 3);
  expect(diff).not.toContain(middle);
});

test('a vault that holds words of the project and of Stars leaves names of hosts, tasks and handlers, and states, as they are', async () => {
  const words = [
    'host',
    'task',
    'type',
    'failed',
    'handler',
    'result',
    'Install nginx',
    'h1',
    'reload nginx',
    'Webs!',
    'status',
  ];
  const played = await play({
    'group_vars/web.yml': vault(words.map((word, index) => `v${index}: "${word}"\n`).join('')),
    'site.yml': `
- name: Webs!
  hosts: web
  gather_facts: no
  tasks:
    - {name: Install nginx, command: "true", notify: reload nginx}
    - {name: "For {{ v4 }}", command: "false", ignore_errors: yes}
  handlers:
    - {name: reload nginx, debug: {msg: "{{ v8 }}"}}
`,
  });
  const results = resultsOf(played).map(({ host, play, task, status, notified }) => ({
    host,
    play,
    task,
    status,
    notified,
  }));
  const rest = { host: 'h1', play: 'Webs!' };
  expect(results).toEqual([
    { ...rest, task: 'Install nginx', status: 'ok', notified: ['reload nginx'] },
    { ...rest, task: 'For [REDACTED]', status: 'ignored', notified: undefined },
    { ...rest, task: 'reload nginx', status: 'ok', notified: undefined },
  ]);
  expect(shownBy(played)).toContain('"message":"[REDACTED]"');
});

test('what the filter unvault opens, and what vault is given, is used and shown nowhere', async () => {
  const played = await play({
    'group_vars/all.yml': `closed: ${JSON.stringify(vault('opened-4711'))}\n`,
    'site.yml': `
- hosts: web
  gather_facts: no
  tasks:
    - set_fact: {given: "{{ ['given', 4711] | join('-') }}"}
      no_log: yes
    - debug: {msg: "{{ closed | unvault('${PASSWORD}') }}"}
    - copy: {content: "{{ closed | unvault('${PASSWORD}') }}\\n", dest: "{{ base }}/opened"}
    - copy: {content: "{{ given }} {{ given | vault('other') | unvault('other') }}\\n", dest: "{{ base }}/given"}
    - debug: {var: given}
    - fail: {msg: "{{ closed | unvault('${PASSWORD}') | b64encode }}"}
      ignore_errors: yes
`,
  });
  expect(played.error).toBeUndefined();
  expect(writtenBy(played)).toBe('given-4711 given-4711\n\nopened-4711\n');
  for (const secret of ['given-4711', 'opened-4711', Buffer.from('opened-4711').toString('base64').slice(0, -2)])
    expect(shownBy(played)).not.toContain(secret);
});
