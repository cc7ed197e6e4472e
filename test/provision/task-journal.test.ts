import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StarsError } from '../../src/errors.js';
import { removeProjects, resultsOf, runIn, runPlaybook, writeProject } from '../support/run-playbook.js';

afterEach(removeProjects);

const SITE = `- hosts: all
  gather_facts: no
  tasks:
    - name: Only read
      stat: {path: "{{ base }}"}
    - name: Act
      command: touch {{ base }}/{{ inventory_hostname }}
    - name: Act again
      command: touch {{ base }}/{{ inventory_hostname }}-{{ item }}
      loop: [1, 2, 3]
`;

test('a task is on record before it acts, once for all its hosts and items, and reading needs none', async () => {
  const folder = writeProject({ 'site.yml': SITE });
  const there = () => readdirSync(join(folder, 'out'));
  const before: string[][] = [];
  const durable = async () => void before.push(there());
  const { result } = await runIn(folder, { durable });
  expect(result?.failed).toBeUndefined();
  expect(before).toEqual([[], ['h1', 'h2']]);
  expect(there()).toHaveLength(8);
});

test('what cannot be recorded is not done', async () => {
  const played = await runPlaybook(
    { 'site.yml': SITE },
    { durable: () => Promise.reject(new StarsError('STORE', 'The run could not be recorded.')) },
  );
  const failed = resultsOf(played).filter(({ status }) => status === 'failed');
  expect(failed.map(({ task, host }) => `${task} ${host}`)).toEqual(['Act h1', 'Act h2']);
  expect(failed[0]?.message).toContain('The run could not be recorded.');
  expect(existsSync(join(played.folder, 'out', 'h1'))).toBe(false);
});
