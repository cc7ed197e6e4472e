import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import type { Connection, ExecOptions } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';
import { createRedactor } from '../../src/secret.js';
import {
  linesOf,
  type Played,
  removeProjects,
  resultsOf,
  runIn,
  runPlaybook,
  saidBy,
  writeProject,
} from '../support/run-playbook.js';

afterAll(removeProjects);

const play = (tasks: string, more = ''): string =>
  `- hosts: all\n  gather_facts: no\n${more}  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`;

const recapOf = ({ result }: Played, host: string) => result?.hosts[host];

describe('A host in trouble', () => {
  test('that cannot be reached is counted, and the others go on', async () => {
    const played = await runPlaybook(
      { 'site.yml': play('- command: "true"\n- debug: msg=on') },
      {
        connect: async (name) => {
          if (name === 'h1') throw new StarsError('UNREACHABLE', 'h1: no route to host.', { hint: 'Check the cable.' });
          return connectLocal({ name });
        },
      },
    );
    expect(recapOf(played, 'h1')).toMatchObject({ ok: 0, unreachable: 1, failed: 0 });
    expect(recapOf(played, 'h2')).toMatchObject({ ok: 2, changed: 1 });
    expect(played.result?.failed).toMatchObject({ code: 'UNREACHABLE' });
    expect(resultsOf(played).find(({ host }) => host === 'h1')).toMatchObject({
      status: 'unreachable',
      message: expect.stringContaining('no route to host'),
    });
  });

  test('that cannot be reached in the middle of a run is out from there on, rescue or not', async () => {
    const played = await runPlaybook(
      {
        'site.yml': play(
          '- command: "true"\n- block:\n    - command: "false"\n  rescue:\n    - debug: msg=rescue\n  always:\n    - debug: msg=always\n- debug: msg=after',
        ),
      },
      { connect: async (name) => (name === 'h1' ? losing(connectLocal({ name }), 'false') : connectLocal({ name })) },
    );
    expect(recapOf(played, 'h1')).toMatchObject({ ok: 1, unreachable: 1, rescued: 0 });
    expect(recapOf(played, 'h2')).toMatchObject({ ok: 4, rescued: 1 });
  });

  test('that is unreachable may be ignored', async () => {
    const played = await runPlaybook(
      { inventory: 'h1\n', 'site.yml': play('- command: "false"\n  ignore_unreachable: yes\n- debug: msg=on') },
      { connect: async (name) => losing(connectLocal({ name }), 'false') },
    );
    expect(recapOf(played, 'h1')).toMatchObject({ ok: 2, ignored: 1, unreachable: 0 });
  });

  test.each([
    ['ends a play with any_errors_fatal for all', '', 1],
    ['ends it for nobody else where the task ignores errors', '\n  ignore_errors: yes', 2],
  ])('that cannot be reached in a task %s', async (_, words, ok) => {
    const played = await runPlaybook(
      { 'site.yml': play(`- command: "true"${words}\n- debug: msg=on`, '  any_errors_fatal: yes\n') },
      { connect: async (name) => (name === 'h1' ? losing(connectLocal({ name }), 'true') : connectLocal({ name })) },
    );
    expect(recapOf(played, 'h1')).toMatchObject({ unreachable: 1 });
    expect(recapOf(played, 'h2')).toMatchObject({ ok, failed: 0 });
  });

  test('never stops the others, whatever goes wrong inside a connection', async () => {
    const played = await runPlaybook(
      { 'site.yml': play('- command: "true"\n- debug: msg=on') },
      {
        connect: async (name) => ({
          ...connectLocal({ name }),
          ...(name === 'h1' && { exec: () => Promise.reject(new TypeError('boom')) }),
        }),
      },
    );
    expect(recapOf(played, 'h1')).toMatchObject({ failed: 1 });
    expect(recapOf(played, 'h2')).toMatchObject({ ok: 2 });
  });
});

test('a loop of includes that fails at one item brings nothing to its host, ignored or not, and a failed host takes part in no later include', async () => {
  const played = await runPlaybook({
    'site.yml': play(
      `- include_tasks: "{{ files[item] }}"
  loop: [one, two]
  ignore_errors: yes
- include_tasks: later.yml
- include_tasks: "{{ files[item] }}"
  loop: [one, two]
- include_tasks: later.yml`,
    ),
    'host_vars/h1.yml': "files: {one: found.yml, two: ''}\n",
    'host_vars/h2.yml': 'files: {one: found.yml, two: found.yml}\n',
    'found.yml': '- debug: msg=found\n',
    'later.yml': '- debug: msg=later\n',
  });
  const none = 'h1: No file was named to include.';
  const later = ['h1: later', 'h2: later'];
  expect(saidBy(played)).toEqual([
    none,
    'h2: found',
    'h2: found',
    ...later,
    none,
    'h2: found',
    'h2: found',
    'h2: later',
  ]);
  expect(recapOf(played, 'h1')).toMatchObject({ ignored: 1, failed: 1 });
});

test('no_log hides results, items, labels and diffs of a task, and those of a block', async () => {
  const secret = 's3cr3t';
  const played = await runPlaybook(
    {
      inventory: 'h1\n',
      'site.yml': play(
        `- shell: echo {{ item }}; false
  loop: [${secret}-a, ${secret}-b]
  no_log: yes
  ignore_errors: yes
- copy: content=${secret} dest={{ base }}/f
  no_log: yes
- block:
    - debug: msg=${secret}
    - fail: msg=${secret}
      ignore_errors: yes
    - debug: msg="{{ ${secret}.x.y }}"
      ignore_errors: yes
    - debug: msg="${secret} {{ nowhere }}"
      ignore_errors: yes
  no_log: true`,
      ),
    },
    { diff: true },
  );
  expect(recapOf(played, 'h1')).toMatchObject({ failed: 0, ignored: 4 });
  expect(JSON.stringify(played.events)).not.toContain(secret);
});

test('no_log that is set for one item of a loop hides the whole task, whatever the items after it say', async () => {
  const tasks = `- shell: echo {{ item.word }}; false
  loop: [{word: s3cr3t, quiet: yes}, {word: open, quiet: no}]
  loop_control: {label: "{{ item.word }}"}
  no_log: "{{ item.quiet }}"
  ignore_errors: yes`;
  const played = await runPlaybook({ inventory: 'h1\n', 'site.yml': play(tasks) });
  expect(linesOf(played).at(-1)).toContain('ignored');
  expect(JSON.stringify(played.events)).not.toContain('s3cr3t');
});

describe('What a host answered stays text', () => {
  const EVIL = "{{ lookup('env', 'HOME') }}";
  const echo = `- command: echo "{% raw %}${EVIL}{% endraw %}"`;
  const uses = (text: string) => `- debug: msg="{{ ${text} }}"
- debug: msg="once more, {{ copied }}"
  vars: {copied: "{{ ${text} }}"}
- copy: content="{{ ${text} }}" dest={{ base }}/copied
- template: src=t.j2 dest={{ base }}/rendered
  vars: {answer: "{{ ${text} }}"}
- set_fact: {kept: "{{ ${text} }}"}
- name: each
  debug: msg="{{ item }}"
  loop: ["{{ kept }}", "{{ ${text} }}"]
- debug: msg=held
  when: ${text} is search('lookup')
- debug: var="{{ ${text} | replace('{', '') | replace('}', '') | trim }}"
- include_tasks: inner.yml
  args: {apply: {vars: {applied: "{{ ${text} }}"}}}
- name: refused
  debug: msg=never
  when: "{{ ${text} }}"
  ignore_errors: yes
- name: not found
  include_tasks: {file: "{{ ${text} }}"}
`;
  const inside = "lookup('env', 'HOME')";
  const expected = [EVIL, `once more, ${EVIL}`, EVIL, EVIL, 'held', `${inside}: ${inside}`, EVIL];

  test.each([
    ['when it is registered', `${echo}\n  register: r\n${uses('r.stdout')}`],
    ['in the results of a loop', `${echo}\n  register: r\n  loop: [1]\n${uses('r.results[0].stdout')}`],
    [
      'in changed_when, failed_when and until',
      `${echo}\n  register: r\n  until: r.stdout is search('lookup')\n  changed_when: r.stdout is search('lookup')\n  failed_when: r.stdout is not search('lookup')\n${uses('r.stdout')}`,
    ],
    [
      'when a rescue looks at it',
      `- block:\n    ${echo}\n      failed_when: true\n  rescue:\n${uses('ansible_failed_result.stdout').replaceAll(/^(?=.)/gm, '    ')}`,
    ],
    ['as a fact', `- setup:\n${uses('ansible_env.STARS_TEST_ANSWER')}`],
    ['as a fact among others', `- setup:\n${uses('ansible_facts.env.STARS_TEST_ANSWER')}`],
  ])('%s', async (_, tasks) => {
    const played = await runPlaybook(
      {
        inventory: 'h1\n',
        'site.yml': play(tasks),
        't.j2': '{{ answer }}',
        'inner.yml': '- debug: msg="{{ applied }}"\n',
      },
      {
        connect: async (name) => {
          const inner = connectLocal({ name });
          // As a login shell's profile may have it.
          const profile = `STARS_TEST_ANSWER="${EVIL}"; export STARS_TEST_ANSWER`;
          return { ...inner, exec: (script, options) => inner.exec(`${profile}\n${script}`, options) };
        },
      },
    );
    const said = resultsOf(played).filter(({ task, item }) => task === 'debug' || (task === 'each' && item));
    expect(said.map(({ message }) => message)).toEqual(expected);
    expect(resultsOf(played).at(-1)).toMatchObject({ task: 'not found', message: expect.stringContaining(EVIL) });
    for (const file of ['copied', 'rendered'])
      expect(readFileSync(join(played.folder, 'out', file), 'utf8')).toBe(EVIL);
    expect(linesOf(played)).toContain('refused h1 ignored');
  });
});

test('no_log hides what a variable puts into the name of a task', async () => {
  const played = await runPlaybook({
    inventory: 'h1 token=s3cr3t\n',
    'site.yml': play(
      '- name: log in with {{ token }}\n  command: "true"\n  no_log: "{{ quiet }}"\n- name: on {{ quiet }}\n  debug: msg=x\n  no_log: no',
      '  vars: {quiet: yes}\n',
    ),
  });
  expect(JSON.stringify(played.events)).not.toContain('s3cr3t');
  expect(linesOf(played)).toEqual(['log in with {{ token }} h1 changed', 'on True h1 ok']);
});

test('passwords of hosts are kept out of events, wherever their variables come from', async () => {
  const names = ['become_password', 'become_pass', 'sudo_pass', 'su_pass', 'password', 'ssh_pass', 'ssh_password'].map(
    (name) => `ansible_${name}`,
  );
  const tasks = names.map((name) => `- name: "show {{ ${name} }}"\n  debug: var=${name}`).join('\n');
  const played = await runPlaybook(
    {
      inventory: `h1 ${names.map((name) => `${name}=inv-${name}`).join(' ')}\nh2 ansible_password=other-password\n`,
      'site.yml': `- hosts: h1\n  gather_facts: no\n  tasks:\n${tasks.replaceAll(/^/gm, '    ')}
    - debug: msg="{{ hostvars.h2.ansible_password }}"
    - name: "with {{ ansible_become_pass }}"
      debug: msg="{{ ansible_become_pass }}"
      vars: {ansible_become_pass: "task-{{ inventory_hostname }}-pass"}
    - debug: msg="{{ ansible_sudo_pass }}"
      loop: [item-one, item-two]
      vars: {ansible_sudo_pass: "{{ item }}"}
    - set_fact: {ansible_password: "{{ 'fact' ~ '-password' }}"}
    - name: at last
      debug: var=ansible_password
`,
    },
    { redactor: createRedactor() },
  );
  expect(played.result?.failed).toBeUndefined();
  expect(saidBy(played)).toHaveLength(names.length + 5);
  expect(saidBy(played).filter((line) => !line.endsWith('[REDACTED]'))).toEqual([]);
  expect(JSON.stringify(played.events)).not.toMatch(/inv-|other-password|task-h1|item-one|item-two|fact-password/);
});

test('--check --diff shows what would change and writes nothing', async () => {
  const played = await runPlaybook(
    {
      inventory: 'h1\n',
      'site.yml': play('- copy: content="new\\n" dest={{ base }}/f\n- template: src=t.j2 dest={{ base }}/g'),
      't.j2': 'line {{ 1 + 1 }}\n',
    },
    { check: true, diff: true },
  );
  expect(resultsOf(played).map(({ diff }) => diff)).toEqual([
    expect.stringContaining('+new'),
    expect.stringContaining('+line 2'),
  ]);
  expect(readdirSync(join(played.folder, 'out'))).toEqual([]);
});

describe('Old forms run with a note:', () => {
  test.each([
    ['sudo', play('- debug: msg=x\n  sudo: no'), 'site.yml:5: sudo is an old word for become.', ['x']],
    ['include of tasks', play('- include: a.yml word=w'), 'include is an old word', ['w']],
    [
      'include under a condition that keeps it from looking for its file',
      play('- include: nope.yml\n  when: false\n- debug: msg=on'),
      'include is an old word',
      ['on'],
    ],
    [
      'a bare variable in a loop',
      play('- debug: msg="{{ item }}"\n  with_items: names', '  vars: {names: [a, b]}\n'),
      '',
      ['a', 'b'],
    ],
    [
      'a filter as a test',
      play('- command: "false"\n  ignore_errors: yes\n  register: r\n- debug: msg=failed\n  when: r|failed'),
      '',
      ['failed'],
    ],
    [
      'braces in a condition',
      play('- debug: msg=yes\n  when: "{{ go }}"', '  vars: {go: yes}\n'),
      'no template delimiters',
      ['yes'],
    ],
  ])('%s', async (_, site, note, said) => {
    const played = await runPlaybook({ inventory: 'h1\n', 'site.yml': site, 'a.yml': '- debug: msg="{{ word }}"\n' });
    expect(played.error).toBeUndefined();
    expect(played.result?.failed).toBeUndefined();
    if (note !== '') expect(played.notes.join('\n')).toContain(note);
    const words = saidBy(played).map((line) => line.replace('h1: ', ''));
    expect(words.filter((word) => said.includes(word))).toEqual(said);
  });

  test('include of a playbook', async () => {
    const played = await runPlaybook({ 'site.yml': '- include: other.yml\n', 'other.yml': play('- debug: msg=x') });
    expect(recapOf(played, 'h1')).toMatchObject({ ok: 1 });
    expect(played.notes.join()).toContain('import_playbook');
  });
});

describe('The user a task runs as', () => {
  const RUNS: [string, string, string, string][] = [
    ['nobody else without become', '- command: "true"', '', 'login'],
    ['root with become', '- command: "true"\n  become: yes', '', 'sudo root'],
    [
      'the one that become_user names',
      '- command: "true"\n  become: yes\n  become_user: "{{ who }}"',
      '  vars: {who: app}\n',
      'sudo app',
    ],
    ['that of the play', '- command: "true"', '  become: yes\n  become_method: su\n', 'su root'],
    [
      'the login user when that is meant',
      '- command: "true"\n  become: yes\n  become_user: me',
      '  remote_user: me\n',
      'login',
    ],
    [
      'what the variables say, over keywords',
      '- command: "true"\n  become: yes\n  become_user: app\n  vars: {ansible_become_user: db, ansible_become_password: pw}',
      '',
      'sudo db pw',
    ],
    ['not root where a task says no', '- command: "true"\n  become: no', '  become: yes\n', 'login'],
    ['the item’s', '- command: "true"\n  become: yes\n  become_user: "{{ item }}"\n  loop: [a]', '', 'sudo a'],
    ['with sudo, the old word', '- command: "true"\n  sudo: yes\n  sudo_user: old', '', 'sudo old'],
  ];
  test.each(RUNS)('is %s', async (_, tasks, more, expected) => {
    const users: string[] = [];
    await runPlaybook(
      { inventory: 'h1\n', 'site.yml': play(tasks, more) },
      { connect: async (name) => watching(connectLocal({ name }), (user) => users.push(user)) },
    );
    expect([...new Set(users)]).toEqual([expected]);
  });
});

test('remote_user, port and connection of a play are used where the host’s variables are silent', async () => {
  const reached: unknown[] = [];
  const words = (name: string, variables: ReadonlyMap<unknown, unknown>) =>
    ['ansible_user', 'ansible_port', 'ansible_connection'].map((key) => `${name} ${String(variables.get(key))}`);
  await runPlaybook(
    {
      inventory: 'h1 ansible_user=own\nh2\n',
      'site.yml': play('- command: "true"', '  user: deploy\n  port: 2222\n  connection: local\n'),
    },
    {
      connect: async (name, variables) => {
        reached.push(words(name, variables));
        return connectLocal({ name });
      },
    },
  );
  expect(reached).toEqual([
    ['h1 own', 'h1 2222', 'h1 local'],
    ['h2 deploy', 'h2 2222', 'h2 local'],
  ]);
});

describe('variables say how hosts are reached, the nearest to the task first', () => {
  const RUNS: [string, string, string, string[]][] = [
    [
      'of a play',
      '- command: "true"',
      '  vars: {ansible_user: app, ansible_port: 2222}\n',
      ['h1 app 2222', 'h2 app 2222'],
    ],
    [
      'of a task, which the next one knows nothing of',
      '- command: "true"\n  vars: {ansible_user: root}\n- command: "true"',
      '',
      ['h1 root undefined', 'h2 root undefined', 'h1 own undefined', 'h2 undefined undefined'],
    ],
    [
      'that set_fact made',
      '- set_fact: {ansible_user: "u-{{ inventory_hostname }}"}\n- command: "true"',
      '  vars: {ansible_user: play}\n',
      ['h1 u-h1 undefined', 'h2 u-h2 undefined'],
    ],
    [
      'of each item',
      '- command: "true"\n  vars: {ansible_port: "{{ item }}"}\n  loop: [1, 2]',
      '  vars: {ansible_user: x}\n',
      ['h1 x 1', 'h2 x 1', 'h1 x 2', 'h2 x 2'],
    ],
    [
      'of the play, over its keywords',
      '- command: "true"\n  remote_user: me',
      '  vars: {ansible_user: app}\n',
      ['h1 app undefined', 'h2 app undefined'],
    ],
  ];
  test.each(RUNS)('%s', async (_, tasks, more, expected) => {
    const reached: string[] = [];
    await runPlaybook(
      { inventory: 'h1 ansible_user=own\nh2\n', 'site.yml': play(tasks, more) },
      {
        connect: async (name, variables: ReadonlyMap<unknown, unknown>) => {
          const words = ['ansible_user', 'ansible_port'].map((key) => String(variables.get(key)));
          reached.push([name, ...words].join(' '));
          return connectLocal({ name });
        },
      },
    );
    expect([...reached].toSorted()).toEqual(expected.toSorted());
  });
});

test('a role alone runs on the hosts it is given, and serial from outside overrides the play’s', async () => {
  const played = await runPlaybook(
    { inventory: 'h[1:3]\n', 'roles/r/tasks/main.yml': '- debug: msg="{{ ansible_play_batch }}"\n' },
    {
      target: { role: 'r', hosts: 'h1:h3' },
      serial: '1',
      connect: async (name) => watching(connectLocal({ name }), () => {}),
    },
  );
  expect(saidBy(played)).toEqual(['h1: ["h1"]', 'h3: ["h3"]']);
});

describe('a run that starts in a later play', () => {
  const PLAYS = `- hosts: h1
  tasks: [{name: before, command: echo never}]
- hosts: h2
  gather_facts: no
  tasks:
    - {name: also before, debug: {msg: never}}
    - name: first of {{ hostvars.h1.ansible_system | default('nothing') }}
      debug: {msg: "{{ hostvars.h1.ansible_system | default('nothing') }}"}
`;
  const LATER = `${PLAYS}    - {name: start, debug: {msg: "{{ hostvars.h1.ansible_system | default('nothing') }}"}}\n`;

  const lost = (name: string) => async (host: string) => {
    if (host === name) throw new StarsError('UNREACHABLE', `${name}: no route to host.`);
    return connectLocal({ name: host });
  };

  test('knows the facts of hosts whose tasks are left out, which count nowhere', async () => {
    const played = await runPlaybook({ 'site.yml': LATER }, { startAt: 'start' });
    expect(saidBy(played)).toEqual(['h2: Linux']);
    expect(Object.keys(played.result?.hosts ?? {})).toEqual(['h2']);
    expect(played.notes).toEqual([]);
  });

  test('goes on without the facts of a host that cannot be reached, and remarks upon it', async () => {
    const played = await runPlaybook({ 'site.yml': LATER }, { startAt: 'start', connect: lost('h1') });
    expect(saidBy(played)).toEqual(['h2: nothing']);
    expect(played.result?.failed).toBeUndefined();
    expect(played.notes).toEqual([expect.stringContaining('h1, whose tasks are left out, are not known')]);
  });

  test('may start at a task whose name waits for facts', async () => {
    const played = await runPlaybook({ 'site.yml': PLAYS }, { startAt: 'first of Linux' });
    expect(saidBy(played)).toEqual(['h2: Linux']);
  });

  test('does not say that there is no such task when its hosts cannot be reached', async () => {
    const site = LATER.replace('hosts: h2\n  gather_facts: no', 'hosts: h2');
    const played = await runPlaybook({ 'site.yml': site }, { startAt: 'start', connect: lost('h2') });
    expect(played.error).toBeUndefined();
    expect(played.result?.failed).toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('a diff', () => {
  const copies = play(
    [
      'shown, copy: {content: "a\\n", dest: "{{ base }}/a"}',
      'hidden, copy: {content: "b\\n", dest: "{{ base }}/b"}, diff: no',
      'hidden folder, file: {path: "{{ base }}/d", state: directory}, diff: no',
      'asked, copy: {content: "c\\n", dest: "{{ base }}/c"}, diff: yes',
    ]
      .map((task) => `- {name: ${task}}`)
      .join('\n'),
  );
  const shown = async (options: object) =>
    resultsOf(await runPlaybook({ inventory: 'h1\n', 'site.yml': copies }, options)).flatMap(({ task, diff }) =>
      diff === undefined ? [] : [task],
    );

  test('is shown where the run or the task asks for it, and not where the task says no', async () => {
    expect(await shown({ diff: true })).toEqual(['shown', 'asked']);
    expect(await shown({ check: true, diff: true })).toEqual(['shown', 'asked']);
    expect(await shown({})).toEqual(['asked']);
    expect(await shown({ check: true })).toEqual(['asked']);
  });

  test('of a file with many lines is cut and says so, and so are the words of a failure and the label of an item', async () => {
    const tasks = `- copy: {content: "{{ range(1000) | join('\\n') }}", dest: "{{ base }}/a"}
- raw: head -c 9000 /dev/zero | tr '\\0' x; exit 1
  ignore_errors: yes
- debug: msg=x
  loop: ["{{ 'y' * 500 }}"]
`;
    const played = resultsOf(await runPlaybook({ inventory: 'h1\n', 'site.yml': play(tasks) }, { diff: true }));
    const lines = played[0]?.diff?.split('\n') ?? [];
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toMatch(/^… 80\d more lines$/);
    expect(played[1]?.message).toMatch(/\n…x{4000}$/);
    expect(played[1]?.message?.length).toBeLessThan(4100);
    expect(played[2]?.item).toBe(`${'y'.repeat(117)}…`);
  });
});

test('a cancelled run ends at once and says so', async () => {
  const stop = new AbortController();
  const played = await runPlaybook(
    { 'site.yml': play('- command: sleep 30\n- debug: msg=never') },
    {
      signal: stop.signal,
      connect: async (name) => {
        const inner = connectLocal({ name });
        const exec: Connection['exec'] = (script, options) => {
          if (script.includes('sleep 30')) setImmediate(() => stop.abort(new StarsError('CANCELLED', 'Enough.')));
          return inner.exec(script, options);
        };
        return { ...inner, exec };
      },
    },
  );
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(linesOf(played)).toEqual([]);
});

test.each([
  ['the delay of a repetition', '- command: "false"\n  register: r\n  until: r is success\n  delay: 1000'],
  ['the pause of a loop', '- command: "true"\n  loop: [1, 2]\n  loop_control: {pause: 1000}'],
  ['a pause', '- pause: minutes=10'],
  ['the wait for a job', '- command: sleep 100\n  async: 200\n  poll: 100'],
  ['the delay before a connection is waited for', '- wait_for_connection: {delay: 1000}'],
])('a cancelled run does not wait for the end of %s', async (_title, tasks) => {
  const stop = new AbortController();
  const clock = {
    ...systemClock,
    sleep(ms: number, signal?: AbortSignal) {
      setImmediate(() => stop.abort(new StarsError('CANCELLED', 'Enough.')));
      return systemClock.sleep(ms, signal);
    },
  };
  const site = play(`${tasks}\n- debug: msg=never`, '  vars: {ansible_async_dir: "{{ base }}/jobs"}\n');
  const played = await runPlaybook({ 'site.yml': site }, { limit: 'h1', signal: stop.signal, clock });
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(linesOf(played)).toEqual([]);
});

test('a cancelled free play begins no other task', async () => {
  const stop = new AbortController();
  const site = play('- name: first\n  command: echo first\n- name: second\n  debug: msg=never', '  strategy: free\n');
  const played = await runPlaybook(
    { 'site.yml': site },
    {
      limit: 'h1',
      signal: stop.signal,
      connect: async (name) => {
        const inner = connectLocal({ name });
        const exec: Connection['exec'] = async (script, options) => {
          const result = await inner.exec(script, { ...options, signal: undefined });
          if (script.includes('first')) stop.abort(new StarsError('CANCELLED', 'Enough.'));
          return result;
        };
        return { ...inner, exec };
      },
    },
  );
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(played.events.filter(({ type }) => type === 'task.started')).toHaveLength(1);
});

test('one play opens one connection a host, and closes it', async () => {
  const closed: string[] = [];
  const played = await runPlaybook(
    { 'site.yml': play('- command: "true"\n- command: "true"') + play('- command: "true"') },
    {
      connect: async (name) => {
        const inner = connectLocal({ name });
        const close = () => {
          closed.push(name);
          return inner.close();
        };
        return { ...inner, close };
      },
    },
  );
  expect(played.connected.sort()).toEqual(['h1', 'h2']);
  expect(closed.sort()).toEqual(['h1', 'h2']);
});

/** A connection that is lost at the first script that holds this word. */
function losing(inner: Connection, word: string): Connection {
  const exec: Connection['exec'] = (script, options) =>
    script.includes(word)
      ? Promise.reject(new StarsError('UNREACHABLE', `${inner.host}: the connection was lost.`))
      : inner.exec(script, options);
  return { ...inner, exec };
}

/** Tells the user each script is to run as, and runs it as the login user. */
function watching(inner: Connection, tell: (user: string) => void): Connection {
  const exec: Connection['exec'] = (script, options: ExecOptions = {}) => {
    const { become, ...others } = options;
    tell(become ? [become.method, become.user, become.password].filter(Boolean).join(' ') : 'login');
    return inner.exec(script, others);
  };
  return { ...inner, exec };
}

test('A loop over debug says what each item says; another task that went well says nothing', async () => {
  const played = await runPlaybook({
    'site.yml': play(
      '- debug: msg="{{ item }} it is"\n  with_items: [tea, milk]\n- shell: exit 3\n  failed_when: no\n- set_fact: x=1\n  with_items: [1, 2]',
    ),
    inventory: 'h1\n',
  });
  const whole = resultsOf(played).filter(({ item }) => item === undefined);
  expect(whole.map(({ message }) => message)).toEqual(['tea it is\nmilk it is', undefined, undefined]);
});

test('A tag that no task has is remarked upon', async () => {
  const tasks = play('- debug: msg=x\n  tags: [known]');
  const remark = 'No task was run: none has a tag of knwon.';
  expect((await runPlaybook({ 'site.yml': tasks }, { tags: ['knwon'] })).notes).toContain(remark);
  expect((await runPlaybook({ 'site.yml': tasks }, { tags: ['known'] })).notes).toEqual([]);
});

test('A pipe is no file to send to a host, and nobody waits for what it may say', async () => {
  const folder = writeProject({
    'site.yml':
      '- hosts: h1\n  gather_facts: no\n  tasks:\n    - copy: { src: "{{ base }}/pipe", dest: "{{ base }}/f" }\n',
  });
  execFileSync('mkfifo', [join(folder, 'out', 'pipe')]);
  const played = await runIn(folder);
  const [failed] = resultsOf(played);
  expect(failed).toMatchObject({ host: 'h1', status: 'failed' });
  expect(failed?.message).toContain('pipe is neither a file nor a folder.');
});

test('role_path of a role that is a link is where it leads', async () => {
  const folder = writeProject({
    inventory: 'h1\n',
    'site.yml': '- hosts: all\n  gather_facts: no\n  roles: [linked]\n',
    'shared/real/tasks/main.yml': '- debug: msg="{{ role_name }} {{ role_path }}"\n',
    'roles/README': '',
  });
  symlinkSync('../shared/real', join(folder, 'project', 'roles', 'linked'));
  expect(saidBy(await runIn(folder))).toEqual([`h1: linked ${join(folder, 'project', 'shared', 'real')}`]);
});

test('a loop of more than 100,000 items fails instead of being run', async () => {
  const loop = (items: number) => ({
    inventory: 'h1\n',
    'site.yml': `- hosts: all\n  gather_facts: no\n  tasks: [{debug: {}, loop: "{{ range(${items}) | list }}"}]\n`,
  });
  const [tooMany] = resultsOf(await runPlaybook(loop(100_001)));
  expect(tooMany).toMatchObject({ status: 'failed', message: expect.stringContaining('100000 is the most') });
});

test('a handler runs whatever tags were asked for, and an item that was left out notifies none', async () => {
  const site =
    play(`- {name: loop, command: "true", when: item != 'a', loop: [a, b], notify: "restart {{ item }}", tags: [wanted]}
- {name: unwanted, command: "true", notify: other}`);
  const handlers = `  handlers:
    - {name: restart a, debug: {msg: a}}
    - {name: restart b, debug: {msg: b}, tags: [else]}
    - {name: other, debug: {msg: other}}
`;
  const played = await runPlaybook({ inventory: 'h1\n', 'site.yml': site + handlers }, { tags: ['wanted'] });
  expect(saidBy(played)).toEqual(['h1: b']);
});

describe('handlers that are owed from an earlier run', () => {
  const PLAY = `- name: One
  hosts: all
  gather_facts: no
  pre_tasks: [{name: before, debug: {msg: before}}]
  tasks: [{name: main, debug: {msg: main}}]
  post_tasks: [{name: after, debug: {msg: after}}]
  handlers:
    - {name: owed, debug: {msg: owed}}
    - {name: not owed, debug: {msg: not owed}}
`;
  const run = (more: object) =>
    runPlaybook({ 'site.yml': PLAY + PLAY.replace('name: One', 'name: Two') }, { limit: 'h1,h2', ...more });

  test('run after the tasks of their play, on the host that owes them, once', async () => {
    const played = await run({ owed: [{ play: 'One', host: 'h2', handler: 'owed' }] });
    const names = resultsOf(played).map(({ task, host }) => `${task} ${host}`);
    const once = ['before h1', 'before h2', 'main h1', 'main h2'];
    expect(names.toSorted()).toEqual(
      [...once, ...once, 'after h1', 'after h2', 'after h1', 'after h2', 'owed h2'].toSorted(),
    );
    expect(names[4]).toBe('owed h2');
  });

  test('run after the task that the run starts at, though other tasks with handlers come before it', async () => {
    const played = await run({ owed: [{ play: 'One', host: 'h2', handler: 'owed' }], startAt: 'after' });
    const names = resultsOf(played).map(({ task, host }) => `${task} ${host}`);
    expect(names.slice(0, 3)).toEqual(['after h1', 'after h2', 'owed h2']);
  });

  test('of a handler that is gone, or of another play, nobody owes anything', async () => {
    const gone = { play: 'One', host: 'h1', handler: 'gone' };
    const played = await run({ owed: [gone, { play: 'Three', host: 'h1', handler: 'owed' }] });
    expect(played.error).toBeUndefined();
    expect(resultsOf(played).filter(({ task }) => task === 'owed')).toEqual([]);
  });
});

test('backups that are made within one second stand beside each other', async () => {
  const played = await runPlaybook({
    inventory: 'h1\n',
    'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - copy: content={{ item }} dest={{ base }}/f backup=yes
      loop: [a, b, c, d]
`,
  });
  expect(readdirSync(join(played.folder, 'out')).filter((name) => name.endsWith('~'))).toHaveLength(3);
});

test('what a host tells of itself counts more than what the inventory says of it, and less than what the play says', async () => {
  const told = (vars: string) => ({
    inventory: 'h1 ansible_system=mine\n',
    'site.yml': `- hosts: h1\n${vars}  tasks: [{debug: {msg: "{{ ansible_system }}"}}]\n`,
  });
  const messages = async (vars: string) =>
    (await runPlaybook(told(vars))).events.flatMap((event) =>
      event.type === 'task.result' && event.task === 'debug' ? [event.message] : [],
    );
  expect(await messages('')).toEqual(['Linux']);
  expect(await messages('  vars: {ansible_system: plays}\n')).toEqual(['plays']);
  expect(await messages('  gather_facts: no\n')).toEqual(['mine']);
});

test('include_vars says which folder it looked for where there is none, or a file', async () => {
  const played = await runPlaybook({
    inventory: 'h1\n',
    'vars/file.yml': 'a: 1\n',
    'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - include_vars: {dir: nowhere}
      ignore_errors: yes
    - include_vars: {dir: vars/file.yml}
      ignore_errors: yes
`,
  });
  const folder = join(played.folder, 'project');
  expect(resultsOf(played).map(({ message }) => message)).toEqual([
    `${folder}/nowhere directory does not exist`,
    `${folder}/vars/file.yml is not a directory`,
  ]);
});

test('a role without the file that an include asks for is told with the include and the name of the file', async () => {
  const played = await runPlaybook({
    inventory: 'h1\n',
    'roles/r/tasks/main.yml': '[]',
    'roles/r/tasks/install.yml': '[]',
    'site.yml': `- hosts: all
  gather_facts: no
  vars: {part: instal}
  tasks:
    - include_role: {name: r, tasks_from: "{{ part }}"}
`,
  });
  const [failed] = resultsOf(played);
  expect(failed?.message).toContain('site.yml:5:7: The role r has no file tasks/instal.yml.');
  expect(failed?.message).toContain('Did you mean install.yml?');
});
