import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createReadableAudit } from '../../src/bot/readable-audit.js';
import { createSlackDesk } from '../../src/bot/slack-desk.js';
import { createRights } from '../../src/bot/rights.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { openDirectory } from '../../src/slack/open-directory.js';
import { openHome } from '../../src/home/home.js';
import { type AuditRow, auditSeal } from '../../src/model/audit.js';
import { terminalPerson } from '../../src/terminal/one-command.js';
import { practise, type Practice } from '../e2e/support/practice.js';
import { until } from '../support/until.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
  practice.write('inventories/other/hosts', 'localhost\n');
});
afterAll(() => practice.stop());

const lines = async (...words: string[]) => (await practice.type('audit', ...words)).out.trim().split('\n');
const newest = async () => (await practice.stars.audit.search({ limit: 1 }))[0];
const run = (statement: string) => sql.raw(statement).execute(practice.stars.database);

test('what is asked is written down with person, source and place, be it a run or a look', async () => {
  await practice.type('history', 'sandbox');
  expect(await newest()).toMatchObject({
    kind: 'request',
    person: terminalPerson(),
    source: 'terminal',
    command: 'history',
    environment: 'sandbox',
    text: 'history sandbox',
  });
  await practice.type('deploy', 'motd', 'other', '--check');
  const found = await practice.stars.audit.search({ limit: 5, text: 'deploy motd other' });
  expect(found.at(-1)).toMatchObject({ kind: 'request', command: 'deploy', environment: 'other' });
});

test.each([
  ['an unknown command', ['depoly', 'motd', 'sandbox'], 'UNKNOWN_COMMAND'],
  ['an unknown environment', ['deploy', 'motd', 'sandbocks'], 'UNKNOWN_ENVIRONMENT'],
  ['a missing word', ['deploy'], 'USAGE'],
  ['an unknown target', ['deploy', 'nothing', 'sandbox'], 'UNKNOWN_TARGET'],
])('a refusal for %s is in it', async (_what, words, code) => {
  const before = await practice.stars.audit.head();
  await practice.type(...words);
  expect(await newest()).toMatchObject({ kind: 'refusal', outcome: code, text: words.join(' ') });
  expect((await newest())?.seq).toBe((before?.seq ?? 0) + 1);
});

test('who may not is in it with the place that it was about', async () => {
  practice.write('inventories/guarded/hosts', 'localhost\n');
  practice.write('inventories/guarded/environment.yml', 'access: {provision: [U0ADA]}\n');
  expect((await practice.type('deploy', 'motd', 'guarded')).status).toBe(3);
  expect(await newest()).toMatchObject({
    kind: 'refusal',
    outcome: 'NOT_PERMITTED',
    command: 'deploy',
    environment: 'guarded',
    reason: 'You may not deploy on guarded.',
  });
});

test('what a locked environment refuses is in it, be it a change or another lock', async () => {
  await practice.type('lock', 'other', '--reason', 'release');
  try {
    for (const words of [
      ['deploy', 'motd', 'other'],
      ['lock', 'other', '--reason', 'mine'],
    ]) {
      expect((await practice.type(...words)).status).toBe(4);
      expect(await newest()).toMatchObject({
        kind: 'refusal',
        outcome: 'LOCKED',
        command: words[0],
        environment: 'other',
        reason: expect.stringContaining('release') as unknown,
      });
    }
  } finally {
    await practice.type('unlock', 'other');
  }
});

test('who cancels a run is in it', async () => {
  const { stars } = practice;
  const asked = practice.type('deploy', 'slow', 'sandbox');
  const run = await until(async () => {
    const [newest] = await stars.store.list({ limit: 1 });
    return newest?.text === 'deploy slow sandbox' && newest.state === 'running' && newest;
  });
  await practice.type('cancel', run.id);
  await asked;
  expect(await stars.audit.search({ run: run.id, kind: 'cancel', limit: 2 })).toMatchObject([
    { person: terminalPerson(), environment: 'sandbox', command: 'deploy' },
  ]);
});

test('a run is in it with its request, its start and its end', async () => {
  await practice.type('deploy', 'motd', 'other');
  const [run] = await practice.stars.store.list({ limit: 1 });
  const entries = (await practice.stars.audit.search({ limit: 3 })).toReversed();
  expect(entries).toMatchObject([
    { kind: 'request', text: 'deploy motd other' },
    { kind: 'start', run: run?.id, outcome: 'running' },
    { kind: 'end', run: run?.id, outcome: run?.state },
  ]);
  expect((await lines('--run', run?.id ?? '')).map((line) => /UTC {2}(\w+ \w+)/.exec(line)?.[1])).toEqual([
    `end ${run?.state}`,
    'start running',
  ]);
});

test('a click is in it as well as what came of it', async () => {
  const { bot, store, places } = practice.stars;
  const desk = createSlackDesk({ bot, store, places, shown: () => undefined });
  const press = (id: string, value: string) => {
    const action = { id, value, messageTs: '1.1' };
    return desk(
      { key: 'k', kind: 'action', text: value, person: terminalPerson(), channel: { id: 'C1' }, action },
      'key',
    );
  };
  await press('stars.do.1', 'whoami');
  await expect(press('retry', 'whoami')).rejects.toMatchObject({ code: 'USAGE' });
  const entries = (await practice.stars.audit.search({ limit: 4 })).toReversed();
  expect(entries).toMatchObject([
    { kind: 'click', source: 'slack', text: 'whoami', details: { button: 'stars.do.1' } },
    { kind: 'request', source: 'slack', text: 'whoami' },
    { kind: 'click', details: { button: 'retry' } },
    { kind: 'refusal', outcome: 'USAGE', reason: 'This button is of an older message and does nothing any more.' },
  ]);
});

test('a service says when it is there and when it goes, and has the key of plans before any plan is made', async () => {
  const key = join(practice.dataFolder, 'plan-key');
  rmSync(key, { force: true });
  const stop = practice.stars.startUpkeep();
  expect(existsSync(key)).toBe(true);
  await stop();
  const entries = await practice.stars.audit.search({ kind: 'service', limit: 9 });
  expect(entries.map(({ outcome }) => outcome)).toEqual(['stopped', 'started']);
  expect(entries[0]?.details?.['process']).toContain(`pid ${process.pid}`);
});

test('words whose quote is never closed are a refusal like any other', async () => {
  const asked = { words: 'deploy "motd', text: 'deploy "motd', person: terminalPerson(), source: 'console' as const };
  await expect(practice.stars.bot.handle(asked)).rejects.toMatchObject({ code: 'USAGE' });
  expect(await newest()).toMatchObject({ kind: 'refusal', source: 'console', outcome: 'USAGE', text: 'deploy "motd' });
});

test('a change of the configuration stands before the first request that it could have let pass', async () => {
  await practice.type('deploy', 'motd', 'other', '--check');
  practice.write('inventories/other/group_vars/all.yml', 'colour: blue\n');
  await practice.type('deploy', 'motd', 'other', '--check', '--diff');
  const entries = (await practice.stars.audit.search({ limit: 9 })).toReversed();
  const change = entries.findLastIndex(({ kind }) => kind === 'configuration');
  expect(entries[change]).toMatchObject({
    environment: 'other',
    outcome: 'changed',
    details: { 'inventories/other/group_vars/all.yml': expect.stringMatching(/^new, /) as unknown },
  });
  expect(entries[change + 1]).toMatchObject({ kind: 'request', text: 'deploy motd other --check --diff' });
});

test('a secret in words that nobody understood is not in it', async () => {
  await practice.type(
    'depoly',
    'motd',
    '-e',
    'db_password=hunter2',
    '--api-token',
    'abc123',
    '-e',
    '{"my_secret": "x y"}',
  );
  expect((await newest())?.text).toBe(
    `depoly motd -e db_password=[REDACTED] --api-token [REDACTED] -e '{"my_secret": [REDACTED]}'`,
  );
});

test('entries are searched, newest first, and a search is itself a request', async () => {
  await practice.type('history');
  await practice.type('hitsory');
  const [search, refusal, request] = await lines('search', '--lines', '3');
  expect(search).toMatch(
    /^#\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}request · audit search --lines 3 · .* from a terminal$/,
  );
  expect(refusal).toMatch(/ refusal UNKNOWN_COMMAND · hitsory · .* · There is no command hitsory\.$/);
  expect(request).toContain('request · history · ');
  expect(await lines('--kind', 'refusal', '--lines', '1')).toEqual([refusal]);
  expect(await lines('--text', 'hitsory', '--kind', 'refusal', '--since', '1h')).toEqual([refusal]);
  expect(await lines('--person', 'U0NOBODY')).toEqual(['The audit has no such entry.']);
  expect(await lines('--person', `<@${terminalPerson().id}>`, '--lines', '2')).toHaveLength(2);
  expect(await lines('--since', '2999-01-01')).toEqual(['The audit has no such entry.']);
});

test.each([
  [['verify', '--head', 'abc'], /head: is a head as it was posted/],
  [['verify', '--since', '2d'], /--since does not belong to verify\.\naudit verify knows --head/],
  [['search', '--head', '1:0123456789ab'], /--head does not belong to search/],
  [['--since', 'yesterday'], /since: is a time such as 90m, 12h, 2d or 3w/],
  [['--kind', 'deploy'], /kind: must be one of request, refusal/],
  [['shred'], /what must be search, verify or export/],
])('%j says what it expects', async (words, message) => {
  const { status, error } = await practice.type('audit', ...words);
  expect(error).toMatch(message);
  expect(status).toBe(2);
});

test('a whole chain is verified, with a head that was posted and without', async () => {
  const { status, out } = await practice.type('audit', 'verify');
  expect(status).toBe(0);
  const [, head = ''] =
    /^The audit is whole: \d+ entries, none changed, none missing\. Its head is (\d+:[\da-f]{24})\.$/m.exec(out) ?? [];
  await practice.type('history');
  expect((await practice.type('audit', 'verify', '--head', head)).out).toContain(`It still holds the head ${head}.`);
});

test('a head of another chain makes the verification fail', async () => {
  const { status, error } = await practice.type('audit', 'verify', '--head', '2:0123456789abcdef');
  expect(error).toMatch(/The audit is broken at row 2\. The chain was rewritten at row 2 or before it/);
  expect(status).toBe(1);
});

test('an export has every entry on a line, from which anybody can compute the chain', async () => {
  await practice.type('depoly', '\u0085');
  const rows = (await lines('export')).map((line) => JSON.parse(line) as Omit<AuditRow, 'body'> & { body: unknown });
  expect(rows[0]?.seq).toBe(1);
  for (const [index, row] of rows.entries()) {
    expect(auditSeal({ ...row, body: JSON.stringify(row.body) })).toBe(row.hash);
    expect(row.previous).toBe(rows[index - 1]?.hash ?? '');
  }
  expect((await practice.stars.audit.head())?.hash).toBe(rows.at(-1)?.hash);
  expect((await lines('export', '--since', '2999-01-01')).join()).toBe('');
});

test('a chat gets the end of an export and is told how to get all of it', async () => {
  const answer = await practice.stars.bot.handle({
    words: { words: ['audit', 'export'], rest: undefined },
    text: 'audit export',
    person: terminalPerson(),
    source: 'console',
  });
  expect(answer).toMatchObject({
    kind: 'answer',
    text: expect.stringContaining('`stars audit export > audit.jsonl`') as unknown,
  });
  if (answer.kind === 'answer') expect(answer.text.length).toBeLessThan(3_000);
});

test('entries of an environment that somebody may not read are left out, and withheld from an export', async () => {
  practice.write('inventories/closed/hosts', 'localhost\n');
  await practice.type('history', 'closed');
  expect((await lines('--text', 'history closed')).join()).toContain('request · history closed');
  practice.write('inventories/closed/environment.yml', 'access: {read: [U0ADA]}\n');
  expect((await lines('--text', 'history closed')).filter((line) => line.includes('request · history'))).toEqual([]);
  const exported = await lines('export');
  expect(exported.join('\n')).not.toContain('history closed"');
  const withheld = exported.map((line) => JSON.parse(line) as { withheld?: true }).filter((line) => line.withheld);
  expect(withheld).toHaveLength(1);
  expect(Object.keys(withheld[0] ?? {}).toSorted()).toEqual(['hash', 'previous', 'seq', 'withheld']);
});

test('it is for those whom stars.yml lets read', async () => {
  const file = practice.write('stars.yml', 'access: {read: [terminal:ada]}\n');
  const home = await openHome({ env: { STARS_HOME: practice.home }, cwd: practice.home });
  rmSync(file);
  const signal = new AbortController().signal;
  const directory = openDirectory(home.settings.slack, { clock: systemClock, log: silentLog });
  const rights = createRights({ home, directory, commands: [] });
  const of = (id: string) =>
    createReadableAudit(
      { audit: practice.stars.audit, rights, home },
      { person: { id, name: '' }, source: 'terminal' },
    );
  await expect(of('terminal:ada').search({ limit: 1 }, signal)).resolves.toHaveLength(1);
  const refused = {
    code: 'NOT_PERMITTED',
    message: 'You may not read the audit.',
    hint: expect.stringContaining('access.read') as unknown,
  };
  await expect(of('terminal:bo').search({ limit: 1 }, signal)).rejects.toMatchObject(refused);
  await expect(of('terminal:bo').verify({ signal })).rejects.toMatchObject(refused);
  await expect(of('terminal:bo').records({ signal }).next()).rejects.toMatchObject(refused);
});

test('to be refused a run of a closed environment is a refusal as well', async () => {
  practice.write('inventories/private/hosts', 'localhost\n');
  await practice.type('deploy', 'motd', 'private', '--check');
  const [run] = await practice.stars.store.list({ environment: 'private', limit: 1 });
  practice.write('inventories/private/environment.yml', 'access: {read: [U0ADA]}\n');
  expect((await practice.type('show', run?.id ?? '')).status).toBe(3);
  expect(await newest()).toMatchObject({ kind: 'refusal', command: 'show', outcome: 'NOT_PERMITTED' });
});

describe('an audit that cannot be written', () => {
  beforeAll(() => run(`create trigger full_disk before insert on audit begin select raise(abort, 'disk full'); end`));
  afterAll(() => run('drop trigger full_disk'));

  test('lets nobody change anything', async () => {
    const runs = await practice.stars.store.list({ limit: 50 });
    const { status, error } = await practice.type('deploy', 'motd', 'sandbox');
    expect(error).toMatch(
      /The audit could not be written: .*disk full.*\nStars changes nothing that it cannot write down/,
    );
    expect(status).toBe(1);
    expect(await practice.stars.store.list({ limit: 50 })).toEqual(runs);
  });

  test('lets people look, and tells them of their mistakes', async () => {
    expect((await practice.type('history')).status).toBe(0);
    expect((await practice.type('hitsory')).error).toContain('There is no command hitsory.');
  });
});

// The last one: it breaks the chain.
test('a chain that was tampered with makes the verification fail with the row and status 1', async () => {
  await run('drop trigger audit_no_update');
  await run(`update audit set body = replace(body, 'history', 'hist0ry') where seq = 1`);
  const { status, error } = await practice.type('audit', 'verify');
  expect(error).toMatch(
    /^stars: The audit is broken at row 1\. Row 1 was changed.*\nWhat stands before that row is as it was/,
  );
  expect(status).toBe(1);
});
