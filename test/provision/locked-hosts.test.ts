import { afterAll, expect, test } from '@jest/globals';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';
import { removeProjects, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

const CHANGE = "- copy: {content: x, dest: '{{ base }}/{{ inventory_hostname }}'}";
const FAIL_ON_H2 = "- fail: {msg: broken}\n      when: inventory_hostname == 'h2'";

type Held = Record<string, 'locked' | 'lost'>;

/** Hosts that another run has (`locked`), or takes over when the first change is made there (`lost`). */
async function play(tasks: readonly string[], held: Held) {
  const { result, events } = await runPlaybook(
    { 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n    ${tasks.join('\n    ')}\n` },
    {
      async connect(host) {
        if (held[host] === 'locked') throw new StarsError('LOCKED', `${host} is locked by run other of Ada.`);
        const local = connectLocal({ name: host });
        return held[host] === 'lost' ? takenOver(local) : local;
      },
    },
  );
  const messages = events.flatMap((event) => (event.type === 'task.result' ? [`${event.host} ${event.status}`] : []));
  return { failed: result?.failed, messages };
}

function takenOver(connection: Connection): Connection {
  return {
    ...connection,
    async exec(script, options) {
      if (options?.action !== undefined) throw new StarsError('LOCK_LOST', 'The lock was taken over.');
      return connection.exec(script, options);
    },
    upload: () => Promise.reject(new StarsError('LOCK_LOST', 'The lock was taken over.')),
  };
}

test('a run that found all its hosts locked says that nothing was done', async () => {
  const { failed } = await play([CHANGE], { h1: 'locked', h2: 'locked' });
  expect(failed).toMatchObject({ code: 'LOCKED', message: 'h1, h2 are locked, so nothing was done.' });
});

test('a run that found some of its hosts locked does the others, and ends as locked', async () => {
  const { failed, messages } = await play(['- debug: msg=first', CHANGE], { h1: 'locked' });
  expect(messages).toEqual(['h1 ok', 'h2 ok', 'h1 failed', 'h2 ok']);
  expect(failed).toMatchObject({
    code: 'LOCKED',
    message: 'h1 is locked, so nothing was done there; 1 of 2 hosts are done.',
    hint: expect.stringContaining('“retry last” does that host'),
  });
});

test('a lock that a task finds on the host that it is delegated to is not told as if nothing had been done', async () => {
  const delegated = `- command: "true"\n      delegate_to: h2`;
  const { failed } = await play([CHANGE, delegated], { h2: 'locked' });
  expect(failed).toMatchObject({ code: 'LOCKED', message: 'It met the lock of another run on h1, h2.' });
});

test('a run in which something else failed too has failed', async () => {
  const { failed } = await play([FAIL_ON_H2, CHANGE], { h1: 'locked' });
  expect(failed).toMatchObject({ code: 'HOSTS_FAILED', message: 'It failed on h1, h2; 0 of 2 hosts are done.' });
});

test('a run whose lock was taken over has failed', async () => {
  const { failed } = await play([CHANGE], { h1: 'lost' });
  expect(failed).toMatchObject({ code: 'HOSTS_FAILED', message: 'It failed on h1; 1 of 2 hosts are done.' });
});

test('no task may ignore that its host is another run’s', async () => {
  const { messages } = await play([`${CHANGE}\n      ignore_errors: yes`], { h1: 'locked', h2: 'lost' });
  expect(messages).toEqual(['h1 failed', 'h2 failed']);
});
