import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createManualClock, systemClock } from '../../src/clock.js';
import type { Connection, ExecResult } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { poll } from '../../src/poll.js';
import { createRedactor } from '../../src/secret.js';
import { shells } from './shells.js';

describe.each(shells)('a session under $name', ({ shell }) => {
  let folder: string;
  let host: Connection;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
    host = connectLocal({ name: 'alpha', shell });
  });

  afterEach(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('gives exit code and both streams of each script', async () => {
    const result = await host.exec('echo out; echo err >&2; exit 3');
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n', truncated: false });
  });

  test('answers a batch that was sent at once in the order of the calls', async () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    const results = await Promise.all(numbers.map((n) => host.exec(`printf %s ${n}; echo ${n} >>${folder}/order`)));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(numbers);
    expect(readFileSync(join(folder, 'order'), 'utf8').trim().split('\n').map(Number)).toEqual(numbers);
  });

  test.each([
    ['no final newline', `printf 'a\\nb'`, 'a\nb'],
    ['an empty output', 'true', ''],
    ['only newlines', `printf '\\n\\n'`, '\n\n'],
    ['NUL and control characters', `printf 'a\\0b\\001\\033c\\r\\n'`, 'a\0b\u0001\u001bc\r\n'],
    ['characters of several bytes', `printf %s 'żółć – ☃ 🦄 ﷽'`, 'żółć – ☃ 🦄 ﷽'],
    ['bytes that are no text', `printf '\\377\\376'`, '\ufffd\ufffd'],
    ['quotes, dollars and backslashes', `printf %s 'it'"'"'s $HOME \`x\` \\ "q"'`, `it's $HOME \`x\` \\ "q"`],
    ['a here document', `cat <<'EOF'\nline $x\nEOF`, 'line $x\n'],
    ['a comment at the end', 'echo yes # no', 'yes\n'],
  ])('brings back %s as it is', async (_title, script, stdout) => {
    expect((await host.exec(script)).stdout).toBe(stdout);
  });

  test('every byte of UTF-8 survives in a script', async () => {
    const text = Array.from({ length: 0x900 }, (_, index) => String.fromCodePoint(index + 1))
      .join('')
      .replaceAll("'", '');
    const { stdout } = await host.exec(`printf %s '${text}'`);
    expect(stdout).toBe(text);
  });

  test.each([
    ['exit', 'exit 7', 7],
    ['a failing last command', 'true; false', 1],
    ['set -e', 'set -e; false; echo not here', 1],
    ['an unknown command', 'no-such-command-at-all 2>/dev/null', 127],
    ['a script that kills itself', `kill -KILL "$(exec sh -c 'echo $PPID')"`, 137],
    ['exec of another program', 'exec sh -c "exit 9"', 9],
  ])('survives %s', async (_title, script, code) => {
    expect((await host.exec(script)).code).toBe(code);
    expect((await host.exec('echo still here')).stdout).toBe('still here\n');
  });

  test.each(["echo 'open", 'if true; then', ')', '}', 'done', 'cat <<EOF\nopen', 'echo $(', '<<<', '&& true', 'f() {'])(
    'a script with the syntax error %j gives its exit code and breaks nothing',
    async (script) => {
      const [broken, next] = await Promise.all([host.exec(script), host.exec('echo next')]);
      expect(broken.stdout).not.toContain('next');
      expect(next).toMatchObject({ code: 0, stdout: 'next\n' });
    },
  );

  test('a script reads nothing: standard input is empty', async () => {
    const [read, next] = await Promise.all([host.exec('cat; read -r x; echo "[$x]"'), host.exec('echo next')]);
    expect(read.stdout).toBe('[]\n');
    expect(next.stdout).toBe('next\n');
  });

  test('variables, folders, traps and options of one script do not reach the next', async () => {
    await host.exec('x=1; export y=2; cd /; set -u; trap "echo trapped" EXIT; umask 077; printf() { echo mine; }');
    const { stdout } = await host.exec('echo "${x-unset} ${y-unset}"; pwd; echo "${nothing}"');
    expect(stdout).toBe(`unset unset\n${process.cwd()}\n\n`);
  });

  test("the session's own variables stay out of a script", async () => {
    const { stdout } = await host.exec('set; env');
    expect(stdout).not.toMatch(/^_stars|stars-[0-9a-f]{32}/m);
  });

  test('administrators tools are in PATH', async () => {
    const { stdout } = await host.exec('echo "$PATH"');
    expect(stdout.trim().split(':')).toEqual(expect.arrayContaining(['/usr/local/sbin', '/usr/sbin', '/sbin']));
  });

  test('pieces of output arrive while the script runs', async () => {
    const gate = join(folder, 'gate');
    let pieces = '';
    const { stdout } = await host.exec(`printf 'one ☃'; while [ ! -e ${gate} ]; do sleep 0.01; done; echo two`, {
      onOutput(piece) {
        pieces += piece;
        if (pieces === 'one ☃') writeFileSync(gate, '');
      },
    });
    expect(pieces).toBe('one ☃two\n');
    expect(stdout).toBe(pieces);
  });

  test('output over the limit loses its middle and says so', async () => {
    const small = connectLocal({ name: 'alpha', shell, outputLimitBytes: 1000 });
    const { stdout, stderr, truncated } = await small.exec(
      'echo first; yes | head -c 300000; echo last; echo fine >&2',
    );
    await small.close();
    expect(truncated).toBe(true);
    expect(stdout.length).toBeLessThan(1100);
    expect(stdout).toMatch(/^first\n(y\n)+[^]*\[… 299011 bytes left out …\]\n[y\n]+last\n$/);
    expect(stderr).toBe('fine\n');
  });

  test('both streams may be large at once', async () => {
    const { stdout, stderr, code } = await host.exec('yes o | head -c 400000; yes e | head -c 400000 >&2; exit 4');
    expect([stdout.length, stderr.length, code]).toEqual([400000, 400000, 4]);
  });

  test('a script of 300 KB arrives', async () => {
    const word = 'x'.repeat(300_000);
    expect((await host.exec(`w='${word}'; echo "\${#w}"`)).stdout).toBe('300000\n');
  });

  test('a script that runs too long is ended with all it started, and the session goes on', async () => {
    const clock = createManualClock();
    const slow = connectLocal({ name: 'alpha', shell, clock });
    const pids = join(folder, 'pids');
    const script = `sh -c 'echo $$ >>${pids}; sleep 1000 & echo $! >>${pids}; wait' & echo started; wait`;
    const started = new Promise<void>((resolve) => {
      const outcome = slow.exec(script, { timeoutMs: 5000, onOutput: () => resolve() });
      outcome.catch(() => undefined);
      results.push(outcome);
    });
    const next = slow.exec('echo next');
    await started;
    await poll(async () => readLines(pids, 2), { clock: systemClock, what: 'pids', everyMs: 5, timeoutMs: 5000 });
    await clock.advance(5001);
    await expect(results.pop()).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'alpha: the script did not end within 5 s.',
    });
    expect(readLines(pids, 2)?.filter(alive)).toEqual([]);
    expect((await next).stdout).toBe('next\n');
    await slow.close();
  });

  test('cancelling a batch ends what runs, begins nothing else, and leaves scripts of others alone', async () => {
    const controller = new AbortController();
    const ran = join(folder, 'ran');
    const options = { signal: controller.signal };
    const first = host.exec('echo started; sleep 1000', { ...options, onOutput: () => controller.abort() });
    const others = [host.exec(`echo second >>${ran}`, options), host.exec(`echo third >>${ran}`, options)];
    const foreign = host.exec(`echo foreign >>${ran}; echo mine`);
    for (const cancelled of [first, ...others]) await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await foreign).stdout).toBe('mine\n');
    expect(readFileSync(ran, 'utf8')).toBe('foreign\n');
    expect((await host.exec('echo after')).stdout).toBe('after\n');
  });

  test('an aborted signal starts nothing', async () => {
    await expect(host.exec(`touch ${folder}/x`, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await host.exec('true');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a killed shell is UNREACHABLE with an unknown outcome, and the next script gets a new one', async () => {
    const [killed, behind] = await Promise.allSettled([
      host.exec('kill -KILL $$; sleep 0.1'),
      host.exec('echo behind'),
    ]);
    expect(killed).toMatchObject({
      reason: { code: 'UNREACHABLE', message: expect.stringMatching(/^alpha: .*outcome .* unknown/) },
    });
    expect(behind).toMatchObject({ reason: { code: 'UNREACHABLE', message: expect.stringMatching(/had not begun/) } });
    expect((await host.exec('echo new')).stdout).toBe('new\n');
  });

  test('closing ends what runs and leaves no process', async () => {
    const other = connectLocal({ name: 'beta', shell });
    const pids = join(folder, 'pids');
    const running = other.exec(`echo $$ >${pids}; sleep 1000 & echo $! >>${pids}; echo on; wait`, {
      onOutput: () => void other.close(),
    });
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await other.close();
    expect(readLines(pids, 2)?.filter(alive)).toEqual([]);
    await expect(other.exec('true')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('a process left in the background does not hold up its script or die with the next one', async () => {
    const { stdout } = await host.exec('sleep 1000 >/dev/null 2>&1 & echo $!');
    const controller = new AbortController();
    const stopped = host.exec('echo on; sleep 1000', { signal: controller.signal, onOutput: () => controller.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(alive(Number(stdout))).toBe(true);
    process.kill(Number(stdout), 'SIGKILL');
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['every byte', Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))],
    ['more than a pipe holds', Buffer.alloc(3_000_000, 'ab\0\n')],
  ])('uploads %s exactly, readable only by its owner', async (_title, content) => {
    const path = join(folder, "it's a file");
    await host.upload(content, path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('uploads a stream and goes on', async () => {
    const path = join(folder, 'streamed');
    const pieces = Array.from({ length: 50 }, (_, index) => Buffer.alloc(65_536, index));
    await host.upload(Readable.from(pieces), path);
    expect(readFileSync(path).equals(Buffer.concat(pieces))).toBe(true);
    expect((await host.exec('trap')).stdout).not.toContain('streamed');
  });

  test('an upload takes its place among the scripts of a batch', async () => {
    const path = join(folder, 'file');
    const [, , moved] = await Promise.all([
      host.exec(`test ! -e ${path}`),
      host.upload(Buffer.from('content'), path),
      host.exec(`mv ${path} ${path}.moved && cat ${path}.moved`),
    ]);
    expect(moved).toMatchObject({ code: 0, stdout: 'content' });
  });

  test.each([
    ['small', Buffer.from('new')],
    ['large', Buffer.alloc(200_000)],
  ])('a %s upload leaves an existing file alone', async (_title, content) => {
    const path = join(folder, 'there');
    writeFileSync(path, 'old');
    await expect(host.upload(content, path)).rejects.toMatchObject({ code: 'HOSTS_FAILED' });
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  test.each([
    ['small', Buffer.from('new')],
    ['large', Buffer.alloc(200_000)],
  ])('a %s upload into a missing folder says where', async (_title, content) => {
    const path = join(folder, 'missing', 'file');
    await expect(host.upload(content, path)).rejects.toMatchObject({
      message: expect.stringContaining(`alpha: cannot write ${path}`),
    });
  });

  test('an upload onto a full disk runs no word of its content and says why', async () => {
    const path = join(folder, 'full');
    symlinkSync('/dev/full', path);
    const content = Buffer.from(`${'#\n'.repeat(500_000)}\ntouch '${folder}/ran'\necho the content >&2\n`);
    const failed = host.upload(content, path);
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(/No space left/) });
    await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('the content') });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  test('an upload whose source breaks leaves no half file', async () => {
    async function* broken() {
      yield Buffer.alloc(100_000);
      throw new Error('disk on fire');
    }
    const path = join(folder, 'half');
    await expect(host.upload(Readable.from(broken()), path)).rejects.toMatchObject({
      message: expect.stringContaining('disk on fire'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a cancelled upload leaves no half file', async () => {
    const controller = new AbortController();
    async function* endless() {
      for (let index = 0; ; index++) {
        if (index === 20) controller.abort();
        yield Buffer.alloc(65_536);
      }
    }
    const path = join(folder, 'half');
    await expect(host.upload(Readable.from(endless()), path, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  const results: Promise<ExecResult>[] = [];

  function readLines(path: string, count: number): number[] | undefined {
    const text = readdirSync(folder).includes('pids') ? readFileSync(path, 'utf8') : '';
    const lines = text.split('\n').filter(Boolean).map(Number);
    return lines.length >= count ? lines : undefined;
  }
});

test('a script that ignores TERM is killed; what is called meanwhile keeps its order, and what is cancelled meanwhile never begins', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
  const host = connectLocal({ name: 'alpha' });
  const first = new AbortController();
  const second = new AbortController();
  const note = (word: string) => `echo ${word} >>${folder}/order`;
  let process = 0;
  let late: Promise<unknown>[] = [];
  const stubborn = host.exec(`trap '' TERM; sh -c 'echo $PPID'; while :; do sleep 0.05; done`, {
    signal: first.signal,
    onOutput(piece) {
      process = Number(piece);
      first.abort();
      const never = host.exec(note('never'), { signal: second.signal });
      late = [expect(never).rejects.toMatchObject({ code: 'CANCELLED' }), host.exec(note('third'))];
      // Once the script has been handed on; the first one resists for three seconds.
      setImmediate(() => second.abort());
    },
  });
  const next = host.exec(note('second'));
  await expect(stubborn).rejects.toMatchObject({ code: 'CANCELLED', message: 'alpha: cancelled.' });
  expect(alive(process)).toBe(false);
  await Promise.all([next, ...late]);
  await host.exec('true');
  expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('second\nthird\n');
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

test('what detached itself from a script is ended with it where that is asked for', async () => {
  const host = connectLocal({ name: 'alpha' });
  const controller = new AbortController();
  let detached = 0;
  const script = host.exec(`sh -c 'setsid sleep 1000 >/dev/null 2>&1 & echo $!'; sleep 1000`, {
    endDetached: true,
    signal: controller.signal,
    onOutput(piece) {
      detached = Number(piece);
      controller.abort();
    },
  });
  await expect(script).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(alive(detached)).toBe(false);
  await host.close();
});

test('a script that the host does not let us end may still run, which is said; its shell is given up, and the next script gets a new one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
  const shut = join(folder, 'shut');
  const shell = join(folder, 'shell');
  writeFileSync(shell, `#!/bin/sh\n[ ! -e ${shut} ] || exit 1\nexec /bin/sh "$@"\n`, { mode: 0o755 });
  const host = connectLocal({ name: 'alpha', shell: [shell] });
  const controller = new AbortController();
  let behind: Promise<unknown> = Promise.resolve();
  let pid = 0;
  const running = host.exec("sh -c 'echo $PPID'; exec sleep 1000", {
    signal: controller.signal,
    onOutput(piece) {
      pid = Number(piece);
      writeFileSync(shut, '');
      controller.abort();
      const waiting = host.exec('true');
      behind = expect(waiting).rejects.toMatchObject({
        code: 'UNREACHABLE',
        message: expect.stringContaining('The script had not begun.'),
      });
    },
  });
  await expect(running).rejects.toMatchObject({
    code: 'CANCELLED',
    message: expect.stringContaining('It could not be ended and may still run on the host.'),
    hint: 'Look for it on alpha before starting again.',
  });
  await behind;
  rmSync(shut);
  expect((await host.exec('echo new')).stdout).toBe('new\n');
  await host.close();
  if (alive(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('a password for another user is hidden from then on in all that is shown', async () => {
  const redactor = createRedactor();
  const host = connectLocal({ name: 'alpha', redactor });
  const become = { method: 'sudo', user: 'other', password: 'tell-nobody', exe: '/bin/false' } as const;
  await expect(host.exec('true', { become })).rejects.toMatchObject({ code: 'BECOME' });
  expect(redactor.redact('it is tell-nobody')).not.toContain('tell-nobody');
  await host.close();
});

test('a script with a NUL, which no shell can hold, is refused in words', async () => {
  const host = connectLocal({ name: 'alpha' });
  await expect(host.exec('echo a\0b')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  expect((await host.exec('echo after')).stdout).toBe('after\n');
  await host.close();
});

test.each([
  ['a login shell', 'UNREACHABLE', undefined],
  ['sudo', 'TIMEOUT', { method: 'sudo', user: 'other' }],
] as const)('%s that says nothing is waited for no longer than half a minute', async (_title, code, become) => {
  const clock = createManualClock();
  const folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
  const silent = join(folder, 'silent');
  writeFileSync(silent, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  const host = connectLocal({ name: 'alpha', clock, ...(become ? {} : { shell: [silent] }) });
  const outcome = host.exec('true', become ? { become: { ...become, exe: silent } } : {});
  const told = expect(outcome).rejects.toMatchObject({ code, message: 'alpha: no shell within 30 s.' });
  await poll(async () => clock.pending() > 0 || undefined, {
    clock: systemClock,
    what: 'the start of a shell',
    everyMs: 5,
    timeoutMs: 5000,
  });
  await clock.advance(30_001);
  await told;
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a shell that does not end with its connection is let go of after two seconds', async () => {
  const clock = createManualClock();
  const folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
  const lasting = join(folder, 'lasting');
  writeFileSync(lasting, '#!/bin/sh\n/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
  const host = connectLocal({ name: 'alpha', clock, shell: [lasting] });
  await host.exec('true');
  const closed = host.close();
  await poll(async () => clock.pending() > 0 || undefined, {
    clock: systemClock,
    what: 'the end of the session',
    everyMs: 5,
    timeoutMs: 5000,
  });
  await clock.advance(2001);
  await closed;
  rmSync(folder, { recursive: true, force: true });
});

test('a connection in which a script was cancelled closes as soon as its shell has ended', async () => {
  const host = connectLocal({ name: 'alpha' });
  const controller = new AbortController();
  const running = host.exec('echo on; sleep 30', { signal: controller.signal, onOutput: () => controller.abort() });
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  await host.close();
}, 15_000);

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('an upload to a host whose programs fail', () => {
  let folder: string;
  let host: Connection;

  function havingProgram(name: string, text: string): void {
    const programs = join(folder, 'bin');
    mkdirSync(programs);
    writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    host = connectLocal({
      name: 'alpha',
      shell: ['/usr/bin/env', `PATH=${programs}:${process.env['PATH']}`, '/bin/sh'],
    });
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stars-session-'));
  });

  afterEach(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('leaves no half file when a small one is broken off', async () => {
    havingProgram('base64', 'echo half; exit 1');
    await expect(host.upload(Buffer.from('content'), join(folder, 'file'))).rejects.toMatchObject({
      code: 'HOSTS_FAILED',
    });
    expect(existsSync(join(folder, 'file'))).toBe(false);
  });

  test('counts what arrived of a large one, though nothing complains', async () => {
    havingProgram('cat', 'exec head -c 1000');
    await expect(host.upload(Buffer.alloc(200_000, 'x'), join(folder, 'file'))).rejects.toMatchObject({
      message: expect.stringContaining('1000 of 200000 bytes arrived'),
    });
    expect(existsSync(join(folder, 'file'))).toBe(false);
  });
});
