import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { removeProjects } from '../support/run-playbook.js';
import { endsOf, playOnHosts } from './support/play-on-hosts.js';
import { type RealHosts, realHosts } from './support/real-hosts.js';

let hosts: RealHosts;
beforeAll(async () => {
  hosts = await realHosts(1);
});
afterAll(async () => {
  await hosts.stop();
  removeProjects();
});

test('a host that is told to boot anew is back for the next task', async () => {
  const tasks = [
    '{command: stat -c %Y /run/systemd, register: first, changed_when: no}',
    // Containers share the kernel's boot id, so their own first process tells boots apart.
    "reboot: {boot_time_command: 'cat /proc/1/sched | head -n 1; stat -c %Y /proc/1', reboot_timeout: 120}",
    '{command: systemctl is-system-running --wait, register: state, changed_when: no, failed_when: no}',
    'wait_for_connection:',
    '{command: cat /proc/uptime, changed_when: no}',
  ];
  const site = `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`;
  const ends = endsOf(await playOnHosts(hosts, { 'site.yml': site }));
  expect(ends.map((line) => line.split(': ')[1])).toEqual(['ok', 'changed', 'ok', 'ok', 'ok']);
});
