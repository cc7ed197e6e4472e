import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { practise, type Practice } from './support/practice.js';

// What people bring along from other machines, editors and years.

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
  practice.write('stack/plain.yml', PLAY);
});
afterAll(() => practice.stop());

const PLAY = '- {name: Plain, hosts: stars-c3, gather_facts: false, tasks: [{debug: {msg: hello}}]}\n';
const deploy = (target: string, environment = 'sandbox') => practice.type('deploy', target, environment);

/** As editors on Windows save it. */
function utf16(text: string, mark = true): Buffer {
  return Buffer.from(`${mark ? '\uFEFF' : ''}${text}`, 'utf16le');
}

/** Writes a file of the home for this long. */
async function having<T>(path: string, content: string | Buffer, act: () => Promise<T>): Promise<T> {
  const file = practice.write(path, '');
  writeFileSync(file, content);
  try {
    return await act();
  } finally {
    rmSync(file);
  }
}

const ADVICE = 'Save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8.';

describe('a file in UTF-16 is told as that, with what to do', () => {
  test.each([
    ['a playbook', 'stack/wide.yml', utf16(PLAY), 'wide', 'sandbox'],
    ['a playbook without a mark', 'stack/wide.yml', utf16(PLAY, false), 'wide', 'sandbox'],
    ['variables of a group', 'stack/group_vars/all.yml', utf16('a: 1\n'), 'plain', 'sandbox'],
    ['variables of a group without a mark', 'stack/group_vars/all.yml', utf16('a: 1\n', false), 'plain', 'sandbox'],
    ['an inventory', 'inventories/wide/hosts', utf16('[more]\nstars-c3\n'), 'plain', 'wide'],
    ['an inventory without a mark', 'inventories/wide/hosts', utf16('[more]\nstars-c3\n', false), 'plain', 'wide'],
  ])('%s', async (_what, path, content, target, environment) => {
    const { status, error } = await having(path, content, () => deploy(target, environment));
    expect(error).toContain(`${join(practice.home, path)}:1: `);
    expect(error).toContain(ADVICE);
    expect(status).toBe(2);
  });
});

test('a byte order mark, line ends of Windows, and both in an inventory are read as what they are', async () => {
  const inventory = readFileSync(join(practice.home, 'inventories', 'sandbox', 'hosts'), 'utf8');
  const { status, out } = await having(
    'inventories/windows/hosts',
    `\uFEFF[odd]\r\nstars-c3 word=here\r\n${inventory.replaceAll('\n', '\r\n')}`,
    () =>
      having(
        'stack/windows.yml',
        '\uFEFF- hosts: odd\r\n  gather_facts: no\r\n  tasks:\r\n    - debug: {msg: "<{{ word }}>"}\r\n',
        () => deploy('windows', 'windows'),
      ),
  );
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('<here>') });
});

test('a playbook that is a link to nowhere is told as that', async () => {
  const link = join(practice.home, 'stack', 'lost.yml');
  symlinkSync('../elsewhere/lost.yml', link);
  const { status, error } = await deploy('lost');
  rmSync(link);
  expect(error).toMatch(/This playbook is a symbolic link that leads nowhere: \.\.\/elsewhere\/lost\.yml\./);
  expect(error).not.toContain('Did you mean');
  expect(status).toBe(2);
});

test('a role that is a link to nowhere is told as that', async () => {
  practice.write('stack/roles/README', '');
  symlinkSync('../../elsewhere/web', join(practice.home, 'stack', 'roles', 'web'));
  const { status, error } = await having('stack/linked.yml', '- hosts: all\n  roles:\n    - web\n', () =>
    deploy('linked'),
  );
  expect(error).toMatch(
    /linked\.yml:3.*The role web is a symbolic link that leads nowhere: \.\.\/\.\.\/elsewhere\/web\./,
  );
  expect(status).toBe(2);
});

test.each([
  ['is undefined', '{{ nobody_set_this }}', /odd\.yml:1.*nobody_set_this/],
  ['is no template', '{{ all | }}', /odd\.yml:1.*Expected a name/],
])('hosts: given by a template that %s is a mistake in the project, status 2', async (_what, pattern, words) => {
  const { status, error } = await having('stack/odd.yml', `- hosts: "${pattern}"\n  tasks: []\n`, () => deploy('odd'));
  expect(error).toMatch(words);
  expect(status).toBe(2);
});

test('a mistake of the same kind in a task fails the host, status 1', async () => {
  const text = '- hosts: stars-c3\n  gather_facts: no\n  tasks: [{debug: {msg: "{{ nobody_set_this }}"}}]\n';
  expect((await having('stack/odd.yml', text, () => deploy('odd'))).status).toBe(1);
});

test('a playbook whose only play has no hosts is told what is missing', async () => {
  const { status, error } = await having('stack/odd.yml', '- name: Lonely\n  tasks: []\n', () => deploy('odd'));
  expect(error).toMatch(/odd\.yml:1:3: This play has no “hosts”\.\nSay on which hosts or groups it runs\./);
  expect(status).toBe(2);
});

test('a playbook that does nothing says so', async () => {
  const { status, out } = await having('stack/odd.yml', '- {hosts: all, gather_facts: no}\n', () => deploy('odd'));
  expect(out).toContain('odd on sandbox: there was nothing to do on any host.');
  expect(status).toBe(0);
});

test('“apply last” just after an apply says whose plan that was and how to go on', async () => {
  const play = '- {hosts: stars-c3, gather_facts: no, become: yes, tasks: [{copy: {content: x, dest: /etc/odd}}]}\n';
  await having('stack/odd.yml', play, async () => {
    await practice.type('plan', 'odd', 'sandbox');
    const plan = (await practice.events('show', 'last')).events[0]?.run ?? '';
    expect((await practice.type('apply', 'last')).status).toBe(0);
    const { status, error } = await practice.type('apply', 'last');
    expect(error).toContain(`applied the plan of ${plan} and made none itself.`);
    expect(error).toContain(`“plan odd sandbox” makes a new one; “apply ${plan}” does that one again`);
    expect(status).toBe(2);
  });
});

test('hostvars holds this machine too, as in Ansible', async () => {
  const play = '- {hosts: stars-c3, gather_facts: no, tasks: [{debug: {msg: "{{ hostvars | list | last }}"}}]}\n';
  expect((await having('stack/odd.yml', play, () => deploy('odd'))).out).toContain('debug: localhost');
});

describe('a project that is laid out in another way', () => {
  test('finds its roles where ansible.cfg says', async () => {
    await having(
      'stack/ansible.cfg',
      '[defaults]\nroles_path = ./vendored:roles ; ours\nforks=3\n[ssh]\nroles_path=no\n',
      () =>
        having('stack/vendored/base/tasks/main.yml', '- debug: msg=vendored\n', () =>
          having('stack/odd.yml', '- {hosts: stars-c3, gather_facts: no, roles: [base]}\n', async () => {
            const { status, out } = await deploy('odd');
            expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('vendored') });
          }),
        ),
    );
  });

  test('has dependencies of roles as ansible-galaxy writes them', async () => {
    const meta = 'dependencies:\n  - src: https://git.example.org/ops/base.git\n    version: v1\n  - src: other\n';
    await having('stack/roles/top/meta/main.yml', meta, () =>
      having('stack/roles/base/tasks/main.yml', '- debug: msg=from-base\n', () =>
        having('stack/roles/other/tasks/main.yml', '- debug: msg=from-other\n', () =>
          having('stack/odd.yml', '- {hosts: stars-c3, gather_facts: no, roles: [top]}\n', async () => {
            expect((await deploy('odd')).out).toMatch(/from-base[\s\S]*from-other/);
          }),
        ),
      ),
    );
  });

  test.each(['deep', 'playbooks/deep', 'playbooks/deep.yml'])(
    'has its playbooks, with group_vars and roles beside them, in a folder: %s',
    async (target) => {
      const play =
        '- {hosts: stars-c3, gather_facts: no, roles: [near, far], tasks: [{debug: {msg: "{{ beside }}"}}]}\n';
      await having('stack/playbooks/deep.yml', play, () =>
        having('stack/playbooks/group_vars/all.yml', 'beside: beside-it\n', () =>
          having('stack/playbooks/roles/near/tasks/main.yml', '- debug: msg=from-near\n', () =>
            having('stack/roles/far/tasks/main.yml', '- debug: msg=from-far\n', async () => {
              const { status, out } = await deploy(target);
              expect(out).toMatch(/from-near[\s\S]*from-far[\s\S]*beside-it/);
              expect(status).toBe(0);
            }),
          ),
        ),
      );
    },
  );

  test('has a playbook of one name in the stack and in its folder of playbooks: the name means the first', async () => {
    const saying = (word: string) => PLAY.replace('hello', word);
    await having('stack/twice.yml', saying('from-above'), () =>
      having('stack/playbooks/twice.yml', saying('from-below'), async () => {
        expect((await deploy('twice')).out).toContain('from-above');
        expect((await deploy('playbooks/twice')).out).toContain('from-below');
        expect((await deploy('twicee')).error).toContain('Did you mean twice');
      }),
    );
  });

  test('has a file that is no playbook among its playbooks', async () => {
    const { status, error } = await having('stack/playbooks/words.yml', 'a: b\n', () => deploy('words'));
    expect(error).toMatch(/playbooks\/words\.yml:1: This file is no playbook/);
    expect(status).toBe(2);
  });

  test.each([
    ['deep', 'plays/deep.yml stands one folder too deep'],
    ['plays/deep.yml', 'Write one there with “- import_playbook: plays/deep.yml”.'],
  ])('has its playbooks in another folder: %s', async (target, words) => {
    const { status, error } = await having('stack/plays/deep.yml', PLAY, () => deploy(target));
    expect(error).toContain(words);
    expect(status).toBe(2);
  });

  test('uses roles of collections: it is told where to put them', async () => {
    const { error } = await having('stack/odd.yml', '- hosts: all\n  roles: [acme.tools.thing]\n', () => deploy('odd'));
    expect(error).toMatch(/odd\.yml:2.*The role acme\.tools\.thing was not found\.\nIt is a role of a collection/);
  });
});

test('mistakes in inventory and playbook are told together, each with its place', async () => {
  const { status, error } = await having('inventories/wrong/hosts', '[db servers]\na\n', () =>
    having('stack/odd.yml', '- hosts: all\n  tasks:\n    - name: x\n      comand: a\n', () => deploy('odd', 'wrong')),
  );
  expect(error).toMatch(/• The module comand .* odd\.yml:4:7\n {2}Did you mean command/);
  expect(error).toMatch(/• This is no section header: \[db servers\] .*inventories\/wrong\/hosts:1/);
  expect(status).toBe(2);
});

test.each([
  [
    'a key that stands one column off',
    '- hosts: all\n  tasks:\n    - name: x\n     debug: msg=1\n',
    /:4:\d+: .*the indentation is off/,
  ],
  [
    'a group that nobody is in',
    '- name: x\n  hosts: nobody-there\n  tasks: []\n',
    /odd\.yml:1.*No host matches nobody-there/,
  ],
  [
    'a module of three letters',
    '- hosts: all\n  tasks: [{ufw: {rule: allow}}]\n',
    /module ufw .*\nUse a supported module/,
  ],
])('%s is told with its place', async (_what, text, words) => {
  const { status, error } = await having('stack/odd.yml', text, () => deploy('odd'));
  expect(error).toMatch(words);
  expect(status).toBe(2);
});

test.each([
  [
    'random bytes',
    Buffer.from(Array.from({ length: 900 }, (_, index) => (index * 7919) % 251)),
    'It is no text at all',
  ],
  ['Latin-1', Buffer.from('name: caf\xe9\n', 'latin1'), 'iconv -f latin1 -t UTF-8'],
])('%s as variables of a group is told as what it is', async (_what, content, words) => {
  const { error } = await having('stack/group_vars/all.yml', content, () => deploy('plain'));
  expect(error).toContain(words);
  expect(error).toContain('group_vars/all.yml:1');
});
