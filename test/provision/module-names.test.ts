import { afterAll, expect, test } from '@jest/globals';
import { removeProjects, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

const play = (module: string) =>
  `- hosts: h1\n  gather_facts: no\n  tasks:\n    - ${module}: {path: "{{ playbook_dir }}/x.ini", section: a, option: b, value: c}\n`;

test.each(['ini_file', 'community.general.ini_file', 'ansible.builtin.ini_file', 'ansible.legacy.ini_file'])(
  'a module of a collection is known as %s',
  async (name) => {
    const { error, result } = await runPlaybook({ 'site.yml': play(name) });
    expect(error).toBeUndefined();
    expect(result?.hosts.h1).toMatchObject({ changed: 1, failed: 0 });
  },
);

test.each(['ansible.posix.ini_file', 'community.general.copy', 'ini_file.ini_file'])(
  'a module is not known by the name of a collection that does not hold it: %s',
  async (name) => {
    const { error, connected } = await runPlaybook({ 'site.yml': play(name) });
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(name) });
    expect(connected).toEqual([]);
  },
);

test('a misspelt module of a collection is refused with the near name', async () => {
  const { error } = await runPlaybook({ 'site.yml': play('community.general.inifile') });
  expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringContaining('ini_file') });
});

test('a module of another collection is not taken for one whose name is merely as short', async () => {
  const { error } = await runPlaybook({ 'site.yml': play('kubernetes.core.helm') });
  expect(error).toMatchObject({ code: 'UNSUPPORTED', hint: expect.not.stringContaining('Did you mean') });
});
