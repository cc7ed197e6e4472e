// Loaded into a process of Stars before Stars itself: lets it die by SIGKILL at the n-th thing that it does with the folder of
// backups, or at the n-th change that it asks of the cluster (STARS_TEST_DIE_AT_CALL=disk:7:half, http:3:after).
import { createRequire } from 'node:module';
import type fsPromises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type http from 'node:http';

type Side = 'before' | 'half' | 'after';

const [kind, at, side] = (process.env['STARS_TEST_DIE_AT_CALL'] ?? '').split(':') as [string, string, Side];
const require = createRequire(import.meta.url);
let calls = 0;

/** Counts one, and whether the process is to die now. */
function isTheOne(of: string): boolean {
  if (kind !== of) return false;
  calls += 1;
  return calls === Number(at);
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function dyingAt<T>(action: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
  if (!isTheOne('disk')) return action();
  if (side === 'before') die();
  if (side === 'half' && half) {
    await half();
    die();
  }
  const result = await action();
  die();
  return result;
}

if (kind === 'disk') watchDisk(require('node:fs/promises') as typeof fsPromises);
if (kind === 'http') watchHttp(require('node:http') as typeof http);

function watchDisk(fs: typeof fsPromises): void {
  const changing = fs as unknown as Record<string, (...words: unknown[]) => Promise<unknown>>;
  for (const name of ['mkdir', 'rename', 'rm'] as const) {
    const real = changing[name]?.bind(fs);
    if (real) changing[name] = (...words) => (isOfBackups(words[0]) ? dyingAt(() => real(...words)) : real(...words));
  }
  const open = fs.open.bind(fs);
  fs.open = async (path, ...words) => {
    if (!isOfBackups(path)) return open(path, ...words);
    return watched(await dyingAt(() => open(path, ...words)));
  };
}

function watched(file: FileHandle): FileHandle {
  const [writeFile, sync] = [file.writeFile.bind(file), file.sync.bind(file)];
  file.writeFile = (content, ...words) => {
    const half = () => writeFile((content as Buffer).subarray(0, (content as Buffer).length / 2));
    return dyingAt(() => writeFile(content, ...words), half);
  };
  file.sync = () => dyingAt(sync);
  return file;
}

function isOfBackups(path: unknown): boolean {
  return String(path).includes('/backups/');
}

function watchHttp(module: typeof http): void {
  const request = module.request.bind(module) as (...words: unknown[]) => http.ClientRequest;
  module.request = (...words: unknown[]) => {
    const { method = 'GET' } = words.find((word) => typeof word === 'object' && word !== null) as http.RequestOptions;
    const chosen = method !== 'GET' && method !== 'HEAD' && isTheOne('http');
    if (chosen && side === 'before') die();
    const sent = request(...words);
    if (chosen) sent.once('response', die);
    return sent;
  };
}
