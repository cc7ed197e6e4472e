import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createManualClock, systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { Secret } from '../../src/secret.js';
import { closeServers, failureOf, fixture, fixtureText, httpTo, serve } from './serve.js';

afterEach(closeServers);

const Name = z.object({ name: z.string() });
const HTML =
  '<!DOCTYPE html><html><head><title>502</title><style>b{}</style></head><body><h1>Bad Gateway</h1> nginx</body></html>';

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const SOON = { clock: systemClock, everyMs: 5, timeoutMs: 5_000 };

/** Speaks TLS to nobody: who says hello waits for ever, so that nothing that matters was ever sent. */
async function fullServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `https://127.0.0.1:${port}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('asking', () => {
  test('keeps the path prefix of a base URL, joins the query and repeats listed keys', async () => {
    const server = await serve(() => ({ body: { name: 'x', unknown: 1 } }));
    const http = httpTo(`${server.url}/marathon/`);
    await expect(
      http.get('/v2/apps', Name, { query: { embed: ['a', 'b'], force: true, none: undefined } }),
    ).resolves.toEqual({ name: 'x' });
    expect(server.seen[0]?.url).toBe('/marathon/v2/apps?embed=a&embed=b&force=true');
    expect(server.seen[0]?.headers.accept).toBe('application/json');
  });

  test('sends a body as JSON with the verb it was asked for', async () => {
    const server = await serve(() => ({ body: { name: 'x' } }));
    await httpTo(server.url).patch('/v2/apps/x', Name, { body: { instances: 2 } });
    expect(server.seen[0]).toMatchObject({ method: 'PATCH', body: '{"instances":2}' });
    expect(server.seen[0]?.headers['content-type']).toBe('application/json');
  });

  test('logs in by basic auth, also with the login of the URL, and shows it nowhere', async () => {
    const server = await serve(() => ({ status: 401, body: { message: 'no' } }));
    const error = await failureOf(httpTo(`http://bob:s3cret@127.0.0.1:${server.port}`).get('/x', Name));
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('bob:s3cret').toString('base64')}`);
    expect(error).toMatchObject({ code: 'API_REFUSED' });
    expect(`${error.message}${error.hint}`).not.toContain('s3cret');
  });

  test('takes a bare % in the login of a URL for that character', async () => {
    const server = await serve(() => ({ body: { name: 'x' } }));
    await httpTo(`http://bob:50%@127.0.0.1:${server.port}`).get('/x', Name);
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('bob:50%').toString('base64')}`);
  });

  test('sends whole numbers beyond 2^53 with every digit', async () => {
    const server = await serve(() => ({ body: { name: 'x' } }));
    await httpTo(server.url).post('/x', Name, { body: { at: 1_504_533_622_726_000_001n, text: '"7"' } });
    expect(server.seen[0]?.body).toBe('{"at":1504533622726000001,"text":"\\"7\\""}');
  });

  test('takes the empty body of a 202 for nothing', async () => {
    const server = await serve(() => ({ status: 202 }));
    await expect(httpTo(server.url).delete('/v2/deployments/x', z.undefined())).resolves.toBeUndefined();
  });

  test.each(['ftp://x', 'marathon:8080', 'not a url', 'http://h/?a=1'])('refuses the address %s', (address) => {
    expect(() => httpTo(address)).toThrow(/address of Marathon/);
  });
});

describe('several instances', () => {
  test('asks the next one when the first refuses the connection, and stays with it', async () => {
    const server = await serve(() => ({ body: { name: 'second' } }));
    const http = httpTo([`http://127.0.0.1:${await closedPort()}`, server.url]);
    await http.get('/x', Name);
    await expect(http.get('/x', Name)).resolves.toEqual({ name: 'second' });
  });

  test('asks the next one after a 503', async () => {
    const busy = await serve(() => ({ status: 503, body: HTML, headers: { 'Content-Type': 'text/html' } }));
    const good = await serve(() => ({ body: { name: 'good' } }));
    await expect(httpTo([busy.url, good.url]).get('/x', Name)).resolves.toEqual({ name: 'good' });
  });

  test('names every instance and its reason when none answers', async () => {
    const busy = await serve(() => ({ status: 502, body: 'Detected proxying loop.' }));
    const port = await closedPort();
    const query = { embed: ['apps.counts', 'apps.deployments'] };
    const error = await failureOf(httpTo([busy.url, `http://127.0.0.1:${port}`]).get('/x', Name, { query }));
    expect(error.message).not.toContain('embed');
    expect(error).toMatchObject({ code: 'API_UNREACHABLE' });
    expect(error.message).toContain(`${busy.url}/x answers 502: "Detected proxying loop."`);
    expect(error.message).toContain(`http://127.0.0.1:${port}/x refused the connection`);
  });

  test('never sends a change again that may have happened', async () => {
    const busy = await serve(() => ({ status: 503 }));
    const other = await serve(() => ({ body: { name: 'x' } }));
    const error = await failureOf(httpTo([busy.url, other.url]).post('/v2/apps/x/restart', Name));
    expect(error).toMatchObject({ code: 'API_UNREACHABLE', hint: expect.stringContaining('may have happened') });
    expect(other.seen).toEqual([]);
  });

  test('sends a change to the next one when the first does not even take the connection in time', async () => {
    const clock = createManualClock();
    const other = await serve(() => ({ body: { name: 'x' } }));
    const full = await fullServer();
    const answer = httpTo([full.url, other.url], { clock, timeoutMs: 1_000 }).post('/x', Name);
    await poll(async () => clock.pending() > 0 || undefined, { ...SOON, what: 'The attempt' });
    await clock.advance(1_000);
    await expect(answer).resolves.toEqual({ name: 'x' });
    await full.stop();
  });

  test('sends a change to the next one when it never left', async () => {
    const other = await serve(() => ({ body: { name: 'x' } }));
    const http = httpTo([`http://127.0.0.1:${await closedPort()}`, other.url]);
    await expect(http.post('/x', Name)).resolves.toEqual({ name: 'x' });
  });
});

test.each(['post', 'put', 'delete'] as const)(
  'a %s that sends nothing says that it is JSON all the same',
  async (method) => {
    const server = await serve(() => ({ body: { name: 'x' } }));
    await httpTo([server.url])[method]('/x', Name);
    expect(server.seen[0]).toMatchObject({ body: '', headers: { 'content-type': 'application/json' } });
  },
);

describe('redirects', () => {
  test('follows a protocol-relative 307 to a known instance with method, body and login', async () => {
    const leader = await serve(() => ({ body: { name: 'leader' } }));
    const other = await serve((seen) => ({
      status: 307,
      headers: { Location: `//127.0.0.1:${leader.port}${seen.url}` },
    }));
    const auth = { username: 'bob', password: new Secret('s3cret') };
    const http = httpTo([other.url, leader.url], { auth });
    await expect(http.post('/x', Name, { body: { a: 1 } })).resolves.toEqual({ name: 'leader' });
    expect(leader.seen[0]).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(leader.seen[0]?.headers.authorization).toBeDefined();
  });

  test('does not take the login along to another call than the one asked for', async () => {
    const leader = await serve(() => ({ body: { name: 'leader' } }));
    const other = await serve(() => ({ status: 302, headers: { Location: `${leader.url}/else` } }));
    const http = httpTo([other.url, leader.url], { auth: { username: 'bob', password: new Secret('s3cret') } });
    await http.get('/x', Name);
    expect(leader.seen[0]?.url).toBe('/else');
    expect(leader.seen[0]?.headers.authorization).toBeUndefined();
  });

  test('goes to no host it does not know, and says which to add', async () => {
    const stranger = await serve(() => ({ body: { name: 'stranger' } }));
    const server = await serve((seen) => ({
      status: 307,
      headers: { Location: `//127.0.0.1:${stranger.port}${seen.url}` },
    }));
    const error = await failureOf(httpTo(server.url).get('/x', Name));
    expect(error.message).toContain('not one of its known addresses');
    expect(error.hint).toContain(stranger.url);
    expect(stranger.seen).toEqual([]);
  });

  test('takes along the query that Mesos leaves out of its redirects, and the login with it', async () => {
    const leader = await serve(() => ({ body: { name: 'leader' } }));
    const other = await serve(() => ({ status: 307, headers: { Location: `//127.0.0.1:${leader.port}/tasks` } }));
    const http = httpTo([other.url, leader.url], { auth: { username: 'bob', password: new Secret('s3cret') } });
    await http.get('/tasks', Name, { query: { limit: 5 } });
    expect(leader.seen[0]?.url).toBe('/tasks?limit=5');
    expect(leader.seen[0]?.headers.authorization).toBeDefined();
  });

  test('gives up on a circle', async () => {
    const server = await serve((seen) => ({ status: 302, headers: { Location: seen.url } }));
    expect((await failureOf(httpTo(server.url).get('/x', Name))).message).toContain('in circles');
  });
});

describe('TLS', () => {
  const tls = { key: fixtureText('tls/server.key'), cert: fixtureText('tls/server.pem') };
  const ca = fixtureText('tls/ca.pem');

  test('trusts the authority that it is told of', async () => {
    const server = await serve(() => ({ body: { name: 'safe' } }), tls);
    await expect(httpTo(server.url, { ca }).get('/x', Name)).resolves.toEqual({ name: 'safe' });
  });

  test('sends nothing to somebody whose certificate it cannot check, so that the next may be asked', async () => {
    const stranger = await serve(() => ({ body: { name: 'stranger' } }), tls);
    const other = await serve(() => ({ body: { name: 'other' } }));
    const error = await failureOf(httpTo(stranger.url).post('/x', Name));
    expect(error.message).toContain('has a certificate that is not trusted');
    expect(error.hint).not.toContain('may have happened');
    await expect(httpTo([stranger.url, other.url]).post('/x', Name)).resolves.toEqual({ name: 'other' });
    expect(stranger.seen).toEqual([]);
  });

  test('says that plain HTTP answers where TLS was meant', async () => {
    const plain = await serve(() => ({ body: { name: 'x' } }));
    const error = await failureOf(httpTo(plain.url.replace('http:', 'https:')).get('/x', Name));
    expect(error.message).toContain('does not speak TLS');
  });
});

describe('ugly answers', () => {
  test('says that HTML came instead of JSON, with its first words', async () => {
    const server = await serve(() => ({ body: HTML, headers: { 'Content-Type': 'text/html' } }));
    const error = await failureOf(httpTo(server.url).get('/v2/apps', Name));
    expect(error).toMatchObject({ code: 'API_ANSWER' });
    expect(error.message).toBe(
      `Marathon at ${server.url}/v2/apps answered with a web page instead of JSON: "502 Bad Gateway nginx".`,
    );
  });

  test('says where an answer has another shape', async () => {
    const server = await serve(() => ({ body: { apps: [{ id: '/a' }, { id: 7 }] } }));
    const error = await failureOf(
      httpTo(server.url).get('/v2/apps', z.object({ apps: z.array(z.object({ id: z.string() })) })),
    );
    expect(error.message).toContain('apps[1].id should be a text');
  });

  test('says that cut-off JSON is none', async () => {
    const server = await serve(() => ({ body: '{"name": "x' }));
    expect(await failureOf(httpTo(server.url).get('/x', Name))).toMatchObject({
      code: 'API_ANSWER',
      message: expect.stringContaining('not JSON'),
    });
  });

  test('takes an answer that breaks off for none at all', async () => {
    const server = await serve((_seen, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('{"name":');
      setImmediate(() => response.destroy());
      return undefined;
    });
    expect(await failureOf(httpTo(server.url).get('/x', Name))).toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringContaining('broke off'),
    });
  });

  test('reads no more than its limit of an answer that was packed small', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024, ' '));
    const server = await serve((_seen, response) => {
      response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': bomb.length }).end(bomb);
      return undefined;
    });
    const error = await failureOf(httpTo(server.url, { maxBytes: 1024 * 1024 }).get('/x', Name));
    expect(error).toMatchObject({ code: 'API_ANSWER', message: expect.stringContaining('more than 1 MB') });
  });

  test('reads an answer of 100 MB', async () => {
    const name = 'x'.repeat(99 * 1024 * 1024);
    const server = await serve(() => ({ body: `{"name":"${name}"}` }));
    const answer = await httpTo(server.url).get('/x', Name);
    expect(answer.name.length).toBe(name.length);
  });

  test.each([
    ['bytes that mean nothing', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ['a number alone', Buffer.from('7')],
    ['a very deep list', Buffer.from('['.repeat(50_000))],
    ['nothing', Buffer.alloc(0)],
  ])('says that %s is no answer', async (_what, bytes) => {
    const server = await serve((_seen, response) => {
      response.end(bytes);
      return undefined;
    });
    expect(await failureOf(httpTo(server.url).get('/x', Name))).toMatchObject({ code: 'API_ANSWER' });
  });

  test('can take an answer byte by byte', async () => {
    const server = await serve((_seen, response) => {
      response.end(Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc3, 0xff]), Buffer.from('"}')]));
      return undefined;
    });
    await expect(httpTo(server.url).get('/x', Name, { latin1: true })).resolves.toEqual({ name: '\u00c3\u00ff' });
  });

  test('reads no more than its limit', async () => {
    const server = await serve(() => ({ body: { name: 'x'.repeat(2 * 1024 * 1024) } }));
    const error = await failureOf(httpTo(server.url, { maxBytes: 1024 * 1024 }).get('/x', Name));
    expect(error).toMatchObject({ code: 'API_ANSWER', message: expect.stringContaining('more than 1 MB') });
  });

  test('ends an answer that trickles when its time is up', async () => {
    const clock = createManualClock();
    const trickling = new Promise<void>((resolve) => {
      void serve((_seen, response) => {
        response.write('{');
        resolve();
        return undefined;
      }).then(({ url }) => answers.push(failureOf(httpTo(url, { clock, timeoutMs: 5_000 }).get('/x', Name))));
    });
    const answers: Promise<Error>[] = [];
    await trickling;
    await clock.advance(4_999);
    expect(clock.pending()).toBe(1);
    await clock.advance(1);
    expect((await answers[0])?.message).toContain('gave no answer within 5 s');
    expect(clock.pending()).toBe(0);
  });

  test('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const server = await serve(() => {
      abort.abort();
      return undefined;
    });
    expect(await failureOf(httpTo(server.url).get('/x', Name, { signal: abort.signal }))).toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('says that something other than HTTP answers', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.end('imok\r\n\r\n')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const error = await failureOf(httpTo(`http://127.0.0.1:${port}`).get('/x', Name));
    await new Promise((resolve) => server.close(resolve));
    expect(error.message).toContain('does not speak HTTP');
  });
});

describe('refusals', () => {
  const refused = async (status: number, body: unknown, method: 'get' | 'post' = 'get') => {
    const server = await serve(() => ({ status, body }));
    return failureOf(httpTo(server.url)[method]('/x', Name));
  };

  test.each([
    [
      'details in a list',
      422,
      { message: 'Object is not valid', details: [{ path: '/cpus', errors: ['is less than 0', 'is odd'] }] },
      'refused (422): Object is not valid: /cpus is less than 0, is odd.',
    ],
    [
      'details in a text',
      400,
      { message: 'Invalid JSON', details: 'Unexpected character\n at [Source: x]' },
      'refused (400): Invalid JSON: Unexpected character.',
    ],
    ['a text', 400, 'Job not found\njava.lang.Exception\n  at x', 'refused (400): Job not found.'],
    ['nothing', 400, undefined, 'refused (400).'],
    [
      'JSON inside a JSON text',
      404,
      '"{\\"message\\":\\"Pod \'/x\' does not exist\\"}"',
      "refused (404): Pod '/x' does not exist.",
    ],
    [
      'a captured 422',
      422,
      fixture('marathon/error-422-invalid-group.json'),
      'Object is not valid: /group.id.map(_.toPath) Path needs to be top-level.',
    ],
    [
      'a captured 409 without deployments',
      409,
      fixture('marathon/error-409-group-conflict.json'),
      'refused (409): Group /test is already created. Use PUT to change this group.',
    ],
  ])('puts a refusal with %s into one sentence', async (_title, status, body, words) => {
    const error = await refused(status, body);
    expect(error).toMatchObject({ code: 'API_REFUSED' });
    expect(error.message).toContain(words);
  });

  test('names the deployments that lock an app', async () => {
    const message =
      "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.";
    const error = await refused(409, { message, deployments: [{ id: 'one' }, { id: 'two' }] }, 'post');
    expect(error).toMatchObject({ code: 'APP_LOCKED', hint: expect.stringContaining('--force') });
    expect(error.message).toContain('locked by deployments one, two');
    expect(error.message).not.toContain('<DEPLOYMENT_ID>');
  });

  test('asks for a login after a 401', async () => {
    expect(await refused(401, '')).toMatchObject({
      code: 'API_REFUSED',
      hint: expect.stringContaining('environment.yml'),
    });
  });

  test('hides logins in what a service says about its own addresses', async () => {
    expect((await refused(400, { message: 'lost zk://bob:s3cret@h:2181/x' })).message).toContain(
      'zk://[REDACTED]@h:2181/x',
    );
  });
});
