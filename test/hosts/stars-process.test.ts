import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/clock.js';
import type { RunEvent } from '../../src/model/run.js';
import { poll } from '../../src/poll.js';
import { requireBuilt } from '../e2e/support/built.js';
import { type RealHosts, realHosts } from './support/real-hosts.js';

// Stars as people start it, against real hosts: what only a whole process can show.

const STARS = resolve(import.meta.dirname, '..', '..', 'bin', 'stars.js');

let hosts: RealHosts;
let home: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  requireBuilt();
  hosts = await realHosts(2);
  home = mkdtempSync(join(tmpdir(), 'stars-process-'));
  write('inventories/lab/hosts', inventory());
});
beforeEach(async () => {
  for (const index of [0, 1]) await inside(index, 'rm -rf /srv/*; echo before >/srv/file');
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  await hosts.stop();
  rmSync(home, { recursive: true, force: true });
});

function inventory(): string {
  const variables = [
    'ansible_user=stars',
    'ansible_become=yes',
    `ansible_ssh_private_key_file=${hosts.privateKeyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${hosts.knownHostsFile}'`,
  ];
  const lines = hosts.hosts.map(({ name, address }) => `${name} ansible_host=${address}`);
  return ['[reached]', ...lines, '[all:vars]', ...variables, ''].join('\n');
}

function write(path: string, text: string): string {
  const file = join(home, path);
  mkdirSync(resolve(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const inside = async (index: number, script: string) => hosts.host(index).inside('sh', '-c', `${script} || :`);
const until = (check: () => Promise<boolean>) =>
  poll(async () => (await check()) || undefined, {
    clock: systemClock,
    everyMs: 20,
    timeoutMs: 60_000,
    what: 'What the test waits for on the host',
  });

function start(...words: string[]): ChildProcess {
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: home, STARS_HOME: home, TMPDIR: home };
  const child = spawn(process.execPath, [STARS, ...words], { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

type Ended = { status: number | null; out: string; error: string; mostKb: number };

async function ended(child: ChildProcess): Promise<Ended> {
  const said = { out: '', error: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.error += text));
  let mostKb = 0;
  const watching = setInterval(() => (mostKb = peakKbOf(child) ?? mostKb), 20);
  const status = await new Promise<number | null>((settle) => child.once('close', settle));
  clearInterval(watching);
  return { status, ...said, mostKb };
}

/** The most memory that the process has had so far, as the kernel counts it. */
function peakKbOf({ pid }: ChildProcess): number | undefined {
  try {
    return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) || undefined;
  } catch {
    return undefined;
  }
}

function playbook(tasks: string): void {
  write('stack/site.yml', `- name: Lab\n  hosts: all\n  gather_facts: no\n  tasks:\n${tasks}`);
}

const eventsIn = (out: string) =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);

async function killedOnce(child: ChildProcess, check: () => Promise<boolean>): Promise<void> {
  const over = ended(child);
  await until(check);
  child.kill('SIGKILL');
  await over;
}

describe('a command that says 100 MB', () => {
  const flood = (stream: string) => `    - name: flood
      shell: "echo first; head -c 100000000 /dev/zero | tr '\\\\0' x ${stream}; echo; echo last"
      register: said
      changed_when: no
    - name: what is left of it
      debug: {msg: "{{ said.stdout | length }} {{ said.stderr | length }} {{ (said.stdout + said.stderr) | regex_search('[0-9]+ bytes left out') }}"}
`;

  test.each([
    ['standard output', ''],
    ['standard error', '>&2'],
  ])('on %s costs little memory, is told as cut, and the run goes on', async (_title, stream) => {
    playbook('    - {name: quiet, command: echo first, changed_when: no}\n');
    const quiet = await ended(start('deploy', 'site', 'lab', '--json'));
    playbook(flood(stream));
    const loud = await ended(start('deploy', 'site', 'lab', '--json'));
    expect({ quiet: quiet.status, loud: loud.status, error: loud.error }).toEqual({ quiet: 0, loud: 0, error: '' });
    const words = eventsIn(loud.out).flatMap((event) =>
      event.type === 'task.result' && event.task === 'what is left of it' ? [event.message ?? ''] : [],
    );
    expect(words).toHaveLength(2);
    for (const text of words) {
      const [, out, error] = /^(\d+) (\d+) 9\d{7} bytes left out$/.exec(text) ?? [text];
      expect(Number(out) + Number(error)).toBeGreaterThan(1_000_000);
      expect(Number(out) + Number(error)).toBeLessThan(1_200_000);
    }
    expect(loud.mostKb - quiet.mostKb).toBeLessThan(150_000);
  });
});

describe('Stars itself killed', () => {
  const leftovers = async () => {
    const each = [0, 1].map((index) =>
      inside(index, "find / -xdev -name '.stars-*' 2>/dev/null; pgrep -af '[s]shd: stars@|[s]udo |[w]ait-here'"),
    );
    return (await Promise.all(each)).join('');
  };

  test('in the middle of a command leaves nothing of ours on the hosts once it ends, and the run is told as interrupted', async () => {
    playbook(
      '    - {name: Wait, shell: "touch /srv/on; until [ -e /srv/go ]; do sleep 0.05; done"}\n    - {name: Never, command: touch /srv/never}\n',
    );
    const waits = async (index: number) => (await inside(index, 'ls /srv')).includes('on\n');
    await killedOnce(start('deploy', 'site', 'lab'), async () => (await waits(0)) && (await waits(1)));
    for (const index of [0, 1]) await inside(index, 'touch /srv/go');
    await until(async () => (await leftovers()) === '');
    expect(await inside(0, 'ls /srv')).toBe('file\ngo\non\n');
    const { out } = await ended(start('show', 'last'));
    expect(out).toMatch(/interrupted: .*In flight was the task “Wait” of Lab on alpha0, alpha1/);
  });

  test('in the middle of sending a file leaves the old one whole, and what was sent goes', async () => {
    const file = openSync(write('stack/files/big', ''), 'r+');
    ftruncateSync(file, 150_000_000);
    closeSync(file);
    playbook('    - {name: Send, copy: {src: big, dest: /srv/file}}\n');
    const sending = async () => Number(await inside(0, 'stat -c %s /srv/.stars-*')) > 0;
    await killedOnce(start('deploy', 'site', 'lab'), sending);
    await until(async () => (await leftovers()) === '');
    expect(await inside(0, 'ls -A /srv; cat /srv/file')).toBe('file\nbefore\n');
    const { out } = await ended(start('show', 'last'));
    expect(out).toMatch(/interrupted: .*In flight was the task “Send” of Lab on alpha0, alpha1/);
  });

  test('while a file is checked on the hosts leaves it old or new, never half, and nothing beside it', async () => {
    const check = `validate: "sh -c 'until [ -e /srv/go ]; do sleep 0.05; done; : wait-here' %s"`;
    playbook(`    - copy: {content: "${'x'.repeat(100_000)}", dest: /srv/file, ${check}}\n`);
    await killedOnce(start('deploy', 'site', 'lab'), async () => (await inside(0, "pgrep -f '[w]ait-here'")) !== '');
    for (const index of [0, 1]) await inside(index, 'touch /srv/go');
    await until(async () => (await leftovers()) === '');
    expect(['before\n', 'x'.repeat(100_000)]).toContain(await inside(0, 'cat /srv/file'));
  });
});
