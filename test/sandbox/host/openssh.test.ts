import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManualClock, systemClock } from '../../../src/clock.js';
import type { Clock } from '../../../src/clock.js';
import { oneHost } from './one-host.js';
import type { OneHost } from './one-host.js';

const TODAY = new Date('2026-05-04T03:02:00Z');
const PATIENCE_MS = 4000;

let one: OneHost;
let folder: string;
beforeAll(async () => {
  // The date stands still, the rest runs.
  const clock: Clock = { ...systemClock, now: createManualClock(TODAY).now };
  one = await oneHost(clock);
  folder = mkdtempSync(join(tmpdir(), 'stars-openssh-'));
  writeFileSync(join(folder, 'key'), one.hosts.clientPrivateKey, { mode: 0o600 });
  writeFileSync(join(folder, 'known_hosts'), `${one.hosts.knownHostsLines.join('\n')}\n`);
});
afterAll(async () => {
  await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs one of OpenSSH's programs; one that does not end by itself is killed and has no code. */
function openSsh(program: 'ssh' | 'scp' | 'sftp', args: string[], stdin = ''): Promise<Ended> {
  const settings = {
    UserKnownHostsFile: join(folder, 'known_hosts'),
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
    IdentitiesOnly: 'yes',
    LogLevel: 'ERROR',
    Port: one.host.port,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const child = spawn(program, ['-F', '/dev/null', '-i', join(folder, 'key'), ...options, ...args], {
    cwd: folder,
    timeout: PATIENCE_MS,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** `describe` where the program is there, and a skipped one that says so where it is not. */
function withProgram(program: string, stories: () => void): void {
  if (existsSync(`/usr/bin/${program}`)) describe(`OpenSSH's ${program}`, stories);
  else describe.skip(`OpenSSH's ${program} (not installed here)`, stories);
}

withProgram('ssh', () => {
  test('runs a command and gets its exit code', async () => {
    expect(await openSsh('ssh', ['stars@127.0.0.1', 'echo hi; echo err >&2; exit 5'])).toEqual({
      code: 5,
      stdout: 'hi\n',
      stderr: 'err\n',
    });
  });

  test('feeds a script to sh on standard input', async () => {
    const script =
      'set -e\nfor x in a b; do\n  echo $x\ndone | tr a-z A-Z\ncat <<EOF\n$((6*7))\nEOF\nfalse\necho never\n';
    expect(await openSsh('ssh', ['stars@127.0.0.1', 'sh'], script)).toMatchObject({ code: 1, stdout: 'A\nB\n42\n' });
  });

  test('starts a login shell', async () => {
    expect(await openSsh('ssh', ['-T', 'root@127.0.0.1'], 'echo $0 $PWD $USER\nexit 2\n')).toMatchObject({
      code: 2,
      stdout: 'bash /root root\n',
    });
  });

  test('gets a terminal when it asks for one', async () => {
    expect((await openSsh('ssh', ['-tt', 'stars@127.0.0.1', 'echo terminal'])).stdout).toBe('terminal\r\n');
  });
});

withProgram('scp', () => {
  const ENDED_WELL = { code: 0, stdout: '', stderr: '' };

  test('copies a file there and back, and ends', async () => {
    const source = join(folder, 'source.bin');
    writeFileSync(source, Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) & 255)));
    expect(await openSsh('scp', ['-s', source, 'stars@127.0.0.1:/tmp/copied.bin'])).toEqual(ENDED_WELL);
    expect(await openSsh('scp', ['-s', 'stars@127.0.0.1:/tmp/copied.bin', 'back.bin'])).toEqual(ENDED_WELL);
    expect(readFileSync(join(folder, 'back.bin')).equals(readFileSync(source))).toBe(true);
  });

  test('copies a folder with what is in it', async () => {
    await one.host.run('mkdir -p /tmp/tree/below; echo deep >/tmp/tree/below/file; chmod -R go=rX /tmp/tree');
    expect(await openSsh('scp', ['-s', '-r', 'stars@127.0.0.1:/tmp/tree', 'tree'])).toEqual(ENDED_WELL);
    expect(readFileSync(join(folder, 'tree/below/file'), 'utf8')).toBe('deep\n');
  });

  test('says what is not there', async () => {
    const { code, stderr } = await openSsh('scp', ['-s', 'stars@127.0.0.1:/tmp/nowhere', '.']);
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 1,
      stderr: 'scp: /tmp/nowhere: No such file or directory',
    });
  });
});

withProgram('sftp', () => {
  const batch = (...lines: string[]) => openSsh('sftp', ['-b', '-', 'stars@127.0.0.1'], lines.join('\n'));

  test('does the commands of a batch one after another, and ends', async () => {
    writeFileSync(join(folder, 'sent'), 'sent by sftp\n');
    const { code, stderr } = await batch(
      'put sent /tmp/sent',
      'rename /tmp/sent /tmp/renamed',
      'chmod 640 /tmp/renamed',
      'get /tmp/renamed got',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'got'), 'utf8')).toBe('sent by sftp\n');
    expect((await one.host.run('stat -c "%U %a %s" /tmp/renamed; ls /tmp/sent')).stdout).toBe('stars 640 13\n');
  });

  test('stops at the first command that fails, with status 1', async () => {
    expect(await batch('rm /tmp/nowhere', 'mkdir /tmp/never')).toMatchObject({ code: 1 });
    expect((await one.host.run('ls -d /tmp/never')).code).not.toBe(0);
  });

  test('lists when each file was changed: the time of a new one, the year of an old one', async () => {
    await one.host.run('mkdir /tmp/dated; cd /tmp/dated; echo 12345 >new; touch -d 2015-10-21 old', { user: 'stars' });
    const { code, stdout } = await batch('ls -l /tmp/dated');
    expect(code).toBe(0);
    expect(
      stdout
        .split('\n')
        .slice(1, -1)
        .map((line) => line.replace('/tmp/dated/', '')),
    ).toEqual([
      '-rw-r--r--   1 stars    stars           6 May  4 03:02 new',
      '-rw-r--r--   1 stars    stars           0 Oct 21  2015 old',
    ]);
  });
});
