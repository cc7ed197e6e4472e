import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { modules } from '../../../src/provision/modules/index.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

let server: Server;
let url: string;
beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url === '/aged' && Date.parse(request.headers['if-modified-since'] ?? '') > Date.parse('2020-01-01'))
      return response.writeHead(304).end();
    if (request.url === '/missing') return response.writeHead(404).end();
    if (request.url === '/json')
      return response
        .setHeader('content-type', 'application/json')
        .end(`{"method": "${request.method}", "n": [1, null]}`);
    if (request.url === '/sums')
      return response.end(
        `${'0'.repeat(64)}  other\n7509e5bda0c762d2bac7f90d758b5b2263fa01ccbc542ab5e3df163be08e6ca9  tool\n`,
      );
    return response.end(request.headers['x-token'] === 'secret' ? 'with token' : 'hello world!');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

describe.each(shells())('with %s as the shell of the host', (...words) => {
  let host: LocalHost;
  beforeEach(() => {
    host = localHost({ shell: words.filter((word) => typeof word === 'string') });
  });
  afterEach(() => host.remove());
  const apply = (name: string, args: Record<string, unknown>) => {
    const definition = modules.get(name);
    if (!definition) throw new Error(name);
    return host.apply(definition, args);
  };
  const at = (name: string) => join(host.folder, name);

  test('get_url downloads once, checks sums and keeps quiet about what is the same', async () => {
    const args = { url: `${url}/tool`, dest: host.folder, mode: '0755', checksum: `sha256:${url}/sums` };
    expect(await apply('get_url', args)).toMatchObject({ changed: true, dest: at('tool'), mode: '0755', size: 12 });
    expect(await apply('get_url', args)).toMatchObject({ changed: false });
    expect(await apply('get_url', { url: `${url}/tool`, dest: at('tool'), force: 'yes' })).toMatchObject({
      changed: false,
    });
    expect(await apply('get_url', { url: `${url}/x`, dest: at('x'), checksum: 'md5:00' })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('did not match 00'),
    });
    expect(await apply('get_url', { url: `${url}/missing`, dest: at('y') })).toMatchObject({ failed: true });
    expect((await host.run('ls -A')).stdout).toBe('tool\n');
  });

  test('get_url fetches a file that is there again only when the server has a newer one', async () => {
    const args = { url: `${url}/aged`, dest: at('aged') };
    writeFileSync(at('aged'), 'mine');
    expect(await apply('get_url', args)).toMatchObject({ changed: false, status_code: 304, size: 4 });
    expect(readFileSync(at('aged'), 'utf8')).toBe('mine');
    await host.run(`touch -t 201001010000 ${at('aged')}`);
    expect(await apply('get_url', args)).toMatchObject({ changed: true, status_code: 200, size: 12 });
    writeFileSync(at('aged'), 'mine');
    expect(await apply('get_url', { ...args, force: true })).toMatchObject({ changed: true, size: 12 });
    expect((await host.run('ls -A')).stdout).toBe('aged\n');
  });

  test('unarchive gives what is unpacked already its permissions, and takes nothing when a wanted name is missing', async () => {
    mkdirSync(at('t'));
    mkdirSync(at('out'));
    writeFileSync(at('t/x'), '1');
    writeFileSync(at('t/y'), '2');
    await host.run(`tar -C ${at('t')} -czf ${at('a.tgz')} x y`);
    const args = { src: at('a.tgz'), dest: at('out'), remote_src: true };
    expect(await apply('unarchive', { ...args, include: ['x', 'none'] })).toMatchObject({ failed: true });
    expect((await host.run('ls -A out')).stdout).toBe('');
    expect(await apply('unarchive', args)).toMatchObject({ changed: true });
    expect(await apply('unarchive', { ...args, mode: '0600' })).toMatchObject({ changed: true });
    expect((await host.run('stat -c %a out/x out/y')).stdout).toBe('600\n600\n');
    expect(await apply('unarchive', { ...args, mode: '0600' })).toMatchObject({ changed: false });
  });

  test('find looks below hidden folders, counts what it looked at and tells what is no folder', async () => {
    mkdirSync(at('d/.hidden/deep'), { recursive: true });
    writeFileSync(at('d/.hidden/in'), '');
    writeFileSync(at('d/.hidden/deep/low'), '');
    const args = { paths: [at('d'), at('none')], recurse: true, depth: 2 };
    const found = await apply('find', args);
    expect(found).toMatchObject({ matched: 1, examined: 4, msg: expect.stringContaining('Not all paths') });
    expect([...(found.skipped_paths as Map<string, string>).keys()]).toEqual([at('none')]);
  });

  test('wait_for tells the groups of what it found', async () => {
    writeFileSync(at('log'), 'begun\nid=5 done\n');
    expect(
      await apply('wait_for', { path: at('log'), search_regex: String.raw`id=(\d+) (?P<how>\w+)`, timeout: 5 }),
    ).toMatchObject({ match_groups: ['5', 'done'], match_groupdict: new Map([['how', 'done']]), state: 'file' });
  });

  (existsSync('/usr/bin/wget') ? test : test.skip)(
    'get_url goes without curl where wget can do it, and says where it cannot',
    async () => {
      await host.run('mkdir programs; ln -s /bin/* /usr/bin/* programs 2>/dev/null; rm -f programs/curl');
      const shell = words.filter((word) => typeof word === 'string');
      const bare = localHost({ shell, environment: { PATH: at('programs') } });
      const definition = modules.get('get_url');
      if (!definition) throw new Error('get_url');
      const get = (path: string, args: Record<string, unknown> = {}) =>
        bare.apply(definition, { url: `${url}/${path}`, dest: join(bare.folder, path), ...args });
      expect(await get('tool', { checksum: `sha256:${url}/sums` })).toMatchObject({ changed: true, size: 12 });
      expect(await get('aged')).toMatchObject({ changed: true, status_code: 200 });
      expect(await get('aged')).toMatchObject({ changed: false, status_code: 304 });
      expect(await get('missing')).toMatchObject({ failed: true, status_code: 404 });
      expect(await get('x', { client_cert: '/nowhere' })).toMatchObject({
        failed: true,
        msg: 'get_url needs curl on the host for client_cert',
      });
      expect((await bare.run('ls -A')).stdout).toBe('aged\ntool\n');
      bare.remove();
    },
  );

  test('get_url asks in check mode whether there is something to get', async () => {
    const checking = localHost({ checkMode: true });
    const definition = modules.get('get_url');
    if (!definition) throw new Error('get_url');
    const check = (path: string, args = {}) =>
      checking.apply(definition, { url: `${url}/${path}`, dest: at('x'), ...args });
    expect(await check('tool')).toMatchObject({ changed: true });
    expect(await check('missing')).toMatchObject({
      failed: true,
      status_code: 404,
      response: 'HTTP Error 404: Not Found',
    });
    expect(await check('tool', { url: 'http://127.0.0.1:9/' })).toMatchObject({
      failed: true,
      msg: 'Request failed: <urlopen error [Errno 111] Connection refused>',
    });
    expect((await host.run('ls -A')).stdout).toBe('');
    checking.remove();
  });

  test('get_url sends headers, given as text too', async () => {
    await apply('get_url', { url: `${url}/tool`, dest: at('t'), headers: 'X-Token:secret' });
    expect(readFileSync(at('t'), 'utf8')).toBe('with token');
  });

  test('unarchive unpacks what differs, from the host and from this side', async () => {
    mkdirSync(at('t/s'), { recursive: true });
    mkdirSync(at('out'));
    mkdirSync(at('out2'));
    writeFileSync(at('t/s/x'), '1');
    await host.run(`tar -C ${at('t')} -czf ${at('a.tgz')} s`);
    const args = { src: at('a.tgz'), dest: at('out'), copy: 'no', list_files: true };
    expect(await apply('unarchive', args)).toMatchObject({ changed: true, files: ['s/', 's/x'] });
    expect(await apply('unarchive', args)).toMatchObject({ changed: false });
    expect(
      await apply('unarchive', { src: 'a.tgz', dest: at('out2'), extra_opts: '--strip-components=1' }),
    ).toMatchObject({ changed: true });
    expect(readFileSync(at('out2/x'), 'utf8')).toBe('1');
    expect(await apply('unarchive', { ...args, dest: at('nope') })).toMatchObject({
      failed: true,
      msg: `dest '${at('nope')}' must be an existing dir`,
    });
    expect(await apply('unarchive', { ...args, creates: at('out/s') })).toMatchObject({ skipped: true });
  });

  test('find, slurp and replace read and edit files', async () => {
    writeFileSync(at('a.log'), 'one\r\ntwo\n');
    writeFileSync(at('.b.log'), '');
    expect(await apply('find', { paths: host.folder, patterns: '*.log' })).toMatchObject({ matched: 1, examined: 2 });
    expect(await apply('slurp', { src: at('a.log') })).toMatchObject({
      content: Buffer.from('one\r\ntwo\n').toString('base64'),
    });
    expect(await apply('replace', { path: at('a.log'), regexp: '^(t)wo$', replace: '\\1hree' })).toMatchObject({
      changed: true,
      msg: '1 replacements made',
    });
    expect(readFileSync(at('a.log'), 'utf8')).toBe('one\r\nthree\n');
  });

  test('uri gives status, content and JSON, and says which status was not wanted', async () => {
    expect(
      await apply('uri', {
        url: `${url}/json`,
        method: 'POST',
        body: new Map([['a', 1]]),
        body_format: 'json',
        return_content: 'yes',
      }),
    ).toMatchObject({
      status: 200,
      changed: false,
      content: '{"method": "POST", "n": [1, null]}',
      json: new Map<string, unknown>([
        ['method', 'POST'],
        ['n', [1, null]],
      ]),
    });
    expect(await apply('uri', { url: `${url}/missing`, status_code: '200,404' })).toMatchObject({ status: 404 });
    expect(await apply('uri', { url: `${url}/missing` })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('Status code was 404 and not [200]'),
    });
  });

  test('wait_for sees a port, a file and its own end', async () => {
    const { port } = server.address() as AddressInfo;
    expect(await apply('wait_for', { port: String(port), timeout: 5 })).toMatchObject({ changed: false, port });
    expect(await apply('wait_for', { path: at('none'), state: 'absent', timeout: 5 })).toMatchObject({
      changed: false,
    });
    expect(await apply('wait_for', { path: at('none'), timeout: 0 })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('Timeout when waiting for'),
    });
  });

  test('yum_repository writes a section once and removes it with its file', async () => {
    const args = {
      name: 'epel',
      description: 'EPEL',
      baseurl: 'https://x/$releasever',
      gpgcheck: 'no',
      enabled: true,
      reposdir: host.folder,
    };
    expect(await apply('yum_repository', args)).toMatchObject({ changed: true });
    expect(readFileSync(at('epel.repo'), 'utf8')).toBe(
      '[epel]\nbaseurl = https://x/$releasever\nenabled = 1\ngpgcheck = 0\nname = EPEL\n\n',
    );
    expect(await apply('yum_repository', args)).toMatchObject({ changed: false });
    expect(await apply('yum_repository', { ...args, enabled: false })).toMatchObject({ changed: true });
    expect(await apply('yum_repository', { name: 'epel', state: 'absent', reposdir: host.folder })).toMatchObject({
      changed: true,
    });
    expect((await host.run('ls -A')).stdout).toBe('');
  });

  test('git clones a version, follows the branch and refuses to lose local changes', async () => {
    const identity =
      'export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=n GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=e;';
    await host.run(
      `${identity} git init -q -b main ${at('repo')} && cd ${at('repo')} && echo 1 >f && git add f && git commit -qm 1 && git tag v1 && echo 2 >f && git commit -qam 2`,
    );
    const args = { repo: at('repo'), dest: at('clone') };
    expect(await apply('git', { ...args, version: 'v1' })).toMatchObject({ changed: true });
    expect(readFileSync(at('clone/f'), 'utf8')).toBe('1\n');
    expect(await apply('git', { ...args, version: 'v1' })).toMatchObject({ changed: false });
    expect(await apply('git', { ...args, version: 'main' })).toMatchObject({ changed: true });
    expect(readFileSync(at('clone/f'), 'utf8')).toBe('2\n');
    writeFileSync(at('clone/f'), 'mine');
    expect(await apply('git', { ...args, version: 'v1' })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('Local modifications'),
    });
    expect(await apply('git', { ...args, version: 'v1', force: true })).toMatchObject({ changed: true });
  });
});
