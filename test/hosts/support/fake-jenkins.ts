import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type FakePlugin = { shortName: string; pinned: boolean; enabled: boolean };

/** What one Jenkins has, and who may ask it. */
export type JenkinsSetup = {
  plugins: readonly FakePlugin[];
  crumbs?: boolean;
  login?: string;
  /** Whether scripts are refused, so that plugins have to be downloaded. */
  noScripts?: boolean;
};

type Instance = { setup: JenkinsSetup; plugins: FakePlugin[]; home: string; posts: string[] };

/** Many Jenkins on one port, each below a path of its own; `/files/` holds plugins to download. */
export async function startFakeJenkins() {
  const instances = new Map<string, Instance>();
  const server = createServer((request, response) => void answer(request, response, instances));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    add(name: string, setup: JenkinsSetup, home: string) {
      instances.set(name, { setup, home, plugins: setup.plugins.map((plugin) => ({ ...plugin })), posts: [] });
    },
    /** What was sent to one of them, in order. */
    posts: (name: string) => instances.get(name)?.posts ?? [],
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, instances: ReadonlyMap<string, Instance>) {
  const { pathname } = new URL(request.url ?? '/', 'http://jenkins');
  const [, name = '', ...rest] = pathname.split('/');
  const path = rest.join('/');
  if (name === 'files') return path.includes('nope') ? end(response, 404) : end(response, 200, `content of ${path}`);
  const jenkins = instances.get(name);
  if (!jenkins || !mayAsk(request, jenkins)) return end(response, jenkins ? 401 : 404);
  if (request.method === 'GET') return get(response, path, jenkins);
  const body = Buffer.concat(await request.toArray()).toString();
  const inSession = request.headers['x-crumb'] === 'c1' && /session=s1/.test(request.headers.cookie ?? '');
  if (jenkins.setup.crumbs && !inSession) return end(response, 403);
  jenkins.posts.push(path);
  return end(response, post(path, new URLSearchParams(body).get('script') ?? '', jenkins));
}

function mayAsk({ headers }: IncomingMessage, { setup }: Instance): boolean {
  return setup.login === undefined || headers.authorization === `Basic ${Buffer.from(setup.login).toString('base64')}`;
}

function get(response: ServerResponse, path: string, { setup, plugins }: Instance) {
  if (path === 'api/json') return end(response, 200, JSON.stringify({ useCrumbs: setup.crumbs ?? false }));
  if (path === 'pluginManager/api/json') return end(response, 200, JSON.stringify({ plugins }));
  if (path !== 'crumbIssuer/api/json') return end(response, 404);
  response.setHeader('Set-Cookie', 'session=s1; Path=/');
  return end(response, 200, JSON.stringify({ crumb: 'c1', crumbRequestField: 'X-Crumb' }));
}

function post(path: string, script: string, jenkins: Instance): number {
  const [, name = '', verb = ''] = /^pluginManager\/plugin\/([^/]+)\/(\w+)$/.exec(path) ?? [];
  const plugin = jenkins.plugins.find(({ shortName }) => shortName === name);
  if (path === 'scriptText') return jenkins.setup.noScripts ? 500 : install(script, jenkins);
  if (!plugin) return 404;
  if (verb === 'doUninstall') jenkins.plugins = jenkins.plugins.filter((one) => one !== plugin);
  if (verb === 'pin' || verb === 'unpin') plugin.pinned = verb === 'pin';
  if (verb === 'makeEnabled' || verb === 'makeDisabled') plugin.enabled = verb === 'makeEnabled';
  return 200;
}

function install(script: string, jenkins: Instance): number {
  const name = /getPlugin\("([^"]+)"\)\s*\.deploy\(\)/.exec(script)?.[1];
  if (name === undefined) return 500;
  jenkins.plugins.push({ shortName: name, pinned: false, enabled: true });
  const file = `${jenkins.home}/plugins/${name}.jpi`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${name}, with what it needs: ${script.includes('getNeededDependencies')}`, { mode: 0o600 });
  return 200;
}

function end(response: ServerResponse, status: number, body = ''): void {
  response.writeHead(status).end(body);
}
