import fc from 'fast-check';
import { CORPUS } from './corpus.js';
import { oneHost } from './one-host.js';
import type { OneHost } from './one-host.js';

let one: OneHost;
beforeAll(async () => {
  one = await oneHost();
});
afterAll(() => one.stop());

const FRAGMENTS = [
  'if',
  'then',
  'fi',
  'for x in',
  'do',
  'done',
  'case $x in',
  'esac',
  '{',
  '}',
  '(',
  ')',
  '$(',
  '`',
  '"',
  "'",
  '<<E',
  '\nE\n',
  '|',
  '&&',
  '||',
  ';',
  ';;',
  '&',
  '>',
  '2>&1',
  '<',
  '$((',
  '))',
  '${x',
  '${x#',
  '${x:-',
  '}',
  '$',
  '\\',
  '\n',
  '*',
  '[',
  ']',
  '!',
  'echo a',
  'x=1',
  'f() ',
  'exit 3',
  'cat',
  'true',
  '~',
  '#',
  '\0',
  '\u00ff',
  'awk',
  "sed 's/a/",
  'grep [',
  'printf %',
  'test -a',
  'trap x',
  'eval',
  'read',
  'set -e',
  'local',
  'shift 9',
];

const broken = fc.array(fc.constantFrom(...FRAGMENTS), { minLength: 1, maxLength: 14 }).map((parts) => parts.join(' '));
const cut = fc
  .tuple(fc.constantFrom(...CORPUS), fc.nat(80), fc.nat(80))
  .map(([script, from, length]) => script.slice(0, from) + script.slice(from + length));
const noise = fc.string({ maxLength: 60 });

test('no script, however broken, hangs the host or throws: it ends with a status and words', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(broken, cut, noise), async (script) => {
      const controller = new AbortController();
      const guard = setTimeout(() => controller.abort(), 5000);
      const { code, stderr } = await one.host.run(script, { signal: controller.signal, stdin: 'some input\n' });
      clearTimeout(guard);
      expect(Number.isInteger(code) && code >= 0 && code < 256).toBe(true);
      expect(stderr).not.toMatch(/fault in the simulated host|\n\s+at .*\.js:/);
      expect(controller.signal.aborted).toBe(false);
    }),
    { numRuns: 500, seed: 20_261_122 },
  );
});

test('no program, whatever it is called with, throws', async () => {
  const programs = one.host.fs.list('/usr/bin', { uid: 0, gid: 0, groups: [0] });
  const words = [
    '-',
    '--',
    '-x',
    '-n',
    '-e',
    '[',
    '(',
    '%',
    'a',
    '/etc/passwd',
    '/',
    '',
    '-1',
    '99999999999',
    '--help',
    '*',
    '\\',
    's/a/b',
    '{print',
    ';',
    '\u00ff',
  ];
  // `yes` and the daemons run until they are stopped, as they should.
  const waiting = /^(yes|sleep|sh|bash|reboot|java|dockerd.*|tail)$/;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...programs.filter((name) => !waiting.test(name))),
      fc.array(fc.constantFrom(...words), { maxLength: 4 }),
      async (program, args) => {
        const quoted = args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
        const { code, stderr } = await one.host.run(`cd /tmp; timeout 5 ${program} ${quoted} </dev/null >/dev/null`, {
          user: 'stars',
        });
        expect(Number.isInteger(code)).toBe(true);
        expect(stderr).not.toMatch(/fault in the simulated host|\n\s+at .*\.js:/);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
});
