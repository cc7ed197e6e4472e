import { afterAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';
import { removeProjects, runPlaybook, saidBy } from '../support/run-playbook.js';

afterAll(removeProjects);

const project = (tasks: string) => ({
  inventory: '[web]\nh1\nh2\nh3\n',
  'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n  handlers: [{name: h, command: "echo {{ hostvars.h2.ansible_system }}", register: r}]\n`,
  'Linux.yml': '- debug: msg=Linux\n',
  't.j2': "{{ hostvars.h2.ansible_facts.system | default('nothing') }}",
});

test.each([
  ['a message', '- debug: msg="{{ hostvars.h2.ansible_system }}"'],
  ['a default', "- debug: msg=\"{{ hostvars['h2'].ansible_system | default('nothing') }}\""],
  ['a condition', '- debug: msg=Linux\n  when: hostvars.h2.ansible_system == "Linux"'],
  ['a fact that is set', '- set_fact: {found: "{{ hostvars.h2.ansible_facts.system }}"}\n- debug: msg={{ found }}'],
  ['a template', "- template: src=t.j2 dest={{ base }}/f\n- debug: msg=\"{{ lookup('file', base ~ '/f') }}\""],
  ['a command', '- command: echo {{ hostvars.h2.ansible_system }}\n  register: r\n- debug: msg={{ r.stdout }}'],
  ['a loop', '- debug: msg={{ item }}\n  loop: ["{{ hostvars.h2.ansible_system }}"]'],
  [
    'a loop of commands',
    '- command: echo {{ item }}\n  loop: ["{{ hostvars.h2.ansible_system }}"]\n  register: r\n- debug: msg={{ r.results[0].stdout }}',
  ],
  ['an include', '- include_tasks: "{{ hostvars.h2.ansible_system }}.yml"'],
  ['the condition of an include', '- include_tasks: Linux.yml\n  when: hostvars.h2.ansible_system == "Linux"'],
  ['a handler', '- command: "true"\n  notify: h\n- meta: flush_handlers\n- debug: msg={{ r.stdout }}\n'],
  [
    'an environment',
    '- shell: echo $A\n  environment: {A: "{{ hostvars.h2.ansible_system }}"}\n  register: r\n- debug: msg={{ r.stdout }}',
  ],
])('%s sees the facts of a host that the limit leaves out', async (_, tasks) => {
  const played = await runPlaybook(project(tasks), { limit: 'h1' });
  expect(saidBy(played)).toEqual(['h1: Linux']);
  expect(played.connected).toContain('h2');
  expect(played.connected).not.toContain('h3');
  expect(Object.keys(played.result?.hosts ?? {})).toEqual(['h1']);
});

test.each([
  ['until it holds', 'until: hostvars.h2.ansible_system == "Linux"'],
  ['whether it changed', 'changed_when: hostvars.h2.ansible_system == "Linux"'],
  ['whether it failed', 'failed_when: hostvars.h2.ansible_system != "Linux"'],
  ['what it notifies', 'notify: "{{ hostvars.h2.ansible_system }}"'],
  ['whether it would be hidden', 'no_log: "{{ hostvars.h2.ansible_system == \'Linux\' }}"'],
  ['whether its failure counts', 'failed_when: true\n  ignore_errors: "{{ hostvars.h2.ansible_system == \'Linux\' }}"'],
])('a command that only tells after it ran that it wants them runs once: %s', async (_, word) => {
  const command = `- shell: echo ran >> {{ base }}/ran\n  ${word}`;
  const loop = `${command.replace('/ran', '/looped')}\n  loop: [1]`;
  const site = project(`${command}\n${loop}`)['site.yml'].replace('name: h,', 'name: Linux,');
  const played = await runPlaybook({ ...project(''), 'site.yml': site }, { limit: 'h1' });
  expect(played.result?.hosts).toMatchObject({ h1: { failed: 0, ok: 2 + (word.startsWith('notify') ? 1 : 0) } });
  for (const name of ['ran', 'looped']) expect(readFileSync(join(played.folder, 'out', name), 'utf8')).toBe('ran\n');
});

test('hosts are asked once a run, and without their lock', async () => {
  const asked: string[] = [];
  const played = await runPlaybook(
    project(
      '- debug: msg="{{ hostvars.h2.ansible_facts.system }}"\n- debug: msg="{{ hostvars.h2.ansible_nothing | default(1) }}"',
    ),
    {
      limit: 'h1',
      claim: { fence: 1 },
      async connect(name, _variables, _signal, claim) {
        asked.push(`${name} ${claim === undefined ? 'unlocked' : 'locked'}`);
        return connectLocal({ name });
      },
    },
  );
  expect(saidBy(played)).toEqual(['h1: Linux', 'h1: 1']);
  expect(asked).toEqual(['h2 unlocked']);
});

test('a run that is cancelled while they are gathered ends as cancelled', async () => {
  const stop = new AbortController();
  const played = await runPlaybook(project('- debug: msg="{{ hostvars.h2.ansible_system }}"'), {
    limit: 'h1',
    signal: stop.signal,
    async connect(name) {
      const inner = connectLocal({ name });
      const exec: Connection['exec'] = (script, options) => {
        stop.abort(new StarsError('CANCELLED', 'Enough.'));
        return inner.exec(script, options);
      };
      return { ...inner, exec };
    },
  });
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(played.notes).toEqual([]);
});

test('a host that cannot be asked has no facts and is not asked again, and a remark tells so', async () => {
  const look = '- debug: msg="{{ hostvars.h2.ansible_system | default(\'nothing\') }}"';
  const played = await runPlaybook(project(`${look}\n${look}`), {
    limit: 'h1',
    async connect(name) {
      if (name === 'h2') throw new StarsError('UNREACHABLE', 'h2: no route to host.');
      return connectLocal({ name });
    },
  });
  expect(saidBy(played)).toEqual(['h1: nothing', 'h1: nothing']);
  expect(played.connected).toEqual(['h2']);
  expect(played.notes.join()).toContain('h2: no route to host');
});

test('facts of hosts within the run are not gathered for a look', async () => {
  const played = await runPlaybook(
    project('- debug: msg="{{ hostvars.h2.ansible_system | default(\'nothing\') }}"\n  run_once: yes'),
  );
  expect(saidBy(played)).toEqual(['h1: nothing']);
  expect(played.connected).toEqual([]);
});
