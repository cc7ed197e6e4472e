import { expect, test } from '@jest/globals';
import type { Become, Connection } from '../../src/connection/connection.js';
import { StarsError } from '../../src/errors.js';
import { createHostSession } from '../../src/provision/host-session.js';
import type { Fact } from '../../src/provision/module.js';
import { connectLocal } from '../../src/connection/local.js';
import { linesOf, removeProjects, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

const whoAsked: Fact<string> = { script: 'id -un', parse: ({ stdout }) => stdout };
const never = new AbortController().signal;

/** A host that answers every question with the user who asks it. */
async function hostThatNamesUsers(): Promise<Connection> {
  const local = connectLocal({ name: 'h1' });
  return {
    ...local,
    async exec(_script, { become } = {}) {
      const stdout = become ? `${become.method} ${become.user} ${become.flags ?? ''}`.trim() : 'login';
      return { code: 0, stdout, stderr: '', truncated: false };
    },
  };
}

test('what one user was told is never the answer for another', async () => {
  const session = createHostSession(hostThatNamesUsers);
  const asked: (Become | undefined)[] = [
    undefined,
    { user: 'root', method: 'sudo' },
    { user: 'spark', method: 'sudo' },
    { user: 'root', method: 'su' },
    { user: 'root', method: 'sudo', flags: '-H' },
  ];
  const questions = asked.flatMap((become) => [{ script: whoAsked.script, become }]);
  session.prefetch(questions, never);
  const ahead = await Promise.all(asked.map((become) => session.fact(whoAsked, become, never)));
  expect(ahead).toEqual(['login', 'sudo root', 'sudo spark', 'su root', 'sudo root -H']);
  session.forget();
  expect(session.known({ script: whoAsked.script, become: undefined })).toBe(false);
});

test('no more hosts than forks are at work at once', async () => {
  const atWork = { now: 0, most: 0 };
  async function connect(name: string): Promise<Connection> {
    const inner = connectLocal({ name });
    return {
      ...inner,
      async exec(script, options) {
        atWork.now += 1;
        atWork.most = Math.max(atWork.most, atWork.now);
        try {
          return await inner.exec(script, options);
        } finally {
          atWork.now -= 1;
        }
      },
    };
  }
  const played = await runPlaybook(
    {
      inventory: 'h[1:6]\n',
      'site.yml': '- hosts: all\n  gather_facts: no\n  tasks:\n    - command: echo a\n    - command: echo b\n',
    },
    { connect, forks: 2 },
  );
  expect(Object.values(played.result?.hosts ?? {}).map(({ ok }) => ok)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(atWork.most).toBe(2);
});

test.each(['UNREACHABLE', 'HOST_KEY', 'AUTHENTICATION'] as const)(
  'a host that cannot be entered (%s) is unreachable, and the others go on',
  async (code) => {
    const connect = async (name: string) => {
      if (name === 'h1') throw new StarsError(code, 'h1: no way in.');
      return connectLocal({ name });
    };
    const played = await runPlaybook(
      { 'site.yml': '- hosts: all\n  gather_facts: no\n  tasks:\n    - name: look\n      command: echo a\n' },
      { connect },
    );
    expect(linesOf(played).sort()).toEqual(['look h1 unreachable', 'look h2 changed']);
  },
);
