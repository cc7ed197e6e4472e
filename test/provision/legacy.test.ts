import { afterAll, describe, expect, test } from '@jest/globals';
import { type Project, removeProjects, runPlaybook, saidBy } from '../support/run-playbook.js';

afterAll(removeProjects);

const play = (tasks: string, more = ''): string =>
  `- hosts: h1\n  gather_facts: no\n${more}  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`;

type Form = { title: string; project: Project; says: string[]; notes: string[] };

// What playbooks of Ansible 2.1 say and 2.14 refuses or means otherwise: it runs, and a note tells where it stands.
const FORMS: Form[] = [
  {
    title: 'sudo on a task',
    project: { 'site.yml': play('- debug: msg=x\n  sudo: no') },
    says: ['x'],
    notes: ['site.yml:5: sudo is an old word for become.'],
  },
  {
    title: 'sudo and sudo_user on a play',
    project: { 'site.yml': play('- debug: msg=x', '  sudo: no\n  sudo_user: root\n') },
    says: ['x'],
    notes: ['site.yml:3: sudo is an old word for become.', 'site.yml:4: sudo_user is an old word for become_user.'],
  },
  {
    title: 'sudo on a handler',
    project: {
      'site.yml': `${play('- command: "true"\n  notify: h')}  handlers:\n    - name: h\n      debug: msg=handler\n      sudo: no\n`,
    },
    says: ['handler'],
    notes: ['site.yml:9: sudo is an old word for become.'],
  },
  {
    title: 'a playbook that includes another',
    project: { 'site.yml': '- include: other.yml\n', 'other.yml': play('- debug: msg=other') },
    says: ['other'],
    notes: ['site.yml:1: include of a playbook is an old word for import_playbook.'],
  },
  {
    title: 'include of tasks with variables and tags',
    project: { 'site.yml': play('- include: t.yml tags=a v=1'), 't.yml': '- debug: msg={{ v }}\n' },
    says: ['1'],
    notes: ['site.yml:4: include is an old word for import_tasks or include_tasks.'],
  },
  {
    title: 'a result asked by a filter',
    project: {
      'site.yml': play(
        '- command: "true"\n  register: r\n- debug: msg="{{ r|success }} {{ r|changed }} {{ r|failed }} {{ r|skipped }}"\n- debug: msg=held\n  when: r|success and not r|failed',
      ),
    },
    says: ['True True False False', 'held'],
    notes: ['site.yml:6: The test "success"', '"changed" is used as a filter', '"failed" is used', '"skipped" is used'],
  },
  {
    title: 'versions compared by version_compare',
    project: { 'site.yml': play(`- debug: msg="{{ '2.10' | version_compare('2.9', '>') }}"`) },
    says: ['true'],
    notes: ['version_compare'],
  },
  {
    title: 'bare names in loops',
    project: {
      'site.yml': play(
        "- debug: msg={{ item }}\n  with_items: names\n- debug: msg={{ item }}\n  with_random_choice: groups['web']\n- debug: msg={{ item.key }}\n  with_dict: table",
        '  vars: {names: [a, b], table: {k: 1}}\n',
      ),
      inventory: '[web]\nh1\n',
    },
    says: ['a', 'b', 'h1', 'k'],
    notes: ['site.yml:5', 'site.yml:7', 'site.yml:9'],
  },
  {
    title: 'states that have other names now',
    project: {
      'site.yml': play(
        '- service: name=x state=running\n  when: false\n- apt: name=x state=installed\n  when: false\n- debug: msg=on',
      ),
    },
    says: ['on'],
    notes: [
      'site.yml:4: service state=running is an old word for started.',
      'site.yml:6: apt state=installed is an old word for present.',
    ],
  },
  {
    title: 'a command that is not to warn',
    project: {
      'site.yml': play(
        '- command: echo a warn=no\n  register: a\n- shell: echo b\n  args: {warn: no}\n  register: b\n- debug: msg={{ a.stdout ~ b.stdout }}',
      ),
    },
    says: ['ab'],
    notes: ['site.yml:4: command warn is an old argument', 'site.yml:6: shell warn is an old argument'],
  },
  {
    title: 'braces in a condition',
    project: { 'site.yml': play('- debug: msg=held\n  when: "{{ yes_please }}"', '  vars: {yes_please: true}\n') },
    says: ['held'],
    notes: ['site.yml:5: Conditions should hold no template delimiters'],
  },
  {
    title: 'roles by a path upwards and by a variable',
    project: {
      'tests/site.yml':
        '- hosts: h1\n  gather_facts: no\n  vars: {name_of: named}\n  roles:\n    - {role: ../../}\n    - role: "{{ name_of }}"\n',
      'tasks/main.yml': '- debug: msg=upwards\n',
      'tests/roles/named/tasks/main.yml': '- debug: msg="{{ role_name }}"\n',
      'tests/roles/keep/tasks/main.yml': '',
    },
    says: ['upwards', 'named'],
    notes: [],
  },
  {
    title: 'an include whose file is never there, under a condition that is false',
    project: { 'site.yml': play('- include: nowhere.yml\n  when: false\n- debug: msg=on') },
    says: ['on'],
    notes: ['site.yml:4: include is an old word'],
  },
  {
    title: 'debugger, which is left out',
    project: { 'site.yml': play('- debug: msg=x\n  debugger: on_failed', '  debugger: never\n') },
    says: ['x'],
    notes: ['site.yml:3: debugger is left out', 'site.yml:6: debugger is left out'],
  },
  {
    title: 'a variable called environment',
    project: {
      'site.yml': play(
        '- shell: echo $A\n  environment: "{{ environment }}"\n  register: r\n- debug: msg={{ r.stdout }}',
        '  vars: {environment: {A: own}}\n',
      ),
    },
    says: ['own'],
    notes: [],
  },
];

describe('Old forms run with a note', () => {
  test.each(FORMS.map((form) => [form.title, form] as const))('%s', async (title, { project, says, notes }) => {
    const file = Object.keys(project).find((name) => name.endsWith('site.yml')) ?? 'site.yml';
    const written = { inventory: 'h1\n', ...project };
    const played = await runPlaybook(
      file === 'site.yml' ? written : { ...written, 'site.yml': `- import_playbook: ${file}\n` },
    );
    expect(played.error).toBeUndefined();
    expect(saidBy(played)).toEqual(says.map((words) => `h1: ${words}`));
    for (const note of notes) expect(played.notes.join('\n')).toContain(note);
    if (notes.length === 0) expect({ title, notes: played.notes }).toEqual({ title, notes: [] });
  });
});

test('a note is told once, however many hosts and items come by its place, and no more than fifty are told', async () => {
  const form = `- command: "true"\n  register: r\n- debug: msg="{{ r|failed }}"\n  loop: [1, 2]\n`;
  const two = await runPlaybook({ inventory: 'h1\nh2\n', 'site.yml': play(form).replace('hosts: h1', 'hosts: all') });
  expect(two.notes).toEqual([expect.stringContaining('site.yml:6: The test "failed" is used as a filter')]);
  const many = await runPlaybook({ inventory: 'h1\n', 'site.yml': play('- debug: msg=x\n  sudo: no\n'.repeat(60)) });
  expect(many.notes).toHaveLength(50);
  expect(many.result?.failed).toBeUndefined();
});
