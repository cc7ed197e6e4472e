import { afterAll, describe, expect, test } from '@jest/globals';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { linesOf, removeProjects, runPlaybook, saidBy } from '../support/run-playbook.js';

afterAll(removeProjects);

const HOSTS = '[web]\nh1\nh2\nh3\nh4\n';

/** Lets `before` decide when a command that holds a word may begin. */
function held(host: string, before: (script: string) => Promise<() => void>): Connection {
  const connection = connectLocal({ name: host });
  return {
    ...connection,
    async exec(script, options) {
      const after = await before(script);
      try {
        return await connection.exec(script, options);
      } finally {
        after();
      }
    },
  };
}

describe('throttle', () => {
  /** Commands wait until `company` of them run at once; none may ever see more. */
  function meeting(company: number) {
    let inside = 0;
    let most = 0;
    let waiting: (() => void)[] = [];
    const before = async (script: string) => {
      if (!script.includes('throttled')) return () => {};
      inside += 1;
      most = Math.max(most, inside);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < company) return;
        for (const go of waiting) go();
        waiting = [];
      });
      return () => void (inside -= 1);
    };
    return { before, most: () => most };
  }

  test.each([
    ['of a task', '  tasks:\n    - command: echo throttled\n      throttle: 2\n'],
    ['of a block', '  tasks:\n    - block:\n        - command: echo throttled\n      throttle: "{{ 1 + 1 }}"\n'],
    ['of a play', '  throttle: 2\n  tasks:\n    - command: echo throttled\n'],
    ['in a free play', '  strategy: free\n  tasks:\n    - command: echo throttled\n      throttle: 2\n'],
  ])('%s lets that many hosts run it at once', async (_, text) => {
    const { before, most } = meeting(2);
    const played = await runPlaybook(
      { inventory: HOSTS, 'site.yml': `- hosts: all\n  gather_facts: no\n${text}` },
      { connect: async (name) => held(name, before) },
    );
    expect(played.result?.failed).toBeUndefined();
    expect(most()).toBe(2);
  });

  test('lets no more hosts run a task than forks do', async () => {
    const { before, most } = meeting(1);
    const text = '- hosts: all\n  gather_facts: no\n  tasks:\n    - command: echo throttled\n      throttle: 4\n';
    await runPlaybook(
      { inventory: HOSTS, 'site.yml': text },
      { forks: 1, connect: async (name) => held(name, before) },
    );
    expect(most()).toBe(1);
  });

  test('that is no number is a mistake with its place', async () => {
    const { error } = await runPlaybook({
      'site.yml': '- hosts: all\n  gather_facts: no\n  tasks:\n    - command: "true"\n      throttle: many\n',
    });
    expect(String(error)).toContain('throttle must be a number of hosts, not “many”');
  });
});

describe('Hosts of a free play', () => {
  test('do not wait for each other', async () => {
    let release = () => {};
    const secondIsThrough = new Promise<void>((resolve) => (release = resolve));
    const played = await runPlaybook(
      {
        'site.yml':
          '- hosts: all\n  strategy: free\n  gather_facts: no\n  tasks:\n    - name: first\n      command: echo first\n    - name: last\n      command: echo last\n',
      },
      {
        connect: async (name) =>
          held(name, async (script) => {
            if (name === 'h1' && script.includes('first')) await secondIsThrough;
            return () => (name === 'h2' && script.includes('last') ? release() : undefined);
          }),
      },
    );
    expect(linesOf(played)).toEqual(['first h2 changed', 'last h2 changed', 'first h1 changed', 'last h1 changed']);
  });

  test('are told once what counts for nothing there', async () => {
    const played = await runPlaybook({
      'site.yml':
        '- hosts: all\n  strategy: free\n  gather_facts: no\n  max_fail_percentage: 1\n  tasks:\n    - debug: msg=x\n      run_once: yes\n',
    });
    expect(played.notes).toEqual([
      expect.stringContaining('max_fail_percentage counts for nothing'),
      expect.stringContaining('run_once counts for nothing'),
    ]);
  });

  test('all leave a play that one of them ends', async () => {
    const played = await runPlaybook(
      {
        'site.yml':
          '- hosts: all\n  strategy: free\n  gather_facts: no\n  tasks:\n    - name: first\n      command: "true"\n    - meta: end_play\n    - name: never\n      command: "true"\n- hosts: all\n  gather_facts: no\n  tasks:\n    - name: after\n      command: "true"\n',
      },
      { forks: 1 },
    );
    expect(linesOf(played).filter((line) => line.startsWith('never'))).toEqual([]);
    expect(linesOf(played).filter((line) => line.startsWith('after'))).toHaveLength(2);
  });
});

test('host_pinned takes a host through the whole play before another begins', async () => {
  const played = await runPlaybook(
    {
      'site.yml':
        '- hosts: all\n  strategy: host_pinned\n  gather_facts: no\n  tasks:\n    - name: first\n      command: "true"\n    - name: last\n      command: "true"\n',
    },
    { forks: 1 },
  );
  expect(linesOf(played)).toEqual(['first h1 changed', 'last h1 changed', 'first h2 changed', 'last h2 changed']);
});

test('batches are as --serial says, whatever the play says', async () => {
  const site =
    '- hosts: all\n  serial: 1\n  gather_facts: no\n  tasks:\n    - debug: msg="{{ ansible_play_batch | length }}"\n      run_once: yes\n';
  const sizes = async (serial: string) => saidBy(await runPlaybook({ inventory: HOSTS, 'site.yml': site }, { serial }));
  expect(await sizes('3')).toEqual(['h1: 3', 'h4: 1']);
  expect(await sizes('50%')).toEqual(['h1: 2', 'h3: 2']);
});

test('hosts in an order by chance are all of them, each once in one batch', async () => {
  const played = await runPlaybook({
    inventory: 'h[1:9]\n',
    'site.yml':
      '- hosts: all\n  order: shuffle\n  serial: 4\n  gather_facts: no\n  tasks:\n    - name: look\n      debug:\n',
  });
  const hosts = linesOf(played).map((line) => line.split(' ')[1] ?? '');
  expect(hosts.toSorted()).toEqual(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', 'h8', 'h9']);
  expect(played.events.filter(({ type }) => type === 'task.started')).toHaveLength(3);
});

test('max_fail_percentage beside force_handlers comes with a note that it does not count', async () => {
  const site = '- hosts: all\n  gather_facts: no\n  max_fail_percentage: 1\n  tasks: []\n';
  expect((await runPlaybook({ 'site.yml': site })).notes).toEqual([]);
  const forced = await runPlaybook({ 'site.yml': `${site}  force_handlers: yes\n` });
  expect(forced.notes).toEqual([expect.stringContaining('counts for nothing beside force_handlers')]);
});
