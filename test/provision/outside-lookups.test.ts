import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { removeProjects, resultsOf, runIn, runPlaybook, saidBy, writeProject } from '../support/run-playbook.js';

afterEach(removeProjects);

/** A project whose tasks run on one host; `{{ base }}/count` is told of every program that ran. */
function project(tasks: string, files: Record<string, string> = {}): string {
  return writeProject({
    inventory: 'h1\n',
    'site.yml': `- hosts: all\n  gather_facts: no\n  vars:\n    counted: "{{ lookup('pipe', 'echo x >>' + base + '/count; wc -l <' + base + '/count') }}"\n  tasks:\n${tasks}`,
    ...files,
  });
}

const countIn = (folder: string) => {
  const file = join(folder, 'out', 'count');
  return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
};

describe('lookup pipe and lines', () => {
  test('give what a program on the machine of Stars writes, beside the playbook', async () => {
    const tasks = `    - debug: {msg: "<{{ lookup('pipe', 'pwd; cat word; echo') }}>"}
    - debug: {msg: "{{ query('lines', 'printf \\"a\\\\r\\\\nb\\\\n\\\\nc\\"') }}"}
    - {debug: {msg: "{{ item }}"}, with_lines: ['seq 2', 'echo three']}
`;
    const folder = project(tasks, { word: 'beside' });
    const played = await runIn(folder);
    expect(saidBy(played)).toEqual([
      `h1: <${join(folder, 'project')}\nbeside>`,
      'h1: ["a","b","","c"]',
      'h1: 1',
      'h1: 2',
      'h1: three',
    ]);
  });

  test('run once for each time that a task asks, however often the task is looked at', async () => {
    const folder = project(`    - command: echo {{ counted }}
      register: said
    - debug: {msg: "{{ said.stdout }}"}
    - copy: {content: "{{ counted }}", dest: "{{ base }}/file"}
`);
    const played = await runIn(folder);
    expect(saidBy(played)).toEqual(['h1: 1']);
    expect(readFileSync(join(folder, 'out', 'file'), 'utf8')).toBe('2');
    expect(countIn(folder)).toBe(2);
  });

  test('run anew for each item of a loop, and after a task has acted', async () => {
    const folder = project(`    - {debug: {msg: "{{ item }} {{ counted }}"}, loop: [a, b, c]}
    - {command: "sh -c 'echo did >>{{ base }}/did'", changed_when: "counted == '4'"}
`);
    const played = await runIn(folder);
    expect(saidBy(played)).toEqual(['h1: a 1', 'h1: b 2', 'h1: c 3']);
    expect(resultsOf(played).at(-1)).toMatchObject({ status: 'ok', changed: true });
    expect(readFileSync(join(folder, 'out', 'did'), 'utf8')).toBe('did\n');
  });

  test('are not run by a task whose condition is false', async () => {
    const folder = project('    - {command: "echo {{ counted }}", when: false}\n');
    await runIn(folder);
    expect(countIn(folder)).toBe(0);
  });

  test('fail the task with exit code, words and place', async () => {
    const played = await runIn(project(`    - debug: {msg: "{{ lookup('pipe', 'echo no >&2; exit 3') }}"}\n`));
    expect(resultsOf(played)[0]).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/site\.yml:6.*lookup pipe\(.*\) returned 3\nno/),
    });
  });

  test('of a program without an end are cut off with the run, and the program ends', async () => {
    const folder = project(`    - debug: {msg: "{{ lookup('pipe', 'echo $$ >' + base + '/pid; sleep 4600') }}"}\n`);
    const controller = new AbortController();
    const playing = runIn(folder, { signal: controller.signal });
    const file = join(folder, 'out', 'pid');
    const waiting = { clock: systemClock, everyMs: 20, timeoutMs: 20_000 };
    await poll(async () => (existsSync(file) && readFileSync(file, 'utf8') !== '') || undefined, {
      ...waiting,
      what: 'The start of the program',
    });
    controller.abort();
    expect((await playing).error).toMatchObject({ code: 'CANCELLED' });
    const pid = Number(readFileSync(file, 'utf8'));
    await poll(async () => !isAlive(pid) || undefined, { ...waiting, what: 'The end of the program' });
  });

  test('of a program that writes without end fail the task', async () => {
    const played = await runIn(project(`    - debug: {msg: "{{ lookup('pipe', 'yes') }}"}\n`));
    expect(resultsOf(played)[0]).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('wrote more than 10 MB'),
    });
  });

  test('may give the password of a host, which is asked for once and shown nowhere', async () => {
    const played = await runPlaybook({
      inventory:
        "h1 ansible_become_password=\"{{ lookup('pipe', 'echo x >>' + base + '/count; echo se' + 'cret') }}\"\n",
      'site.yml': '- {hosts: all, gather_facts: no, tasks: [{command: "true"}, {debug: {msg: hi}}]}\n',
    });
    expect(played.error).toBeUndefined();
    expect(saidBy(played)).toEqual(['h1: hi']);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('lookup url', () => {
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/gone') response.writeHead(404).end('no');
      else if (request.url === '/from') response.writeHead(302, { location: '/lines' }).end();
      else if (request.url === '/who')
        response.end(
          `${request.headers['user-agent']} ${request.headers.authorization} ${String(request.headers['x-a'])}`,
        );
      else response.end('one\ntwo\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('reads an address from the machine of Stars, as lines or whole', async () => {
    const played = await runIn(
      project(`    - debug: {msg: "{{ query('url', '${address}/from') }}"}
    - debug: {msg: "{{ lookup('url', '${address}/lines', split_lines=False) | to_json }}"}
    - debug: {msg: "{{ lookup('url', '${address}/who', username='me', password='pw', headers={'X-A': 'b'}) }}"}
    - {debug: {msg: "{{ item }}"}, with_url: ['${address}/lines']}
`),
    );
    expect(saidBy(played)).toEqual([
      'h1: ["one","two"]',
      'h1: "one\\ntwo\\n"',
      `h1: ansible-httpget Basic ${Buffer.from('me:pw').toString('base64')} b`,
      'h1: one',
      'h1: two',
    ]);
  });

  test.each([
    ['says no', '/gone', /Received HTTP error for .*\/gone : HTTP Error 404: Not Found/],
    ['is not there', '', /Failed lookup url for http:\/\/127\.0\.0\.1:9/],
  ])('fails the task when the server %s', async (_what, path, words) => {
    const url = path === '' ? 'http://127.0.0.1:9/' : `${address}${path}`;
    const played = await runIn(project(`    - debug: {msg: "{{ lookup('url', '${url}') }}"}\n`));
    expect(resultsOf(played)[0]).toMatchObject({ status: 'failed', message: expect.stringMatching(words) });
  });
});
