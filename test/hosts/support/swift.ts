import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Swift = { url: string; accessKeyId: string; secretAccessKey: string; stop(): Promise<void> };

const KINDS = ['account', 'container', 'object'] as const;
const READY_WITHIN_MS = 80_000;

/** OpenStack Swift of Debian with its S3 API, on loopback and on one disk folder. */
export async function startSwift(): Promise<Swift> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-swift-'));
  const etc = join(folder, 'etc');
  mkdirSync(join(folder, 'node', 'disk'), { recursive: true });
  mkdirSync(etc);
  const [cachePort, proxyPort, ...ports] = await freePorts(5);
  const write = (name: string, ...lines: string[]) => writeFileSync(join(etc, name), `${lines.join('\n')}\n`);
  const common = (port: number | undefined) => [
    '[DEFAULT]',
    'bind_ip = 127.0.0.1',
    `bind_port = ${port}`,
    'user = root',
    `swift_dir = ${etc}`,
    'workers = 0',
  ];
  write('swift.conf', '[swift-hash]', 'swift_hash_path_prefix = a', 'swift_hash_path_suffix = b');
  KINDS.forEach((kind, index) => {
    const disk = [`devices = ${join(folder, 'node')}`, 'mount_check = false'];
    write(
      `${kind}.conf`,
      ...common(ports[index]),
      ...disk,
      '[pipeline:main]',
      `pipeline = ${kind}-server`,
      `[app:${kind}-server]`,
      `use = egg:swift#${kind}`,
    );
    const ring = (...words: string[]) => execFileSync('swift-ring-builder', [join(etc, `${kind}.builder`), ...words]);
    ring('create', '4', '1', '0');
    ring('add', `r1z1-127.0.0.1:${ports[index]}/disk`, '1');
    ring('rebalance');
  });
  const filters = ['catch_errors', 'listing_formats', 's3api', 'copy', 'slo', 'dlo'].flatMap((name) => [
    `[filter:${name}]`,
    `use = egg:swift#${name}`,
  ]);
  write(
    'proxy.conf',
    ...common(proxyPort),
    '[pipeline:main]',
    'pipeline = catch_errors cache listing_formats s3api tempauth copy slo dlo proxy-server',
    '[app:proxy-server]',
    'use = egg:swift#proxy',
    'account_autocreate = true',
    '[filter:cache]',
    'use = egg:swift#memcache',
    `memcache_servers = 127.0.0.1:${cachePort}`,
    '[filter:tempauth]',
    'use = egg:swift#tempauth',
    'user_stars_backup = whisper .admin',
    ...filters,
  );
  const start = (program: string, ...words: string[]) => spawn(program, words, { stdio: 'ignore' });
  const processes = [
    start('memcached', '-u', 'nobody', '-l', '127.0.0.1', '-p', String(cachePort)),
    ...KINDS.map((kind) => start(`swift-${kind}-server`, join(etc, `${kind}.conf`))),
    start('swift-proxy-server', join(etc, 'proxy.conf')),
  ];
  const stop = async () => {
    await Promise.all(processes.map(ended));
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${proxyPort}`;
  // The proxy answers before those behind it do.
  const all = [...ports, proxyPort].map((port) => untilAnswers(`http://127.0.0.1:${port}`));
  await Promise.all(all).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, accessKeyId: 'stars:backup', secretAccessKey: 'whisper', stop };
}

async function untilAnswers(url: string): Promise<void> {
  const endMs = Date.now() + READY_WITHIN_MS;
  while (
    !(await fetch(url).then(
      () => true,
      () => false,
    ))
  ) {
    if (Date.now() > endMs) throw new Error('Swift did not start.');
    await new Promise((done) => setTimeout(done, 200));
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once('exit', () => done());
    child.kill('SIGKILL');
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
