import { afterAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { connectLocal } from '../../src/connection/local.js';
import type { Connection } from '../../src/connection/connection.js';
import { StarsError } from '../../src/errors.js';
import { removeProjects, resultsOf, runPlaybook, type RunOptions } from '../support/run-playbook.js';

afterAll(removeProjects);

// Waiting takes no time here; limits are kept by counting what was tried.
const hurried = { ...systemClock, sleep: async () => {} };

/** A host that is away for the first attempts after `down` made the file with its boot anew. */
function away(attempts: number, error: () => Error = unreachable) {
  let left = attempts;
  let connections = 0;
  const connect = async (): Promise<Connection> => {
    connections += 1;
    if (connections > 1 && (left -= 1) >= 0) throw error();
    return connectLocal({ name: 'h1' });
  };
  return { connect, connections: () => connections };
}

function unreachable() {
  return new StarsError('UNREACHABLE', 'h1 cannot be reached: connection refused.');
}

const play = (...tasks: string[]) => ({
  inventory: 'h1\n',
  'site.yml': `- hosts: h1\n  gather_facts: no\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`,
});

const reboot = (more = '') =>
  `reboot: {boot_time_command: "cat '{{ base }}/boot'", reboot_command: "echo 2 >'{{ base }}/boot'"${more}}`;

async function ends(tasks: string[], options: RunOptions) {
  const played = await runPlaybook(play(...tasks), { clock: hurried, ...options });
  expect(played.error).toBeUndefined();
  return resultsOf(played).map(({ task, status, changed, message }) =>
    [task, changed ? 'changed' : status, message].filter(Boolean).join(': '),
  );
}

test('reboot waits until the host answers from another boot, on a connection of its own', async () => {
  const host = away(2);
  const told = await ends(["shell: echo 1 >'{{ base }}/boot'", reboot(), "shell: grep 2 '{{ base }}/boot'"], host);
  expect(told.map((line) => /: (\w+)/.exec(line)?.[1])).toEqual(['changed', 'changed', 'changed']);
  expect(host.connections()).toBe(5);
});

test('reboot says when the host stays what it was, and when it does not come back', async () => {
  const still = `reboot: {boot_time_command: "echo 1", reboot_command: "true", reboot_timeout: 0}`;
  expect(await ends([still], {})).toEqual([expect.stringMatching(/failed: Timed out .*the boot is still the old one/)]);
  const gone = away(100);
  expect(await ends(["shell: echo 1 >'{{ base }}/boot'", reboot(', reboot_timeout: 0')], gone)).toEqual([
    expect.any(String),
    expect.stringMatching(/failed: Timed out waiting for the host to come back \(timeout=0\): h1 cannot be reached/),
  ]);
});

test('reboot reports what the host says against it, and does nothing in check mode', async () => {
  const refused = `reboot: {reboot_command: "echo not now >&2; exit 3"}`;
  expect(await ends([refused], {})).toEqual([expect.stringContaining("Reboot command failed. Error was: ', not now'")]);
  const checked = await runPlaybook(play(refused), { clock: hurried, check: true });
  expect(resultsOf(checked)).toMatchObject([{ status: 'ok', changed: true }]);
});

test('reboot does not try again where the key of the host is another one', async () => {
  const host = away(9, () => new StarsError('HOST_KEY', 'The host key of h1 has changed.'));
  const told = await ends(["shell: echo 1 >'{{ base }}/boot'", reboot()], host);
  expect(told[1]).toMatch(/unreachable: The host key of h1 has changed/);
  expect(host.connections()).toBe(2);
});

test('wait_for_connection opens new connections until one answers', async () => {
  const host = away(3);
  const told = await ends(['ping:', 'wait_for_connection: {delay: 5, timeout: 60}'], host);
  expect(told.map((line) => /: (\w+)/.exec(line)?.[1])).toEqual(['ok', 'ok']);
  expect(host.connections()).toBe(5);
});

test('wait_for_connection gives up after its time, and says why', async () => {
  expect(await ends(['ping:', 'wait_for_connection: {timeout: 0}'], away(9))).toEqual([
    expect.any(String),
    expect.stringMatching(/failed: timed out waiting for the connection: h1 cannot be reached/),
  ]);
  expect(await ends(['wait_for_connection: {timeout: \'{{ "soon" }}\'}'], {})).toEqual([
    expect.stringContaining("timeout must be a whole number, not 'soon'"),
  ]);
});
