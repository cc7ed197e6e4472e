import { afterAll, expect, test } from '@jest/globals';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { linesOf, removeProjects, runIn, runPlaybook, saidBy, writeProject } from '../support/run-playbook.js';

afterAll(removeProjects);

/** A connection of this machine that counts batches: calls made before the answer to an earlier one has come. */
function counting() {
  const count = { batches: 0, calls: 0 };
  async function connect(name: string): Promise<Connection> {
    const inner = connectLocal({ name });
    let waiting = 0;
    return {
      ...inner,
      async exec(script, options) {
        count.calls += 1;
        if (waiting === 0) count.batches += 1;
        waiting += 1;
        try {
          return await inner.exec(script, options);
        } finally {
          waiting -= 1;
        }
      },
    };
  }
  return { count, connect };
}

const many = Array.from(
  { length: 20 },
  (_, n) => `    - file: path={{ base }}/d${n} state=directory
    - copy: content="text ${n}" dest={{ base }}/f${n} mode=0644
`,
).join('');

test('a run that finds nothing to do asks for about forty tasks at once, in one script', async () => {
  const folder = writeProject({ inventory: 'h1\n', 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${many}` });
  const first = await runIn(folder);
  expect(first.result?.hosts.h1).toMatchObject({ ok: 40, changed: 40 });
  const { count, connect } = counting();
  const second = await runIn(folder, { connect });
  expect(second.result?.hosts.h1).toMatchObject({ ok: 40, changed: 0 });
  expect(count.calls).toBeLessThanOrEqual(2);
});

test('where every task changes something, hardly anything is asked in vain', async () => {
  const { count, connect } = counting();
  const played = await runPlaybook(
    { inventory: 'h1\n', 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${many}` },
    { connect },
  );
  expect(played.result?.hosts.h1).toMatchObject({ ok: 40, changed: 40 });
  const asked = count.calls;
  expect(asked).toBeLessThan(200);
});

test('what was read ahead is read anew after a change on the host', async () => {
  const played = await runPlaybook({
    inventory: 'h1\n',
    'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - stat: path={{ base }}/made
      register: before
    - shell: echo x > {{ base }}/made
      changed_when: no
    - stat: path={{ base }}/made
      register: after
    - command: rm {{ base }}/made
    - stat: path={{ base }}/made
      register: gone
    - copy: content=y dest={{ base }}/made
    - debug: msg="{{ before.stat.exists }} {{ after.stat.exists }} {{ gone.stat.exists }}"
`,
  });
  expect(saidBy(played).at(-1)).toBe('h1: False True False');
  expect(linesOf(played)).toContain('copy h1 changed');
});

test('what depends on a task that acts is asked only once that has acted', async () => {
  const scripts: string[] = [];
  const played = await runPlaybook(
    {
      inventory: 'h1\n',
      'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - stat: path={{ base }}/before
    - shell: printf x > {{ base }}/made
    - stat: path={{ base }}/made
      register: seen
    - copy: content=x dest={{ base }}/made
    - debug: msg="{{ seen.stat.exists }}"
`,
    },
    {
      connect: noting(scripts),
    },
  );
  expect(saidBy(played)).toEqual(['h1: true']);
  expect(linesOf(played)).toContain('copy h1 ok');
  const first = scripts.findIndex((script) => script.includes('/made'));
  expect(scripts[first]).toContain('printf x');
});

test('each item of a loop sees what the one before it did', async () => {
  const played = await runPlaybook({
    inventory: 'h1\n',
    'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - lineinfile: path={{ base }}/f line={{ item }} create=yes
      loop: [a, b, c]
    - slurp: src={{ base }}/f
      register: f
    - name: end
      debug: msg="{{ f.content | b64decode }}"
`,
  });
  expect(saidBy(played).at(-1)).toBe('h1: a\nb\nc\n');
});

test('a change on one host is seen by another in the next task, as on a shared disk', async () => {
  const played = await runPlaybook({
    'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - stat: path={{ base }}/nothing
    - shell: echo x > {{ base }}/shared
      when: inventory_hostname == 'h1'
    - stat: path={{ base }}/shared
      register: seen
    - debug: msg="{{ seen.stat.exists }}"
`,
  });
  expect(saidBy(played).slice(-2).sort()).toEqual(['h1: true', 'h2: true']);
});

test('a delegated change counts for the host on which it happens', async () => {
  const played = await runPlaybook({
    'site.yml': `- hosts: h2:h1
  gather_facts: no
  tasks:
    - stat: path={{ base }}/there
    - file: path={{ base }}/there state=touch
      delegate_to: h1
      run_once: yes
    - stat: path={{ base }}/there
      register: seen
    - debug: msg="{{ seen.stat.exists }}"
`,
  });
  expect(saidBy(played).slice(-2).sort()).toEqual(['h1: true', 'h2: true']);
});

test('until looks again each time, although nothing of ours changed the host', async () => {
  let looks = 0;
  const played = await runPlaybook(
    {
      inventory: 'h1\n',
      'site.yml': `- hosts: all
  gather_facts: no
  tasks:
    - stat: path={{ base }}/late
      register: seen
      until: seen.stat.exists
      delay: 0
      retries: 3
    - debug: msg="{{ seen.attempts }}"
`,
    },
    {
      async connect(name) {
        const inner = connectLocal({ name });
        return {
          ...inner,
          exec: async (script, options) => {
            looks += 1;
            // Somebody else makes the file before the third look.
            if (looks === 3) await inner.exec(script.replace(/[\s\S]*?(\/\S*\/out)\/late[\s\S]*/, 'touch $1/late'));
            return inner.exec(script, options);
          },
        };
      },
    },
  );
  expect(saidBy(played).at(-1)).toBe('h1: 3');
});

/** A local host whose scripts are noted, in order. */
function noting(scripts: string[]) {
  return async (name: string): Promise<Connection> => {
    const inner = connectLocal({ name });
    const exec: Connection['exec'] = (script, options) => {
      scripts.push(script);
      return inner.exec(script, options);
    };
    return { ...inner, exec };
  };
}

/** The scripts that a host was sent, in order. */
async function scriptsOf(tasks: string): Promise<string[]> {
  const scripts: string[] = [];
  const playbook = `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks}`;
  const played = await runPlaybook(
    { inventory: 'h1\n', 'site.yml': playbook },
    {
      connect: noting(scripts),
    },
  );
  expect(played.result?.hosts.h1).toMatchObject({ failed: 0, unreachable: 0 });
  return scripts;
}

test.each([
  'copy: content=a dest={{ base }}/f mode=0640',
  'file: path={{ base }}/d state=directory',
  'command: echo a',
])('what only fills the result of %s is asked for where somebody looks at it, and else left out', async (task) => {
  const told = /stars-stat|date '\+/;
  const [unseen] = (await scriptsOf(`    - ${task}\n`)).slice(-1);
  expect(unseen).not.toMatch(told);
  const [seen] = (await scriptsOf(`    - ${task}\n      register: done\n`)).slice(-1);
  expect(seen).toMatch(told);
  const rescued = `    - block:\n        - ${task}\n      rescue:\n        - debug: msg="{{ ansible_failed_result }}"\n`;
  expect((await scriptsOf(rescued)).at(-1)).toMatch(told);
});

test('a module that asks two things at once asks them in one round trip', async () => {
  const scripts = await scriptsOf('    - copy: src=/etc/hostname dest={{ base }}/h remote_src=yes\n');
  expect(scripts).toHaveLength(2);
});

test('on a first apply the files of many tasks are asked about once, and what is in a new folder not at all', async () => {
  const scripts = await scriptsOf(`    - command: "true"
      args: { creates: "{{ base }}/before" }
    - file: path={{ base }}/{{ item }} state=directory
      loop: [d, d/e, d/e/f, g]
    - copy: content=a dest={{ base }}/d/e/f/a
    - copy: content=b dest={{ base }}/g/b
    - file: src=/etc dest={{ base }}/link state=link
    - command: "touch {{ base }}/g/made"
      args: { creates: "{{ base }}/g/made" }
`);
  const asking = scripts.filter((script) => script.includes('for path in'));
  expect(asking).toHaveLength(2);
  expect(scripts).toHaveLength(asking.length + 9);
});
