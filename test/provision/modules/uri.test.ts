import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { uri } from '../../../src/provision/modules/uri.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

type Asked = { method: string; path: string; type: string | undefined; login: string | undefined; body: string };

let server: Server;
let url: string;
let asked: Asked[] = [];
let target = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      const { 'content-type': type, authorization: login } = request.headers;
      asked.push({ method: request.method ?? '', path: request.url ?? '', type, login, body });
      if (request.url === '/moved') return response.writeHead(302, { location: '/here' }).end();
      if (request.url === '/kept') return response.writeHead(307, { location: '/here' }).end();
      if (request.url === '/circle') return response.writeHead(302, { location: '/circle' }).end();
      if (request.url === '/away') return response.writeHead(302, { location: target }).end();
      if (request.url === '/gone') return response.writeHead(404, 'Not Here').end('no');
      response.setHeader('set-cookie', ['a=b; Path=/', 'c=d']);
      response.writeHead(200, { 'content-type': 'text/plain', 'x-foo-bar': 'baz' }).end('hello\n');
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe.each(shells())('with %s as the shell of the host', (...shell) => {
  let host: LocalHost;
  beforeEach(() => {
    asked = [];
    host = localHost({ shell: shell.filter((word) => typeof word === 'string') });
  });
  afterEach(() => host.remove());

  const at = (name: string) => join(host.folder, name);

  test('uri tells status, headers and cookies, and leaves nothing behind', async () => {
    const result = await host.apply(uri, { url: `${url}/a`, return_content: 'yes' });
    expect(result).toMatchObject({
      changed: false,
      status: 200,
      msg: 'OK (unknown bytes)',
      content: 'hello\n',
      content_type: 'text/plain',
      x_foo_bar: 'baz',
      cookies_string: 'a=b; c=d',
      redirected: false,
    });
    expect(result.cookies).toEqual(
      new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    );
    expect(readdirSync(host.folder)).toEqual([]);
  });

  test.each([
    [
      {
        body: new Map<string, unknown>([
          ['a', [1, 'x y']],
          ['b', true],
        ]),
        body_format: 'form-urlencoded',
      },
      'application/x-www-form-urlencoded',
      'a=1&a=x+y&b=True',
    ],
    [
      {
        body: [
          ['a', 'x&y'],
          ['a', 2],
        ],
        body_format: 'form-urlencoded',
      },
      'application/x-www-form-urlencoded',
      'a=x%26y&a=2',
    ],
    [{ body: new Map([['a', [1, null]]]), body_format: 'json' }, 'application/json', '{"a": [1, null]}'],
    [{ body: 'it\'s "quoted"\\\n', headers: { 'content-type': 'text/x' } }, 'text/x', 'it\'s "quoted"\\\n'],
  ])('uri sends %j as %s', async (args, type, body) => {
    const headers = 'headers' in args ? new Map(Object.entries(args.headers)) : undefined;
    await host.apply(uri, { url: `${url}/a`, method: 'POST', ...args, headers });
    expect(asked).toMatchObject([{ method: 'POST', type, body }]);
  });

  test('uri sends fields and files of a form, and files as they are', async () => {
    writeFileSync(at('blob'), Buffer.from([0, 255, 10]));
    const body = new Map<string, unknown>([
      ['plain', 'text'],
      [
        'note',
        new Map([
          ['content', 'x y'],
          ['filename', 'n.txt'],
        ]),
      ],
      ['file', new Map([['filename', at('blob')]])],
    ]);
    await host.apply(uri, { url, method: 'POST', body, body_format: 'form-multipart' });
    expect(asked[0]?.type).toMatch(/^multipart\/form-data; boundary="/);
    expect(asked[0]?.body).toContain('name="plain"\r\n\r\ntext\r\n--');
    expect(asked[0]?.body).toContain('name="note"; filename="n.txt"\r\n\r\nx y\r\n--');
    expect(asked[0]?.body).toContain('filename="blob"\r\n\r\nAP8K\r\n');
    writeFileSync(at('text'), 'as it is');
    for (const remote_src of ['yes', 'no']) await host.apply(uri, { url, method: 'PUT', src: at('text'), remote_src });
    expect(asked.slice(1).map(({ method, body: sent }) => [method, sent])).toEqual([
      ['PUT', 'as it is'],
      ['PUT', 'as it is'],
    ]);
    expect(readdirSync(host.folder).sort()).toEqual(['blob', 'text']);
  });

  test('uri puts an answer that was wanted into a file or folder with its permissions, and no other', async () => {
    mkdirSync(at('in'));
    const args = { url: `${url}/name?x=1`, dest: at('in'), mode: '0640', return_content: 'yes' };
    expect(await host.apply(uri, args)).toMatchObject({
      changed: true,
      path: at('in/name'),
      mode: '0640',
      content: 'hello\n',
    });
    expect(readFileSync(at('in/name'), 'utf8')).toBe('hello\n');
    expect(statSync(at('in/name')).mode & 0o777).toBe(0o640);
    expect(await host.apply(uri, { url: `${url}/gone`, dest: at('in/name') })).toMatchObject({
      failed: true,
      changed: false,
    });
    expect(readFileSync(at('in/name'), 'utf8')).toBe('hello\n');
    expect(readdirSync(at('in'))).toEqual(['name']);
  });

  test('uri follows a redirect of GET alone, unless it is told to', async () => {
    expect(await host.apply(uri, { url: `${url}/moved` })).toMatchObject({
      status: 200,
      redirected: true,
      url: `${url}/here`,
    });
    expect(await host.apply(uri, { url: `${url}/moved`, method: 'POST', body: 'a' })).toMatchObject({
      failed: true,
      status: 302,
    });
    await host.apply(uri, { url: `${url}/moved`, method: 'POST', body: 'a', follow_redirects: 'all' });
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /moved',
      'GET /here',
      'POST /moved',
      'POST /moved',
      'GET /here',
    ]);
  });

  test('uri words an error that was wanted as an error, and one that was not as a failure', async () => {
    expect(await host.apply(uri, { url: `${url}/gone`, status_code: '404' })).toMatchObject({
      changed: false,
      msg: 'HTTP Error 404: Not Here',
      body: 'no',
    });
    expect(await host.apply(uri, { url: `${url}/gone` })).toMatchObject({
      failed: true,
      msg: 'Status code was 404 and not [200]: HTTP Error 404: Not Here',
    });
  });

  test('uri logs in without showing the password to other processes', async () => {
    const args = { url, user: 'me', password: 'pa ss"\\' };
    const plan = await host.plan(uri, args);
    const script = plan.actions.map((action) => (action.kind === 'run' ? action.command.text : '')).join('');
    expect(script).toMatch(/\| \{ curl -sSv --globoff -K - -w '[^']*' 2>&1;/);
    const login = `Basic ${Buffer.from('me:pa ss"\\').toString('base64')}`;
    await host.apply(uri, args);
    await host.apply(uri, { ...args, force_basic_auth: 'yes' });
    expect(asked.map(({ login: sent }) => sent)).toEqual([undefined, login]);
  });

  test('uri keeps a login and headers that are meant for one request from another server', async () => {
    const elsewhere = createServer((request, response) => {
      const { authorization, cookie, 'x-once': once, 'x-always': always } = request.headers;
      response.end(JSON.stringify([authorization, cookie, once, always].map((value) => value ?? null)));
    });
    await new Promise<void>((settle) => elsewhere.listen(0, '127.0.0.1', settle));
    target = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    const headers = new Map([
      ['Cookie', 'a=b'],
      ['X-Once', '1'],
      ['X-Always', '2'],
    ]);
    const args = { user: 'me', password: 'secret', force_basic_auth: true, headers, unredirected_headers: ['x-once'] };
    const result = await host.apply(uri, { url: `${url}/away`, return_content: true, ...args });
    elsewhere.close();
    expect(asked[0]?.login).toMatch(/^Basic /);
    expect(result).toMatchObject({ status: 200, url: target, content: '[null,null,null,"2"]' });
  });

  test('uri never tells the password of ~/.netrc, which curl puts into addresses', async () => {
    const home = localHost({
      shell: shell.filter((word) => typeof word === 'string'),
      environment: { HOME: host.folder },
    });
    writeFileSync(at('.netrc'), 'machine 127.0.0.1 login me password secret', { mode: 0o600 });
    const result = await home.apply(uri, { url: `${url}/moved` });
    home.remove();
    expect(asked.map(({ login }) => login)).toEqual(
      Array(2).fill(`Basic ${Buffer.from('me:secret').toString('base64')}`),
    );
    expect(result).toMatchObject({ status: 200, url: `${url}/here` });
  });

  test('uri sends a body again where the redirect keeps the method, and else none', async () => {
    for (const path of ['/kept', '/moved']) {
      await host.apply(uri, { url: `${url}${path}`, method: 'PUT', body: 'a', follow_redirects: 'all' });
    }
    expect(asked.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
      'PUT /kept a',
      'PUT /here a',
      'PUT /moved a',
      'GET /here ',
    ]);
  });

  test('uri gives up on a redirect that leads to itself', async () => {
    expect(await host.apply(uri, { url: `${url}/circle` })).toMatchObject({ failed: true, status: 302 });
    expect(asked).toHaveLength(11);
  });
});
