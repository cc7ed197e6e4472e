import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { terminalPerson } from '../../src/terminal/one-command.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
  practice.write('inventories/other/hosts', 'localhost\n');
});
afterAll(() => practice.stop());

test('before the first run the history says so', async () => {
  expect(await practice.type('history')).toMatchObject({ status: 0, out: 'Nothing has been run yet.\n' });
});

test('lists the runs of all environments, or of the one that is named, newest first', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  await practice.type('deploy', 'motd', 'other', '--check');
  const lines = async (...words: string[]) => (await practice.type('history', ...words)).out.trim().split('\n');
  expect(await lines()).toEqual([expect.stringContaining('motd other'), expect.stringContaining('motd sandbox')]);
  expect(await lines('sandbox')).toEqual([expect.stringContaining('motd sandbox')]);
  expect(await lines('--lines', '1')).toHaveLength(1);
});

test('a run is shown by the start of its id as well, and asking about runs is no run', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  const [run] = await practice.stars.store.list({ limit: 1 });
  const { out } = await practice.type('show', run?.id.slice(0, -1) ?? '');
  expect(out).toContain(`Run ${run?.id}: deploy motd sandbox --check`);
  expect((await practice.stars.store.list({ limit: 1 }))[0]?.id).toBe(run?.id);
});

test('a run whose events were deleted by then is still shown with its end', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  const [run] = await practice.stars.store.list({ limit: 1 });
  await practice.stars.database
    .deleteFrom('events')
    .where('run_id', '=', run?.id ?? '')
    .execute();
  const { status, out } = await practice.type('show', run?.id ?? '');
  expect(status).toBe(0);
  expect(out).toContain('deploy motd sandbox --check');
  expect(out).toContain('2 of 2 hosts would change');
  expect(out).toContain('What happened in it was deleted: stars.yml says how long that is kept (retention.events).');
});

test('times say that they are UTC', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  expect((await practice.type('history')).out).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d UTC  deploy/);
  expect((await practice.type('show', 'last')).out).toMatch(/\d\d:\d\d:\d\d UTC {2}asked by/);
});

describe('an environment that others may not read', () => {
  const id = terminalPerson().id;
  let run: string;

  beforeAll(async () => {
    practice.write('inventories/closed/hosts', 'localhost\n');
    await practice.type('deploy', 'motd', 'sandbox', '--check');
    await practice.type('deploy', 'motd', 'closed', '--check');
    run = (await practice.stars.store.list({ limit: 1 }))[0]?.id ?? '';
  });
  beforeEach(() => access('{read: [U0ADA]}'));

  const access = (words: string) => practice.write('inventories/closed/environment.yml', `access: ${words}\n`);

  test('has no runs in their history, and the last one is the last that they may read', async () => {
    const { out } = await practice.type('history');
    expect(out).not.toContain('closed');
    expect(out).toContain('motd sandbox');
    expect((await practice.type('history', '--lines', '1')).out).toContain('motd sandbox');
    expect((await practice.type('show', 'last')).out).toContain('motd sandbox');
    access(`{read: ['${id}']}`);
    expect((await practice.type('history', '--lines', '1')).out).toContain(run);
  });

  test.each([
    ['show', []],
    ['show --json', ['--json']],
  ])('refuses to %s its runs', async (_what, flags) => {
    const { status, out, error } = await practice.type('show', run, ...flags);
    expect({ status, out }).toEqual({ status: 3, out: '' });
    expect((await practice.stars.audit.search({ limit: 1 }))[0]).toMatchObject({ kind: 'refusal', command: 'show' });
    expect(error).toMatch(/You may not read the runs of closed\.\naccess\.read in .*closed\/environment\.yml/);
  });

  test('with a file that cannot be read is closed', async () => {
    access('[');
    expect((await practice.type('history')).out).not.toContain('closed');
    expect((await practice.type('show', run)).status).toBe(2);
  });
});

test('whoami names the person by the id that rights are given to', async () => {
  const { out } = await practice.type('whoami');
  expect(out).toMatch(/^You are \S+ \(terminal:\S+\), asking from the terminal\.\nYou may run: deploy, /);
});

test('help and whoami name the commands that the person may run in some environment', async () => {
  const words = async () => [(await practice.type('help')).out, (await practice.type('whoami')).out];
  // As a line of help, or in the list of whoami; others speak of deploys.
  const named = /(^|: |, )deploy\b/m;
  for (const out of await words()) expect(out).toMatch(named);
  for (const name of ['sandbox', 'other', 'closed']) {
    const file = join(practice.home, 'inventories', name, 'environment.yml');
    const config = name === 'sandbox' ? (JSON.parse(readFileSync(file, 'utf8').replace(/^#.*\n/, '')) as object) : {};
    practice.write(
      `inventories/${name}/environment.yml`,
      JSON.stringify({ ...config, access: { provision: ['U0ADA'] } }),
    );
  }
  for (const out of await words()) {
    expect(out).not.toMatch(named);
    expect(out).toContain('restart');
    expect(out).toContain('help');
  }
});
