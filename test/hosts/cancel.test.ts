import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { type Played, removeProjects, resultsOf } from '../support/run-playbook.js';
import { playOnHosts } from './support/play-on-hosts.js';
import { type RealHosts, realHosts } from './support/real-hosts.js';

let hosts: RealHosts;

beforeAll(async () => {
  hosts = await realHosts(2);
  for (const host of hosts.hosts) await host.inside('sh', '-c', 'echo before >/srv/file');
});

afterEach(removeProjects);
afterAll(() => hosts.stop());

const inside = (script: string, index = 0) => hosts.host(index).inside('sh', '-c', `${script} || :`);

/** Waits for a process with these words on the first host. */
const runs = (words: string) => until(async () => (await inside(`pgrep -f '[${words[0]}]${words.slice(1)}'`)) !== '');
const until = (check: () => Promise<boolean>) =>
  poll(async () => (await check()) || undefined, {
    clock: systemClock,
    everyMs: 50,
    timeoutMs: 30_000,
    what: 'What the test waits for on the host',
  });

/** Temporary files and processes of ours, and processes of the playbook, on both hosts. */
async function leftovers(): Promise<string> {
  const script = "find / -xdev -name '.stars-*' 2>/dev/null; pgrep -af '[s]leep 44|[w]ait-here'";
  return `${await inside(script)}${await inside(script, 1)}`;
}

async function cancelledAt(words: string, tasks: string): Promise<Played> {
  const controller = new AbortController();
  const playing = playOnHosts(
    hosts,
    { 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks}` },
    {
      signal: controller.signal,
    },
  );
  await runs(words);
  controller.abort();
  return playing;
}

// Big enough to be sent before it is put in place, small enough to be sent within the script that does so.
const SIZES = [
  ['sent ahead', 100_000],
  ['sent along', 10],
] as const;

const WAITING = 'validate: "sh -c \'while [ ! -e /srv/go ]; do sleep 0.05; done; : wait-here\' %s"';
const copy = (bytes: number) => `    - copy: {content: "${'x'.repeat(bytes)}", dest: /srv/file, ${WAITING}}\n`;

test('a cancelled command ends on all hosts with all it started, also what detached itself', async () => {
  const played = await cancelledAt(
    'sleep 4402',
    '    - shell: setsid sleep 4401 >/dev/null 2>&1 & (nohup sleep 4403 >/dev/null 2>&1 &); sleep 4402\n    - command: touch /srv/never\n',
  );
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(await leftovers()).toBe('');
  expect(await inside('ls /srv')).not.toContain('never');
});

test.each(SIZES)('a cancelled file is the old one whole, and nothing else stays: content %s', async (_title, bytes) => {
  const played = await cancelledAt('wait-here', copy(bytes));
  expect(played.error).toMatchObject({ code: 'CANCELLED' });
  expect(await inside('cat /srv/file')).toBe('before\n');
  expect(await leftovers()).toBe('');
});

test.each(SIZES)('when the connection is lost the host tidies up by itself: content %s', async (_title, bytes) => {
  const playing = playOnHosts(hosts, { 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${copy(bytes)}` });
  await runs('wait-here');
  for (const host of hosts.hosts) await host.inside('pkill', '-KILL', '-f', 'sshd: stars@notty');
  const ends = resultsOf(await playing).map(({ status }) => status);
  expect(ends).toEqual(['unreachable', 'unreachable']);
  await inside('touch /srv/go');
  await inside('touch /srv/go', 1);
  await until(async () => (await leftovers()) === '');
  expect(['before\n', 'x'.repeat(bytes)]).toContain(await inside('cat /srv/file'));
  await inside('rm /srv/go; echo before >/srv/file');
  await inside('rm /srv/go; echo before >/srv/file', 1);
});
