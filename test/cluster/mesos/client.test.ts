import { afterEach, describe, expect, test } from '@jest/globals';
import { createMesos } from '../../../src/cluster/mesos/client.js';
import { readTail } from '../../../src/cluster/mesos/files.js';
import { closeServers, failureOf, fixture, httpTo, routes, serve, type Handler } from '../serve.js';

afterEach(closeServers);

function mesosOf(urls: string[]) {
  return createMesos({
    http: httpTo(urls, { service: 'Mesos' }),
    httpToMaster: (url) => httpTo(url, { service: 'the Mesos master' }),
    httpTo: (service, url) => httpTo(url, { service }),
  });
}

/** `/files/read` as an agent has it: bytes, offset -1 for the size, 64 KiB at most. */
function files(content: Buffer): Handler {
  return ({ url }) => {
    const query = new URL(url, 'http://x').searchParams;
    const offset = Number(query.get('offset') ?? -1);
    if (query.get('path') !== '/sandbox/stderr') return { status: 404, body: 'File not found' };
    if (offset === -1) return { body: { data: '', offset: content.length } };
    const length = Math.min(Number(query.get('length') ?? 65_536), 65_536);
    return { body: { data: content.subarray(offset, offset + length).toString('utf8'), offset } };
  };
}

test('follows a master that does not lead to the one that does', async () => {
  const leader = await serve(routes({ '/state-summary': { body: fixture('mesos/state-summary.json') } }));
  const other = await serve(({ url }) => ({
    status: 307,
    headers: { Location: `//127.0.0.1:${leader.port}${url}` },
    body: '',
  }));
  const { agents, frameworks } = await mesosOf([other.url, leader.url]).stateSummary();
  expect(agents[0]).toMatchObject({ pid: 'slave(1)@10.0.1.108:5051', active: true, used: { mem: 4864 } });
  expect(frameworks.map(({ name }) => name)).toContain('cassandra');
});

test('takes the leader at its own address when the others send us to a name we do not know', async () => {
  const leader = await serve(routes({ '/slaves': { body: fixture('mesos/master-slaves.json') } }));
  const other = await serve(({ url }) => ({ status: 307, headers: { Location: `//master.example:5050${url}` } }));
  expect((await mesosOf([other.url, leader.url]).agents())[0]?.id).toBe('31fcae61-51a9-4ad1-8054-538503eb53a9-S6');
});

test('asks each master for itself, and keeps the error of one that is gone', async () => {
  const up = await serve(routes({ '/metrics/snapshot': { body: fixture('mesos/master-metrics-1.4.1.json') } }));
  const down = await serve(() => ({ status: 503, body: 'Master has not finished recovery' }));
  const [first, second] = await mesosOf([up.url, down.url]).eachMaster();
  expect(first?.answer).toMatchObject({ elected: true });
  expect(second?.answer).toMatchObject({ code: 'API_UNREACHABLE' });
});

describe('the log of a task', () => {
  const state = {
    frameworks: [
      {
        executors: [{ id: 'x.1', directory: '/sandbox', tasks: [] }],
        completed_executors: [{ id: 'x.1', directory: '/older' }],
      },
    ],
    completed_frameworks: null,
  };

  test('is read from the agent that the master names', async () => {
    const content = files(Buffer.from('one\ntwo\n'));
    const agent = await serve((seen, response) => (seen.url === '/state' ? { body: state } : content(seen, response)));
    const master = await serve(
      routes({
        '/slaves': { body: { slaves: [{ id: 'S1', pid: `slave(1)@127.0.0.1:${agent.port}`, hostname: 'c1' }] } },
      }),
    );
    const log = await mesosOf([master.url]).taskLog({ agentId: 'S1', taskId: 'x.1', stream: 'stderr' });
    expect(log).toEqual({ path: '/sandbox/stderr', text: 'one\ntwo\n', from: 0, size: 8 });
  });

  test('is found for live, completed and shared executors of captured agents', async () => {
    const agentOf = async (body: unknown) =>
      serve(routes({ '/state': { body }, '/files/read': { body: fixture('mesos/files-read.json') } }));
    const agent = await agentOf(fixture('mesos/agent-state-1.4.1.json'));
    const master = await serve(
      routes({ '/slaves': { body: { slaves: [{ id: 'S1', pid: `slave(1)@127.0.0.1:${agent.port}` }] } } }),
    );
    const logOf = (taskId: string) => mesosOf([master.url]).taskLog({ agentId: 'S1', taskId, stream: 'stdout' });
    expect((await logOf('dev_infra_mysql.b331f6c9-fb9e-11e7-ab4b-faf0633ea91f')).path).toMatch(
      /runs\/e14d7537-c1d0-4846-a076-25d623d6a70f\/stdout$/,
    );
    expect((await logOf('dev_infra_mongodb_mongodb1.2580925d-0129-11e8-9a03-6e85ded2ca1e')).path).toMatch(
      /runs\/1ec0d0bf-0f11-49ba-8a03-2cf954ad1cfe\/stdout$/,
    );
    expect(await failureOf(logOf('none'))).toMatchObject({
      code: 'API_ANSWER',
      message: expect.stringContaining('knows nothing of the task none'),
    });
  });

  test('says so when the agent is no longer there', async () => {
    const master = await serve(routes({ '/slaves': { body: { slaves: [] } } }));
    expect(
      (await failureOf(mesosOf([master.url]).taskLog({ agentId: 'S9', taskId: 'x', stream: 'stdout' }))).message,
    ).toContain('no longer knows the agent S9');
  });

  test('ends at the end of a large file, begins with a whole line and never inside a character', async () => {
    const content = Buffer.from(`${'ä'.repeat(200_000)}\nläst\n`);
    const agent = await serve(files(content));
    const tail = await readTail(httpTo(agent.url), '/sandbox/stderr', { bytes: 101 });
    expect(tail).toMatchObject({ text: 'läst\n', size: content.length });
  });

  test('says that Mesos has cleaned up', async () => {
    const agent = await serve(files(Buffer.from('')));
    expect((await failureOf(readTail(httpTo(agent.url), '/gone/stderr', {}))).message).toContain(
      'no longer has /gone/stderr',
    );
  });
});
