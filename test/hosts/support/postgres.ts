import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../../src/secret.js';
import type { DatabaseSettings } from '../../../src/store/database.js';

/** A real PostgreSQL of Debian's package in a folder of its own, on a socket only: nothing listens on a port. Needs root, since it runs as `postgres`. */
export function startPostgres() {
  const binaries = newestBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'stars-postgres-'));
  chmodSync(folder, 0o755);
  execFileSync('chown', ['postgres', folder]);
  const data = join(folder, 'data');
  asPostgres([join(binaries, 'initdb'), '-D', data, '-A', 'trust', '--no-sync', '-E', 'UTF8']);
  const options = `-c listen_addresses='' -c unix_socket_directories=${folder} -c fsync=off`;
  asPostgres([join(binaries, 'pg_ctl'), '-D', data, '-w', '-l', join(folder, 'log'), '-o', options, 'start']);
  let databases = 0;

  return {
    /** The socket that it listens on. */
    socket: join(folder, '.s.PGSQL.5432'),
    freshDatabase(): { settings: DatabaseSettings; remove(): Promise<void> } {
      const name = `stars_${(databases += 1)}`;
      asPostgres([join(binaries, 'createdb'), '-h', folder, name]);
      const url = `postgresql://postgres@/${name}?host=${encodeURIComponent(folder)}`;
      return {
        settings: { databaseUrl: new Secret(url), dataFolder: folder },
        remove: async () => asPostgres([join(binaries, 'dropdb'), '-h', folder, '--force', name]),
      };
    },
    stop(): void {
      asPostgres([join(binaries, 'pg_ctl'), '-D', data, '-w', '-m', 'immediate', 'stop']);
      rmSync(folder, { recursive: true });
    },
  };
}

function asPostgres([program, ...words]: string[]): void {
  execFileSync('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', program ?? '', ...words], {
    stdio: 'pipe',
    cwd: '/',
    timeout: 60_000,
  });
}

function newestBinaries(): string {
  const root = '/usr/lib/postgresql';
  const version = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  if (!version) throw new Error('These tests need PostgreSQL: apt-get install postgresql');
  return join(root, version, 'bin');
}
