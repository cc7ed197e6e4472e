import { afterAll, expect, test } from '@jest/globals';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';
import { removeProjects, runPlaybook, saidBy } from '../support/run-playbook.js';

afterAll(removeProjects);

const project = (tasks: string) => ({
  inventory: '[web]\nh1\nh2\nh3\n',
  'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`,
  't.j2': "{{ hostvars.h2.ansible_facts.system | default('nothing') }}",
});

test.each([
  ['a message', '- debug: msg="{{ hostvars.h2.ansible_system }}"'],
  ['a default', "- debug: msg=\"{{ hostvars['h2'].ansible_system | default('nothing') }}\""],
  ['a condition', '- debug: msg=Linux\n  when: hostvars.h2.ansible_system == "Linux"'],
  ['a fact that is set', '- set_fact: {found: "{{ hostvars.h2.ansible_facts.system }}"}\n- debug: msg={{ found }}'],
  ['a template', "- template: src=t.j2 dest={{ base }}/f\n- debug: msg=\"{{ lookup('file', base ~ '/f') }}\""],
  ['a command', '- command: echo {{ hostvars.h2.ansible_system }}\n  register: r\n- debug: msg={{ r.stdout }}'],
])('%s sees the facts of a host that the limit leaves out', async (_, tasks) => {
  const played = await runPlaybook(project(tasks), { limit: 'h1' });
  expect(saidBy(played)).toEqual(['h1: Linux']);
  expect(played.connected).toContain('h2');
  expect(played.connected).not.toContain('h3');
  expect(Object.keys(played.result?.hosts ?? {})).toEqual(['h1']);
});

test('a host that cannot be asked has no facts, and a remark tells so', async () => {
  const played = await runPlaybook(project('- debug: msg="{{ hostvars.h2.ansible_system | default(\'nothing\') }}"'), {
    limit: 'h1',
    async connect(name) {
      if (name === 'h2') throw new StarsError('UNREACHABLE', 'h2: no route to host.');
      return connectLocal({ name });
    },
  });
  expect(saidBy(played)).toEqual(['h1: nothing']);
  expect(played.notes.join()).toContain('h2: no route to host');
});

test('facts of hosts within the run are not gathered for a look', async () => {
  const played = await runPlaybook(
    project('- debug: msg="{{ hostvars.h2.ansible_system | default(\'nothing\') }}"\n  run_once: yes'),
  );
  expect(saidBy(played)).toEqual(['h1: nothing']);
  expect(played.connected).toEqual([]);
});
