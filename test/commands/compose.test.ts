import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;
let repositories: string;

beforeAll(async () => {
  practice = await practise();
  repositories = mkdtempSync(join(tmpdir(), 'stars-compose-'));
  commit('web', { 'tasks/main.yml': '- {name: One, debug: {msg: one}}\n', 'files/run.sh': '#!/bin/sh\n' });
  git('web', 'tag', '-a', 'v1.0', '-m', 'One');
  commit('web', { 'tasks/main.yml': '- {name: Two, debug: {msg: two}}\n' });
  git('web', 'branch', 'stable');
  symlinkSync('run.sh', join(repositories, 'web', 'files', 'link'));
  chmodSync(join(repositories, 'web', 'files', 'run.sh'), 0o755);
  commit('web', {});
  git('web', 'branch', 'linked');
  commit('db', { 'tasks/main.yml': '- {name: Db, debug: {msg: db}}\n' });
});
beforeEach(() => rmSync(roles(), { recursive: true, force: true }));
afterAll(async () => {
  await practice.stop();
  rmSync(repositories, { recursive: true });
});

const roles = (...names: string[]) => join(practice.home, 'stack', 'roles', ...names);
const requirements = (text: string) => practice.write('stack/requirements.yml', text.replaceAll('@', repositories));

function git(name: string, ...words: string[]): string {
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', ['-C', join(repositories, name), ...author, ...words], { encoding: 'utf8' }).trim();
}

function commit(name: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repositories, name, file)), { recursive: true });
    writeFileSync(join(repositories, name, file), text);
  }
  if (!existsSync(join(repositories, name, '.git'))) git(name, 'init', '--quiet');
  git(name, 'add', '-A');
  git(name, 'commit', '--quiet', '-m', 'A change');
  return git(name, 'rev-parse', 'HEAD');
}

const tasksOf = (role: string) => readFileSync(roles(role, 'tasks', 'main.yml'), 'utf8');

test('roles are fetched at a tag, a branch and a commit, and a second time stay as pinned', async () => {
  const head = git('web', 'rev-parse', 'HEAD');
  requirements(`
- {src: "file://@/web", scm: git, version: v1.0, name: web-tag}
- {src: "git+file://@/web", version: stable, name: web-branch}
- {src: "@/web", scm: git, version: ${head}, name: web.commit}
- {src: "@/db", scm: git}
`);
  const { status, out } = await practice.type('compose');
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('4 roles: 4 fetched, 0 as pinned.') });
  expect(out).toContain('note: db is not pinned');
  expect(
    [tasksOf('web-tag'), tasksOf('web-branch'), tasksOf('web.commit'), tasksOf('db')].map((text) => text.slice(9, 12)),
  ).toEqual(['One', 'Two', 'Two', 'Db,']);
  expect(readdirSync(roles()).sort()).toEqual(['.composed.json', 'db', 'web-branch', 'web-tag', 'web.commit']);
  expect(existsSync(roles('db', '.git'))).toBe(false);
  expect(JSON.parse(readFileSync(roles('.composed.json'), 'utf8'))).toMatchObject({ 'web.commit': { commit: head } });
  expect((await practice.type('compose')).out).toContain('4 roles, as pinned.');
  const deployed = await practice.type('deploy', 'role:web-tag', 'sandbox', '--limit', 'stars-c3');
  expect(deployed.out).toContain('web-tag : One: one');
});

test('a branch that moved, or another version, brings the new files', async () => {
  requirements(
    'roles: [{src: "@/db", scm: git, version: main}]\ncollections: [community.general, {name: some.other}]\n',
  );
  await practice.type('compose');
  commit('db', { 'tasks/main.yml': '- {name: New, debug: {msg: new}}\n' });
  const { out } = await practice.type('compose');
  expect(out).toContain('1 role: 1 fetched, 0 as pinned.');
  expect(tasksOf('db')).toContain('New');
  expect(out).toMatch(/The collection community.general is not fetched.*Stars itself runs .*ini_file/);
  expect(out).toContain(
    'The collection some.other is not fetched, since hosts need no Python: Stars runs none of its modules.',
  );
});

test('what somebody changed here is kept unless --force says otherwise', async () => {
  requirements('[{src: "@/web", scm: git, version: v1.0}]');
  await practice.type('compose');
  practice.write('stack/roles/web/tasks/main.yml', '[]\n');
  requirements('[{src: "@/web", scm: git, version: stable}]');
  const { status, error } = await practice.type('compose');
  expect({ status, error }).toEqual({ status: 2, error: expect.stringContaining('was changed since it was fetched') });
  expect(tasksOf('web')).toBe('[]\n');
  expect((await practice.type('compose', '--force')).status).toBe(0);
  expect(tasksOf('web')).toContain('Two');
});

test('a role of somebody else is not replaced', async () => {
  practice.write('stack/roles/web/tasks/main.yml', '[]\n');
  requirements('[{src: "@/web", scm: git, version: v1.0}]');
  expect(await practice.type('compose')).toMatchObject({
    status: 2,
    error: expect.stringContaining('was not fetched by compose'),
  });
  expect(tasksOf('web')).toBe('[]\n');
});

test('included files of the stack count', async () => {
  practice.write('stack/more/roles.yml', `- {src: "${repositories}/db", scm: git}\n`);
  requirements('- include: more/roles.yml\n');
  expect((await practice.type('compose')).status).toBe(0);
  expect(existsSync(roles('db'))).toBe(true);
});

test('of a tag and a branch of one name the tag is meant, and a commit may be shortened', async () => {
  git('web', 'branch', 'both');
  git('web', 'tag', 'both', 'v1.0^{}');
  requirements(`
- {src: "@/web", scm: git, version: both, name: tag}
- git+file://@/web,${git('web', 'rev-parse', '--short', 'v1.0^{}')},short
- {role: "git+file://@/web", version: stable, name: branch}
`);
  expect((await practice.type('compose')).status).toBe(0);
  expect(['tag', 'short', 'branch'].map((name) => tasksOf(name).slice(9, 12))).toEqual(['One', 'One', 'Two']);
  expect((await practice.type('compose')).out).toContain('3 roles, as pinned.');
});

test('a role that is pinned to a commit needs its repository once; another repository is fetched though it has the same commit', async () => {
  cpSync(join(repositories, 'web'), join(repositories, 'copy'), { recursive: true });
  const pinned = (name: string) =>
    requirements(`- {src: "@/${name}", scm: git, version: ${git('web', 'rev-parse', 'HEAD')}, name: web}\n`);
  pinned('web');
  await practice.type('compose');
  pinned('copy');
  expect((await practice.type('compose')).out).toContain('1 role: 1 fetched');
  rmSync(join(repositories, 'copy'), { recursive: true });
  expect(await practice.type('compose')).toMatchObject({ status: 0, out: expect.stringContaining('as pinned') });
});

test.each([
  ['a file that may be run now', () => chmodSync(roles('web', 'tasks', 'main.yml'), 0o755)],
  ['a file that may not be run any more', () => chmodSync(roles('web', 'files', 'run.sh'), 0o644)],
  ['a link that leads elsewhere', () => relink(roles('web', 'files', 'link'), 'elsewhere')],
  ['a new folder', () => mkdirSync(roles('web', 'vars'))],
])('%s is a change that is kept', async (_title, change) => {
  requirements('[{src: "@/web", scm: git, version: linked}]');
  await practice.type('compose');
  change();
  requirements('[{src: "@/web", scm: git, version: v1.0}]');
  expect((await practice.type('compose')).error).toContain('was changed since it was fetched');
});

function relink(path: string, to: string): void {
  rmSync(path);
  symlinkSync(to, path);
}

test('a login in an address fetches the role, and stands neither in the record nor in what is said', async () => {
  git('web', 'update-server-info');
  const served = createServer(({ url, headers }, response) => {
    const file = join(repositories, new URL(url ?? '', 'http://any').pathname);
    const known = headers.authorization === `Basic ${Buffer.from('ada:tell-nobody').toString('base64')}`;
    if (!known) response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end();
    else if (existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(served, 'listening');
  const { port } = served.address() as AddressInfo;
  const src = `http://ada:tell-nobody@127.0.0.1:${port}/web/.git`;
  practice.write('stack/requirements.yml', `- {src: "${src}", scm: git, version: v1.0, name: web}\n`);
  const [first, second] = [await practice.type('compose'), await practice.type('compose')];
  served.close();
  expect([first.status, second.out]).toEqual([0, expect.stringContaining('1 role, as pinned.')]);
  expect(readFileSync(roles('.composed.json'), 'utf8') + first.out + second.out).not.toContain('nobody');
});

test('files that include each other are refused', async () => {
  practice.write('stack/more/roles.yml', '- include: ../requirements.yml\n');
  requirements('- include: more/roles.yml\n');
  expect((await practice.type('compose')).error).toContain('include each other in a circle');
});

const LONELY = 'src: https://github.com/<owner>/<role>.git';
test.each([
  ['a name on Galaxy', '- geerlingguy.docker\n', 'requirements.yml:1', LONELY],
  ['a name on Galaxy with a version', '- {name: geerlingguy.docker, version: "1.0"}\n', 'Ansible Galaxy', LONELY],
  ['an archive', '- src: https://example.org/role.tar.gz\n', 'is an archive', LONELY],
  ['another kind of repository', '- {src: "https://example.org/role", scm: hg}\n', 'not with hg'],
  ['a page that may be anything', '- src: https://example.org/role\n', 'cannot tell what to fetch'],
  ['a name that leads elsewhere', '- {src: "@/db", scm: git, name: ../../db}\n', 'cannot be called'],
  ['an address that is an option', '- {src: "--upload-pack=touch /tmp/x", scm: git}\n', 'git is not asked to fetch'],
  ['a helper program as address', '- {src: "ext::sh -c true", scm: git}\n', 'git is not asked to fetch'],
  ['a host that is an option', '- {src: "ssh://-oProxyCommand=true/x", scm: git}\n', 'git is not asked to fetch'],
  ['a version that is an option', '- {src: "@/db", scm: git, version: --help}\n', 'is no version'],
  ['a version that is a number', '- {src: "@/db", scm: git, version: 1.10}\n', 'Put it in quotes'],
  [
    'a version that is not there',
    '- {src: "@/web", scm: git, version: v9}\n',
    'has no tag or branch v9',
    'It has',
    'v1.0',
  ],
  [
    'a commit that is not there',
    '- {src: "@/web", scm: git, version: 0123456789abcdef0123456789abcdef01234567}\n',
    'git checkout failed',
  ],
  ['a repository that is not there', '- {src: "file:///nowhere/at/all", scm: git}\n', 'git ls-remote failed'],
  ['two roles of one name', '- {src: "@/db", scm: git}\n- {src: "@/db", scm: git}\n', 'Two roles'],
  ['an include that leads elsewhere', '- include: ../../other.yml\n', 'not one of the stack'],
  ['a file that is no list', 'just words\n', 'list of roles'],
])('%s is refused, and nothing is left behind', async (_title, text, ...says) => {
  requirements(text);
  const { status, error } = await practice.type('compose');
  expect(status).toBe(2);
  for (const piece of says) expect(error).toContain(piece);
  expect(existsSync(roles()) ? readdirSync(roles()) : []).toEqual([]);
});

test('a stack without requirements says what to write', async () => {
  rmSync(join(practice.home, 'stack', 'requirements.yml'));
  expect(await practice.type('compose')).toMatchObject({
    status: 2,
    error: expect.stringContaining('Write the roles into it'),
  });
});
