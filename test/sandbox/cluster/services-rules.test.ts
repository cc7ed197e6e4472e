import { readFileSync } from 'node:fs';
import { asker, at, startPractice, type Answer, type Practice } from './support.js';

let practice: Practice;
beforeEach(async () => {
  practice = await startPractice();
});
afterEach(() => practice.stop());

type Name = keyof Practice['urls']['services'];
const ask =
  (name: Name) =>
  (...args: Parameters<Practice['marathon']>) =>
    asker(practice.urls.services[name])(...args);

async function inTurn(calls: (() => Promise<Answer>)[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const call of calls) {
    const { status, data } = await call();
    seen.push([status, data]);
  }
  return seen;
}

describe('Zeppelin', () => {
  const zeppelin = ask('zeppelin');
  const states = async (note: string) =>
    (at((await zeppelin('GET', `/api/notebook/job/${note}`)).data, 'body') as { status: string }[]).map(
      ({ status }) => status,
    );

  test('runs the paragraphs of a note, once at a time, and stops them', async () => {
    expect(await states('2A94M5J1Z')).toEqual(['READY', 'READY']);
    expect((await zeppelin('POST', '/api/notebook/job/2A94M5J1Z')).status).toBe(200);
    expect(await states('2A94M5J1Z')).toEqual(['RUNNING', 'RUNNING']);
    expect((await zeppelin('POST', '/api/notebook/job/2A94M5J1Z')).status).toBe(412);
    expect((await zeppelin('DELETE', '/api/notebook/job/2A94M5J1Z')).status).toBe(200);
    expect(await states('2A94M5J1Z')).toEqual(['ABORT', 'ABORT']);
    await zeppelin('POST', '/api/notebook/job/2BWJFTXKJ');
    await practice.clock.advance(2_000);
    expect(await states('2BWJFTXKJ')).toEqual(['FINISHED']);
    expect((await zeppelin('GET', '/api/notebook/job/none')).status).toBe(404);
  });

  test('stops the work of everybody in an interpreter that is restarted, and of nobody else', async () => {
    for (const note of ['2A94M5J1Z', '2BWJFTXKJ']) await zeppelin('POST', `/api/notebook/job/${note}`);
    const settings = at((await zeppelin('GET', '/api/interpreter/setting')).data, 'body') as {
      id: string;
      name: string;
    }[];
    const spark = settings.find(({ name }) => name === 'spark');
    expect((await zeppelin('PUT', `/api/interpreter/setting/restart/${spark?.id}`)).status).toBe(200);
    expect([await states('2A94M5J1Z'), await states('2BWJFTXKJ')]).toEqual([['ABORT', 'ABORT'], ['RUNNING']]);
    expect((await zeppelin('PUT', '/api/interpreter/setting/restart/none')).status).toBe(404);
    expect(practice.data.zeppelin.restarts).toEqual(['spark']);
  });

  test('lets nobody in without a login but tells its version; who logs out is told 401', async () => {
    practice.data.zeppelin.requireLogin({ username: 'ops', password: 'pw' });
    expect((await zeppelin('GET', '/api/version')).status).toBe(200);
    expect((await zeppelin('GET', '/api/notebook')).status).toBe(302);
    const form = (text: string) => zeppelin('POST', '/api/login', text);
    expect((await form('userName=ops&password=no')).status).toBe(403);
    const { headers } = await form('userName=ops&password=pw');
    const Cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    expect((await zeppelin('GET', '/api/notebook', undefined, { headers: { Cookie } })).status).toBe(200);
    expect((await zeppelin('POST', '/api/login/logout', undefined, { headers: { Cookie } })).status).toBe(401);
    expect((await zeppelin('GET', '/api/notebook', undefined, { headers: { Cookie } })).status).toBe(302);
  });
});

describe('Livy', () => {
  const livy = ask('livy');

  test('starts a session, lets it work, and deletes it', async () => {
    const made = await livy('POST', '/sessions', { kind: 'pyspark' });
    expect([made.status, made.headers['location'], at(made.data, 'state')]).toEqual([201, '/sessions/0', 'starting']);
    await practice.clock.advance(1_500);
    await livy('POST', '/sessions/0/statements', { code: '1 + 1' });
    expect((await livy('GET', '/sessions/0/state')).data).toEqual({ id: 0, state: 'busy' });
    await practice.clock.advance(1_500);
    expect((await livy('GET', '/sessions/0/statements/0')).data).toMatchObject({
      state: 'available',
      output: { status: 'ok' },
    });
    expect(await inTurn([() => livy('DELETE', '/sessions/0'), () => livy('DELETE', '/sessions/0')])).toEqual([
      [200, { msg: 'deleted' }],
      [404, "Session '0' not found."],
    ]);
  });

  test('pages through its sessions and keeps batches apart', async () => {
    for (const state of ['idle', 'dead', 'busy'] as const) practice.data.livy.addSession(state);
    expect((await livy('GET', '/sessions?from=1&size=1')).data).toMatchObject({
      from: 1,
      total: 3,
      sessions: [{ state: 'dead' }],
    });
    expect((await livy('POST', '/batches', {})).status).toBe(400);
    expect((await livy('POST', '/batches', { file: '/jars/a.jar' })).status).toBe(201);
    expect((await livy('GET', '/batches')).data).toMatchObject({ total: 1 });
  });

  test('wants a header for changes where it is told to', async () => {
    practice.data.livy.protectAgainstCsrf(true);
    const id = practice.data.livy.addSession('dead');
    expect((await livy('DELETE', `/sessions/${id}`)).status).toBe(400);
    expect((await livy('DELETE', `/sessions/${id}`, undefined, { headers: { 'X-Requested-By': 'ops' } })).status).toBe(
      200,
    );
  });
});

describe('Blazegraph', () => {
  const blazegraph = ask('blazegraph');
  const Accept = 'application/sparql-results+json';
  const query = (namespace: string, text: string) =>
    blazegraph('GET', `/blazegraph/namespace/${namespace}/sparql`, undefined, {
      params: { query: text },
      headers: { Accept },
    });

  test('counts in a namespace that is there', async () => {
    const { data } = await query('kb', 'SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }');
    expect(data).toMatchObject({ head: { vars: ['n'] }, results: { bindings: [{ n: { value: '1204311' } }] } });
    expect((await query('none', 'ASK{}')).status).toBe(404);
    expect(String((await query('kb', 'nonsense')).data)).toContain('MalformedQueryException');
  });

  test('says nothing in its answer about its health', async () => {
    const { status, data } = await blazegraph('GET', '/blazegraph/status?health');
    expect([status, data]).toEqual([200, '']);
  });

  test('names its namespaces in RDF', async () => {
    const { data } = await blazegraph('GET', '/blazegraph/namespace', undefined, { headers: { Accept: 'text/plain' } });
    expect(String(data).trim().split('\n')).toHaveLength(2);
    expect(
      (await blazegraph('GET', '/bigdata/namespace', undefined, { headers: { Accept: 'application/ld+json' } })).data,
    ).toHaveLength(2);
  });

  test('shows and cancels a query that runs', async () => {
    const id = practice.data.blazegraph.addQuery('SELECT <x>');
    const shown = () =>
      blazegraph('GET', '/blazegraph/status?showQueries', undefined, { headers: { Accept: 'text/html' } });
    expect((await shown()).data).toContain(id);
    await blazegraph('POST', `/blazegraph/status?cancelQuery&queryId=${id}`);
    expect((await shown()).data).not.toContain(id);
  });
});

describe('Spark', () => {
  const spark = ask('spark');

  test('tells running applications from completed ones, whose end alone is a real time', async () => {
    practice.data.spark.addApplication('nightly', { endMs: Date.parse('2017-09-04T16:00:00Z') });
    const names = async (suffix: string) =>
      ((await spark('GET', `/api/v1/applications${suffix}`)).data as { name: string }[]).map(({ name }) => name);
    expect([
      await names(''),
      await names('?status=running'),
      await names('?status=completed'),
      await names('?limit=1'),
    ]).toEqual([['Zeppelin', 'nightly'], ['Zeppelin'], ['nightly'], ['Zeppelin']]);
    expect((await spark('GET', '/api/v1/applications')).data).toMatchObject([
      { attempts: [{ completed: false, endTime: '1969-12-31T23:59:59.999GMT' }] },
      { attempts: [{ completed: true, endTime: '2017-09-04T16:00:00.000GMT' }] },
    ]);
  });

  test('has the failed stages of an application, with why', async () => {
    const stage = {
      stageId: 3,
      status: 'FAILED' as const,
      name: 'join',
      numFailedTasks: 4,
      failureReason: 'Job aborted',
    };
    const id = practice.data.spark.addApplication('broken', { stages: [stage] });
    expect((await spark('GET', `/api/v1/applications/${id}/stages?status=failed`)).data).toMatchObject([stage]);
    expect((await spark('GET', '/api/v1/applications/none/stages')).status).toBe(404);
  });

  test.each(['jobs', 'executors'])('has the fields of real %s', async (what) => {
    const [real] = JSON.parse(readFileSync(`test/fixtures/cluster/spark/${what}.json`, 'utf8')) as object[];
    const [ours] = (await spark('GET', `/api/v1/applications/app-20170904145544-0001/${what}`)).data as object[];
    const unended = ['completionTime'];
    expect(Object.keys(real ?? {}).filter((key) => !(key in (ours ?? {})) && !unended.includes(key))).toEqual([]);
  });
});

test('Lightning may want a login, as a proxy in front of it does', async () => {
  practice.control.requireLogin('lightning', { username: 'ops', password: 'pw' });
  expect((await ask('lightning')('GET', '/status')).status).toBe(401);
});
