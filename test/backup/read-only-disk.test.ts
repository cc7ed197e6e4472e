import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { transformSync } from '@swc/core';
import { expect, test } from '@jest/globals';

// A disk can only be mounted where a namespace of one's own may be had.
const APART = ['--map-root-user', '--mount'];
const allowed = spawnSync('unshare', [...APART, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const MOUNTED =
  'mount -t tmpfs none /mnt && mkdir /mnt/backups && mount -o remount,ro /mnt && exec node --input-type=module';

/** What the real disk says in a process of its own, where /mnt is read-only. */
function codeOf(path: string): string {
  const source = readFileSync(new URL('../../src/backup/disk.ts', import.meta.url), 'utf8');
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    isModule: true,
  });
  const asks = `await realDisk.makeFolder(${JSON.stringify(path)}).then(() => 'made', (error) => error.code)`;
  const env = { PATH: process.env['PATH'] };
  return execFileSync('unshare', [...APART, 'sh', '-c', MOUNTED], {
    input: `${code}\nprocess.stdout.write(${asks});\n`,
    encoding: 'utf8',
    env,
  });
}

(allowed ? test : test.skip).each(['/mnt/backups', '/mnt/backups/production', '/mnt/backups/production/.new/conf'])(
  'a folder that cannot be made on a read-only disk says so: %s',
  (path) => {
    expect(codeOf(path)).toBe(path === '/mnt/backups' ? 'made' : 'EROFS');
  },
);
