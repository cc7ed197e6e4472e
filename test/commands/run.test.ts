import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});

afterAll(() => practice.stop());

const host = (name: string) => practice.sandbox.hosts.host(name);

test('shows what each host says with its exit code, hosts that say the same together', async () => {
  const { status, out } = await practice.type('run', 'workers', 'sandbox', '--', 'echo', 'all', 'well');
  expect(status).toBe(0);
  expect(out).toContain('It ended with exit code 0 on 2 of 2 hosts.');
  expect(out).toMatch(/• stars-c3, stars-c4 · exit 0\n\s+all well/);
});

test('runs the text behind -- as it stands: pipes, quotes and what looks like a template', async () => {
  const { out } = await practice.type(
    'run',
    'stars-c3',
    'sandbox',
    '--',
    `printf '%s\\n' '{{ .Names }}' "$((1+2))" | sort`,
  );
  expect(out).toMatch(/exit 0\n\s+3\n\s+\{\{ \.Names \}\}/);
});

test('a command that fails on one host fails the run and leaves the others to theirs', async () => {
  host('stars-c4').write('/tmp/broken', 'x');
  const { status, out, error } = await practice.type(
    'run',
    'workers',
    'sandbox',
    '--',
    'test ! -e /tmp/broken || { echo it is broken; exit 3; }',
  );
  expect(status).toBe(1);
  expect(out).toContain('It ended with exit code 0 on 1 of 2 hosts.');
  expect(out).toMatch(/❌ stars-c4 · exit 3\n\s+it is broken/);
  expect(error).toContain('ask again for these alone: stars-c4');
});

test('the events hold what a host said, so that show and --json tell it', async () => {
  const { out } = await practice.type('run', 'stars-c3', 'sandbox', '--json', '--', 'echo here; exit 0');
  const [result] = out.split('\n').filter((line) => line.includes('"task.result"'));
  expect(JSON.parse(result ?? '')).toMatchObject({ host: 'stars-c3', status: 'ok', message: 'exit 0\nhere' });
  expect((await practice.type('show', 'last')).out).toMatch(
    /stars-c3 {2}changed {2}Run the command\n\s+exit 0\n\s+here/,
  );
});

test('runs as the login user, and as root with --become', async () => {
  expect((await practice.type('run', 'stars-c3', 'sandbox', '--', 'id -un')).out).toMatch(/exit 0\n\s+stars\n/);
  expect((await practice.type('run', 'stars-c3', 'sandbox', '-b', '--', 'id -un')).out).toMatch(/exit 0\n\s+root\n/);
});

test('a command that takes too long is ended there', async () => {
  const { status, out } = await practice.type('run', 'stars-c3', 'sandbox', '--timeout', '1s', '--', 'sleep 987');
  expect(status).toBe(1);
  expect(out).toMatch(/❌ stars-c3 · did not come to its end/);
  expect((await host('stars-c3').run('ps -ef')).stdout).not.toContain('sleep 987');
});

test('a host that cannot be reached is told apart from one on which the command fails', async () => {
  host('stars-c4').refuseLogins();
  try {
    const { status, out, error } = await practice.type('run', 'workers', 'sandbox', '--', 'true');
    expect(status).toBe(1);
    expect(out).toMatch(/❌ stars-c4 · did not come to its end\n\s+stars-c4/);
    expect(error).toContain('could not reach stars-c4');
  } finally {
    host('stars-c4').refuseLogins(false);
  }
});

test('cancelling ends the command on the hosts', async () => {
  const asked = practice.type('run', 'stars-c3', 'sandbox', '--', 'touch /tmp/began; sleep 986');
  await host('stars-c3').run('while [ ! -e /tmp/began ]; do sleep 0.05; done');
  const [running] = await practice.stars.store.list({ limit: 1 });
  await practice.stars.runs.cancel(running?.id ?? '', 'Enough.', undefined);
  expect((await asked).status).toBe(130);
  expect((await host('stars-c3').run('ps -ef')).stdout).not.toContain('sleep 986');
});

test('a long output is cut to its end; a file has all of it, and show has more', async () => {
  const { out } = await practice.type('run', 'stars-c3', 'sandbox', '--', 'seq 1 3000');
  expect(out).toContain('3000');
  expect(out).not.toMatch(/^\s+1$/m);
  expect(out).toContain('output.txt');
  expect((await practice.type('show', 'last')).out).toMatch(/^\s+1$/m);
});

test('a known secret in what a host says does not come out', async () => {
  practice.stars.redactor.add('correct-horse');
  host('stars-c3').write('/tmp/secret', 'the password is correct-horse\n', 0o644);
  const { out } = await practice.type('run', 'stars-c3', 'sandbox', '--', 'cat /tmp/secret');
  expect(out).toContain('the password is [REDACTED]');
});

test.each([
  ['no command', ['workers', 'sandbox'], 'there is no command to run'],
  ['hosts that do not exist', ['wokers', 'sandbox', '--', 'true'], 'workers'],
  ['a time that is none', ['workers', 'sandbox', '--timeout', 'soon', '--', 'true'], 'is a time such as'],
])('%s is refused before anything runs', async (_what, words, says) => {
  const { status, error } = await practice.type('run', ...words);
  expect(status).toBe(2);
  expect(error).toContain(says);
});
