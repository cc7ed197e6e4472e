import { createLog } from '../src/log.js';
import { createRedactor, Secret } from '../src/secret.js';

function setUp(level?: string) {
  const redactor = createRedactor();
  const written: string[] = [];
  const log = createLog({ level, redactor, write: (line) => written.push(line) });
  return { log, redactor, written, last: () => JSON.parse(written.at(-1) ?? '') as Record<string, unknown> };
}

test('everything said is one JSON object on one line, and a child says its run in each', () => {
  const { log, written, last } = setUp();
  log.child({ run: 'r1' }).info({ host: 'a' }, 'two\nlines');
  log.warn('alone');
  expect(written).toHaveLength(2);
  for (const line of written) expect(line).toMatch(/^\{[^\n]*\}\n$/);
  expect(JSON.parse(written[0] ?? '')).toMatchObject({ run: 'r1', host: 'a', msg: 'two\nlines' });
  expect(last()).not.toHaveProperty('run');
});

test.each(['error', 'err'])('an error under “%s” keeps its message, its code and those of its cause', (key) => {
  const { log, last } = setUp();
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  log.error({ [key]: Object.assign(new Error('No answer', { cause }), { code: 'API_UNREACHABLE' }) }, 'failed');
  expect(last()[key]).toMatchObject({ message: 'No answer: connect ECONNREFUSED', code: 'API_UNREACHABLE' });
});

test('an error says nothing of the request it came from, and what is no error stays as it is', () => {
  const { log, written, last } = setUp();
  log.error({ error: Object.assign(new Error('No answer'), { config: { headers: { cookie: 'mine' } } }) }, 'failed');
  expect(written.join('')).not.toContain('mine');
  log.error({ error: 'a word' }, 'failed');
  expect(last()['error']).toBe('a word');
});

test('a secret is gone from every line, whether it stands in words, fields or errors', () => {
  const { log, redactor, written } = setUp();
  redactor.add(new Secret('hunter2 "quoted"'));
  const child = log.child({ url: 'http://me:hunter2 "quoted"@host' });
  child.error({ error: new Error('refused: hunter2 "quoted"') }, 'it was hunter2 "quoted"');
  expect(written).toHaveLength(1);
  expect(written[0]).not.toContain('hunter2');
  expect(written[0]?.match(/\[REDACTED\]/g)?.length).toBeGreaterThanOrEqual(3);
});

test.each([
  [undefined, ['info', 'warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['error', ['error']],
  ['silent', []],
])('at level %s only %j is written', (level, expected) => {
  const { log, written } = setUp(level);
  for (const word of ['debug', 'info', 'warn', 'error'] as const) log[word](word);
  expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected);
});
