import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/model/run.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
  practice.write('stack/roles/web/templates/conf.j2', 'port {{ port }}\n');
  practice.write('stack/roles/web/defaults/main.yml', 'port: 80\n');
  practice.write('stack/roles/web/tasks/main.yml', ROLE);
  practice.write('stack/web.yml', '- {name: Web, hosts: workers, become: true, gather_facts: false, roles: [web]}\n');
});
beforeEach(() => {
  for (const name of HOSTS) {
    host(name).write('/etc/motd', 'as it was\n');
    host(name).write('/etc/issue', 'as it was\n');
    host(name).write('/etc/hosts.allow', 'one\ntwo\n');
  }
});
afterAll(() => practice.stop());

const HOSTS = ['stars-c3', 'stars-c4'];
const host = (name: string) => practice.sandbox.hosts.host(name);

// Two changes of one file, a command, and a handler that only the command notifies.
const ROLE = `
- {name: Configure, template: {src: conf.j2, dest: /etc/motd}}
- {name: Say hello, copy: {content: "hello {{ who | default('you') }}\\n", dest: /etc/issue}}
- {name: Add three, lineinfile: {path: /etc/hosts.allow, line: three}}
- {name: Add four, lineinfile: {path: /etc/hosts.allow, line: four}}
- {name: Ask, command: echo asked, notify: Follow}
`;

const MORE = `- hosts: stars-c3
  become: true
  gather_facts: false
  vars_files: [../vars.yml]
  tasks:
    - {copy: {src: ../copied, dest: /etc/motd}}
    - {debug: {msg: "{{ lookup('file', '../looked-at') }}"}}
`;

beforeAll(() => {
  practice.write('stack/wide.yml', '- import_playbook: playbooks/more.yml\n');
  practice.write('stack/playbooks/more.yml', MORE);
  practice.write('stack/vars.yml', 'unused: 1\n');
  practice.write('stack/extra.yml', 'unused: 1\n');
  for (const name of ['copied', 'looked-at']) practice.write(`stack/${name}`, 'one\n');
  practice.write('stack/roles/web/handlers/main.yml', '- {name: Follow, command: echo followed}\n');
});

async function plan(...words: string[]): Promise<string> {
  const { status, events } = await practice.events('plan', 'web', 'sandbox', ...words);
  expect(status).toBe(0);
  return events[0]?.run ?? '';
}

function hashOf(events: readonly RunEvent[]): string | undefined {
  const made = events.find((event) => event.type === 'plan.made');
  return made?.hash;
}

test('a plan shows what would change, says how to apply it, and applying it does that', async () => {
  const { status, out } = await practice.type('plan', 'web', 'sandbox');
  expect(status).toBe(0);
  expect(out).toMatch(/-as it was\n\s*\+port 80/);
  const [, hash, id] = /Plan ([0-9a-f]{16}): `?apply ([\w-]+)/.exec(out) ?? [];
  expect(host('stars-c3').read('/etc/motd')).toBe('as it was\n');

  const applied = await practice.events('apply', id ?? '');
  expect(applied).toMatchObject({ status: 0, error: '' });
  expect(applied.events[0]).toMatchObject({
    command: 'deploy',
    args: { target: 'web', plan: id },
    environment: 'sandbox',
  });
  const done = applied.events.flatMap((event) => (event.type === 'task.result' ? [`${event.task} ${event.host}`] : []));
  expect(done).toContain('Follow stars-c4');
  for (const name of HOSTS) {
    expect(host(name).read('/etc/motd')).toBe('port 80\n');
    expect(host(name).read('/etc/hosts.allow')).toBe('one\ntwo\nthree\nfour\n');
  }
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
});

test('deploy --plan takes the plan by its hash, and only for the same words', async () => {
  const { events } = await practice.events('deploy', 'web', 'sandbox', '--check', '--limit', 'stars-c3');
  const hash = hashOf(events) ?? '';
  expect(await practice.type('deploy', 'web', 'sandbox', '--plan', hash)).toMatchObject({
    status: 2,
    error: expect.stringContaining('something else than this deploy'),
  });
  const { status } = await practice.type('deploy', 'web', 'sandbox', '--limit', 'stars-c3', '--plan', hash);
  expect({ status, text: host('stars-c3').read('/etc/motd'), other: host('stars-c4').read('/etc/motd') }).toEqual({
    status: 0,
    text: 'port 80\n',
    other: 'as it was\n',
  });
});

describe('deploy --plan is for the same words only, also where others come to the same:', () => {
  let hash: string;

  beforeAll(async () => {
    practice.write('stack/web-too.yml', readFileSync(join(practice.home, 'stack/web.yml'), 'utf8'));
    for (const file of ['hosts', 'environment.yml'])
      practice.write(
        `inventories/twin/${file}`,
        readFileSync(join(practice.home, 'inventories/sandbox', file), 'utf8'),
      );
    hash = hashOf((await practice.events('plan', 'web', 'sandbox')).events) ?? '';
  });

  test.each([
    ['tags', 'deploy web sandbox --tags all'],
    ['tags left out', 'deploy web sandbox --skip-tags unused'],
    ['hosts', 'deploy web sandbox --limit workers'],
    ['a first task', 'deploy web sandbox --start-at Configure'],
    ['hosts at a time', 'deploy web sandbox --serial 2'],
    ['an environment', 'deploy web twin'],
    ['a playbook', 'deploy web-too sandbox'],
  ])('%s', async (_title, words) => {
    expect(await practice.type(...words.split(' '), '--plan', hash)).toMatchObject({
      status: 2,
      error: expect.stringContaining('something else than this deploy'),
    });
  });
});

test('the same plan has the same hash; another host, variable, word or file gives another one', async () => {
  const make = async (...words: string[]) => hashOf((await practice.events('plan', 'web', 'sandbox', ...words)).events);
  const first = await make();
  expect(await make()).toBe(first);
  const others = [await make('-e', 'who=ada'), await make('-e', 'unused=1'), await make('--tags', 'all')];
  for (const file of ['stack/roles/web/defaults/main.yml', 'inventories/sandbox/hosts']) {
    practice.write(file, `${readFileSync(join(practice.home, file), 'utf8')}# A remark.\n`);
    others.push(await make());
  }
  host('stars-c3').write('/etc/issue', 'other\n');
  others.push(await make());
  expect([first, ...others]).toHaveLength(new Set([first, ...others]).size);
});

describe('a plan is stale, and nothing is done, when', () => {
  const cases: [string, string, string][] = [
    ['a template', 'stack/roles/web/templates/conf.j2', 'port {{ port | int }}\n'],
    ['a default', 'stack/roles/web/defaults/main.yml', 'port: 80\nother: 1\n'],
    ['the playbook', 'stack/web.yml', '- {name: Web, hosts: workers, become: true, gather_facts: no, roles: [web]}\n'],
    ['a variable of a group, in a new file,', 'inventories/sandbox/group_vars/workers.yml', 'who: me\n'],
    ['a new file that the role reads', 'stack/roles/web/vars/main.yml', 'a: 1\n'],
    ['a variable of a host, in a new file,', 'inventories/sandbox/host_vars/stars-c3.yml', 'who: me\n'],
    ['a handler', 'stack/roles/web/handlers/main.yml', '- {name: Follow, command: echo followed again}\n'],
    ['what the role depends on', 'stack/roles/web/meta/main.yml', 'dependencies: []\n'],
    ['the tasks', 'stack/roles/web/tasks/main.yml', `${ROLE}- {name: One more, command: echo more}\n`],
    ['a setting of Ansible', 'stack/ansible.cfg', '[defaults]\nforks = 3\n'],
  ];
  test.each(cases)('%s changed', async (_title, file, text) => {
    const id = await plan();
    practice.write(file, text);
    const { status, events } = await practice.events('apply', id);
    expect(status).toBe(1);
    expect(events.at(-1)).toMatchObject({ error: { code: 'PLAN_STALE', message: expect.stringContaining(file) } });
    for (const name of HOSTS) expect(host(name).read('/etc/motd')).toBe('as it was\n');
  });

  test.each([
    ['a variable beside the playbook, in a new file,', 'stack/group_vars/workers.yml', 'who: me\n'],
    ['a variable beside an imported playbook, in a new file,', 'stack/playbooks/host_vars/stars-c3.yml', 'who: me\n'],
    ['an imported playbook', 'stack/playbooks/more.yml', `${MORE}# A remark.\n`],
    ['a variables file', 'stack/vars.yml', 'unused: 2\n'],
    ['a file that is copied', 'stack/copied', 'other\n'],
    ['a file that a lookup reads', 'stack/looked-at', 'other\n'],
    ['a file of variables that -e names', 'stack/extra.yml', 'unused: 2\n'],
  ])('%s changed', async (_title, file, text) => {
    const { events: made } = await practice.events('plan', 'wide', 'sandbox', '-e', '@extra.yml');
    practice.write(file, text);
    const { events } = await practice.events('apply', made[0]?.run ?? '');
    expect(events.at(-1)).toMatchObject({ error: { code: 'PLAN_STALE', message: expect.stringContaining(file) } });
    expect(host('stars-c3').read('/etc/motd')).toBe('as it was\n');
  });

  test.each([
    ['the inventory', 'inventories/sandbox/hosts', '\n# A remark.\n'],
    ['the environment', 'inventories/sandbox/environment.yml', '\n'],
  ])('%s changed, though it means the same', async (_title, file, more) => {
    const id = await plan();
    practice.write(file, `${readFileSync(join(practice.home, file), 'utf8')}${more}`);
    const { events } = await practice.events('apply', id);
    expect(events.at(-1)).toMatchObject({ error: { code: 'PLAN_STALE', message: expect.stringContaining(file) } });
  });

  test('-e says something else', async () => {
    const id = await plan('-e', 'who=ada');
    const { events } = await practice.events('deploy', 'web', 'sandbox', '-e', 'who=eve', '--plan', id);
    expect(events.at(-1)).toMatchObject({
      error: { code: 'PLAN_STALE', message: expect.stringContaining('what -e says') },
    });
  });
});

test('a host that is not as the plan saw it is stopped before anything is done there, and the others go on', async () => {
  const id = await plan();
  host('stars-c3').write('/etc/issue', 'somebody wrote this\n');
  const { status, events } = await practice.events('apply', id);
  expect(status).toBe(1);
  const failed = events.flatMap((event) => (event.type === 'task.result' && event.status === 'failed' ? [event] : []));
  expect(failed).toHaveLength(1);
  expect(failed[0]).toMatchObject({
    host: 'stars-c3',
    task: 'Configure',
    message: expect.stringContaining(
      'stars-c3 is not as it was when the plan was made: “web : Say hello” would do something else',
    ),
  });
  expect(host('stars-c3').read('/etc/motd')).toBe('as it was\n');
  expect(host('stars-c4').read('/etc/motd')).toBe('port 80\n');
  for (const word of ['resume', 'retry'])
    expect(await practice.type(word, events[0]?.run ?? '')).toMatchObject({
      status: 2,
      error: expect.stringContaining('applied a plan, part of which is done now'),
    });
});

test('a host on which less is left to do than planned is no reason to stop', async () => {
  const id = await plan();
  host('stars-c3').write('/etc/motd', 'port 80\n');
  expect((await practice.type('apply', id)).status).toBe(0);
});

test('what no plan can foresee is not done: it stops its host, even where failures are ignored', async () => {
  practice.write(
    'stack/guess.yml',
    `- hosts: stars-c3
  gather_facts: false
  become: true
  tasks:
    - {name: Ask, command: echo new, register: asked}
    - {name: Act on it, copy: {content: "x\\n", dest: /etc/issue}, when: "asked.stdout | default('') == 'new'", ignore_errors: true}
    - {name: Go on, copy: {content: "y\\n", dest: /etc/motd}}
`,
  );
  const { events } = await practice.events('plan', 'guess', 'sandbox');
  const applied = await practice.events('apply', events[0]?.run ?? '');
  expect(applied.status).toBe(1);
  const failed = applied.events.find((event) => event.type === 'task.result' && event.status === 'failed');
  expect(failed).toMatchObject({ task: 'Act on it', message: expect.stringContaining('not in the plan') });
  expect(host('stars-c3').read('/etc/issue')).toBe('as it was\n');
  expect(host('stars-c3').read('/etc/motd')).toBe('as it was\n');
});

test('a file that would get another content than planned stops its host, though its task reads the same', async () => {
  practice.write('stack/templates/found.j2', 'found {{ found.stdout }}\n');
  practice.write(
    'stack/follow.yml',
    `- hosts: stars-c3
  gather_facts: false
  become: true
  tasks:
    - {name: First, copy: {content: "as planned\\n", dest: /etc/issue}}
    - {name: Look, command: cat /etc/issue, register: found, check_mode: no, changed_when: no}
    - {name: Render, template: {src: found.j2, dest: /etc/motd}}
`,
  );
  const { events } = await practice.events('plan', 'follow', 'sandbox');
  const applied = await practice.events('apply', events[0]?.run ?? '');
  expect(applied.status).toBe(1);
  const failed = applied.events.find((event) => event.type === 'task.result' && event.status === 'failed');
  expect(failed).toMatchObject({ task: 'Render', message: expect.stringContaining('not in the plan') });
  expect(host('stars-c3').read('/etc/issue')).toBe('as planned\n');
  expect(host('stars-c3').read('/etc/motd')).toBe('as it was\n');
});

test('a plan gives no secret away, and takes it again when it is applied', async () => {
  practice.write(
    'stack/secret.yml',
    '- {hosts: stars-c3, become: true, gather_facts: false, tasks: [{copy: {content: "{{ db_password }}", dest: /etc/issue}}]}\n',
  );
  const { events } = await practice.events('plan', 'secret', 'sandbox', '-e', 'db_password=tell-nobody');
  const id = events[0]?.run ?? '';
  expect(JSON.stringify([events, await practice.stars.store.events(id)])).not.toContain('tell-nobody');
  expect((await practice.type('apply', id)).error).toContain('Give them again with -e');
  const other = await practice.events('apply', id, '-e', 'db_password=something-else');
  expect(other.events.at(-1)).toMatchObject({ error: { code: 'PLAN_STALE' } });
  expect((await practice.type('apply', id, '-e', 'db_password=tell-nobody')).status).toBe(0);
  expect(host('stars-c3').read('/etc/issue')).toBe('tell-nobody');
});

test('a plan that failed on a host cannot be applied', async () => {
  practice.write('stack/bad.yml', '- {hosts: workers, gather_facts: false, tasks: [{fail: {msg: no}}]}\n');
  const { status, events } = await practice.events('plan', 'bad', 'sandbox');
  expect({ status, hash: hashOf(events) }).toEqual({ status: 1, hash: undefined });
  expect(await practice.type('apply', events[0]?.run ?? '')).toMatchObject({
    status: 2,
    error: expect.stringContaining('made no plan'),
  });
});

test('a plan that was sealed with another key is refused', async () => {
  const id = await plan();
  writeFileSync(join(practice.home, '.stars', 'plan-key'), 'ab'.repeat(32));
  const { events } = await practice.events('apply', id);
  expect(events.at(-1)).toMatchObject({
    error: { code: 'PLAN_STALE', message: expect.stringContaining('another key') },
  });
});
