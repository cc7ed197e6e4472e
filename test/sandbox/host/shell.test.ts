import pLimit from 'p-limit';
import { createManualClock } from '../../../src/clock.js';
import { CORPUS } from './corpus.js';
import { DIFFERENCES } from './differences.js';
import { oneHost, runInFolder } from './one-host.js';
import type { OneHost } from './one-host.js';
import { REAL_SHELLS, runReally } from './real-shell.js';

let one: OneHost;
beforeAll(async () => {
  one = await oneHost();
});
afterAll(() => one.stop());

describe('the simulated shell', () => {
  const ours = new Map<string, Promise<{ code: number; stdout: string }>>();
  const run = (script: string) => {
    const known = ours.get(script) ?? runInFolder(one.host, script).then(({ code, stdout }) => ({ code, stdout }));
    ours.set(script, known);
    return known;
  };

  test('the corpus is large enough to mean something', () => {
    expect(new Set(CORPUS).size).toBeGreaterThanOrEqual(280);
  });

  (REAL_SHELLS.length > 0
    ? test.each(REAL_SHELLS)
    : test.skip.each([{ name: 'a real shell (none here)', argv: [''] }]))(
    'says and ends exactly as $name does on every script of the corpus',
    async ({ argv }) => {
      const limit = pLimit(4);
      const wrong = await Promise.all(
        CORPUS.map((script) =>
          limit(async () => {
            const [real, simulated] = [await runReally(argv, script), await run(script)];
            return JSON.stringify(real) === JSON.stringify({ code: simulated.code, stdout: simulated.stdout })
              ? undefined
              : { script, real, simulated };
          }),
        ),
      );
      expect(wrong.filter((entry) => entry !== undefined)).toEqual([]);
    },
    // Hundreds of real processes, which take some machines ten times as long as others.
    120_000,
  );

  test.each(DIFFERENCES)('goes with bash where shells differ: $why', async ({ script, stdout, code }) => {
    expect(await run(script)).toEqual({ code, stdout });
  });

  test('complains as a shell does, with its name and the line', async () => {
    const { stderr, code } = await one.host.run('\n\nnosuchprogram');
    expect(stderr).toBe('sh: line 3: nosuchprogram: command not found\n');
    expect(code).toBe(127);
  });

  test('keeps every byte of what passes through it', async () => {
    const octal = Array.from({ length: 255 }, (_, index) => `\\${(index + 1).toString(8).padStart(3, '0')}`).join('');
    const { stdout } = await one.host.run(
      `x=$(printf '${octal}'); printf %s "$x" | cat | od -An -v -tx1 | tr -d ' \\n'`,
    );
    expect(stdout).toBe(Array.from({ length: 255 }, (_, index) => (index + 1).toString(16).padStart(2, '0')).join(''));
  });
});

describe('time', () => {
  test('sleeps on the clock that the test moves', async () => {
    const clock = createManualClock();
    const still = await oneHost(clock);
    let ended = false;
    const running = still.host.run('sleep 3600; date -u +%H:%M:%S').then((result) => {
      ended = true;
      return result;
    });
    await clock.advance(3_599_000);
    expect(ended).toBe(false);
    await clock.advance(1000);
    expect((await running).stdout).toBe('01:00:00\n');
    await still.stop();
  });

  test('timeout ends a command with 124 when its time is over', async () => {
    const clock = createManualClock();
    const still = await oneHost(clock);
    const running = still.host.run('timeout 5 sleep 100; echo $?');
    await clock.advance(5000);
    expect((await running).stdout).toBe('124\n');
    await still.stop();
  });
});

describe('a runaway', () => {
  test.each([
    ['an endless loop', 'while :; do :; done', /step limit/],
    ['a function that calls itself', 'f() { f; }; f', /nesting level exceeded/],
    ['text that doubles for ever', 'x=aaaaaaaa; while :; do x=$x$x; done', /Cannot allocate memory/],
    ['a script that sources itself', 'echo ". /tmp/self" >/tmp/self; . /tmp/self', /too deeply/],
    ['an endless awk', "awk 'BEGIN {while (1) x++}'", /step limit/],
    ['an endless sed', 'echo a | sed ":x; bx"', /step limit/],
    ['a file without end', 'yes >/tmp/endless; rm /tmp/endless; exit 1', /File too large|No space left/],
    ['nesting beyond measure', `${'('.repeat(5000)}true${')'.repeat(5000)}`, /nested too deeply/],
    ['an expression beyond measure', `echo $((${'('.repeat(5000)}1${')'.repeat(5000)}))`, /recursion level/],
  ])('%s ends with an error', async (_title, script, message) => {
    const { code, stderr } = await one.host.run(script);
    expect(stderr).toMatch(message);
    expect(code).not.toBe(0);
  });

  test('a fork bomb leaves the program alive and ends by itself', async () => {
    const apart = await oneHost();
    const { kernel } = apart.host.services;
    const atRest = kernel.processes.size;
    await apart.host.run('bomb() { bomb | bomb & }; bomb; wait');
    expect((await one.host.run('echo alive')).stdout).toBe('alive\n');
    while (kernel.processes.size > atRest) await new Promise((resolve) => setImmediate(resolve));
    expect(await apart.host.run('echo recovered')).toMatchObject({ code: 0, stdout: 'recovered\n' });
    await apart.stop();
  });

  test('an abort ends what runs, children included', async () => {
    const controller = new AbortController();
    const running = one.host.run('(sleep 1000 | cat) & sleep 1000; echo never', { signal: controller.signal });
    setImmediate(() => controller.abort());
    expect(await running).toMatchObject({ code: 137, stdout: '' });
    expect((await one.host.run('ps -e -o args= | grep -c "sleep 100[0]"')).stdout).toBe('0\n');
  });
});
