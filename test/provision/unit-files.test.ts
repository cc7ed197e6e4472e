import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Connection } from '../../src/connection/connection.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { startHosts, type SimulatedHosts } from '../../src/sandbox/host/hosts.js';
import { removeProjects, runPlaybook } from '../support/run-playbook.js';

// When systemd is told to read its files anew, and when it has just done so.

let hosts: SimulatedHosts;
const ALL = ['h1', 'h2'] as const;

beforeAll(async () => {
  hosts = await startHosts({ names: [...ALL], clock: systemClock, log: silentLog });
});
afterEach(() =>
  Promise.all(
    ALL.map((name) => hosts.host(name).run('systemctl stop a b; systemctl disable a b; systemctl reset-failed a b')),
  ),
);
afterAll(async () => {
  removeProjects();
  await hosts.stop();
});

const unit = (name: string) => `/etc/systemd/system/${name}.service`;
const content = '[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n';
const UNITS = ['a', 'b'].map((name) => `    - copy: { content: "${content}", dest: ${unit(name)} }\n`).join('');
const BEGIN = `${UNITS}    - systemd: { name: a, state: started }
    - systemd: { name: b, state: started }
    - command: "true"
    - systemd: { name: a, state: restarted, daemon_reload: yes }
`;
const AGAIN = '    - systemd: { name: b, state: restarted, daemon_reload: yes }\n';

/** How often each host's systemd read its files, in a play of these tasks; `after` is called behind each script. */
async function reloads(
  tasks: string,
  after: (script: string, run: (script: string) => Promise<unknown>) => Promise<unknown> = async () => undefined,
): Promise<number[]> {
  const counted = new Map<string, number>();
  async function connect(name: string): Promise<Connection> {
    const host = hosts.host(name);
    return {
      host: name,
      async exec(script) {
        const count = script.split('systemctl daemon-reload').length - 1;
        counted.set(name, (counted.get(name) ?? 0) + count);
        const result = await host.run(script);
        await after(script, (other) => host.run(other));
        return { ...result, truncated: false };
      },
      upload: async () => {},
      close: async () => {},
    };
  }
  const played = await runPlaybook(
    {
      inventory: ['[web]', ...ALL, ''].join('\n'),
      'site.yml': `- hosts: web\n  gather_facts: no\n  tasks:\n${tasks}`,
    },
    { connect },
  );
  const recaps = Object.values(played.result?.hosts ?? {});
  expect(recaps.map(({ failed, unreachable }) => failed + unreachable)).toEqual([0, 0]);
  return ALL.map((name) => counted.get(name) ?? 0);
}

test('after a reload that was followed by nothing but starts and stops of units there is nothing to read anew', async () => {
  expect(await reloads(BEGIN + AGAIN)).toEqual([1, 1]);
  const stops =
    '    - systemd: { name: a, state: stopped }\n    - service: { name: a, state: started, use: systemd }\n';
  expect(await reloads(BEGIN + stops + AGAIN)).toEqual([1, 1]);
});

test.each([
  ['a file', '    - file: { path: /etc/touched, state: touch }\n'],
  ['a command', '    - shell: "true"\n      changed_when: no\n'],
  ['the enabling of a unit', '    - systemd: { name: a, enabled: yes }\n'],
  ['a command on a host in the name of another', '    - command: "true"\n      delegate_to: h1\n      run_once: yes\n'],
])('after %s systemd reads its files anew', async (_what, between) => {
  expect(await reloads(BEGIN + between + AGAIN)).toEqual([2, 2]);
});

test('a job that is left running may write files of units at any time', async () => {
  const job = '    - command: sleep 1\n      async: 60\n      poll: 0\n';
  expect(await reloads(BEGIN + job + BEGIN + AGAIN)).toEqual([3, 3]);
});

test('what the start of one unit writes for another is read', async () => {
  const write = `printf '[Service]\\nExecStart=/bin/sleep 2000\\n' >${unit('b')}`;
  const counts = await reloads(BEGIN + AGAIN, async (script, run) =>
    script.includes('restart a') ? run(write) : undefined,
  );
  expect(counts).toEqual([2, 2]);
  expect((await hosts.host('h1').run('ps -C sleep -o args=')).stdout).toContain('/bin/sleep 2000');
});

test('without a unit to look at systemd always reads its files', async () => {
  const bare = '    - systemd: { daemon_reload: yes }\n';
  expect(await reloads(bare + bare + UNITS + bare + AGAIN)).toEqual([3, 3]);
});
