import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { createManualClock } from '../../src/clock.js';
import { type AuditEntry, auditSeal, shortHead } from '../../src/model/audit.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { type Database, type DatabaseSettings, openDatabase } from '../../src/store/database.js';

type Place = { settings: DatabaseSettings; remove(): Promise<void> };

const START = new Date('2026-03-01T12:00:00.000Z');
const ROOT = join(import.meta.dirname, '..', '..');

const ada = { id: 'U1', name: 'Ada' };

/** The triggers, switched off as somebody would who owns the database and wants to change what was said. */
type Tampering = { unguarded(database: Database): Promise<void> };

function entry(number: number): AuditEntry {
  return { kind: 'request', person: ada, source: 'slack', command: 'deploy', text: `deploy app-${number} staging` };
}

/** What every database must do with the audit; the same for SQLite and PostgreSQL. */
export function describeAudit(name: string, place: () => Place | Promise<Place>, { unguarded }: Tampering): void {
  describe(`the audit in ${name}`, () => {
    let where: Place;
    let database: Database;
    const clock = createManualClock(START);
    const redactor = createRedactor();
    const audit = () => createAudit(database, { clock, redactor });

    beforeEach(async () => {
      where = await place();
      database = await openDatabase(where.settings);
    });
    afterEach(async () => {
      await database.destroy();
      await where.remove();
    });

    async function write(rows: number): Promise<void> {
      for (let number = 1; number <= rows; number += 1) await audit().record(entry(number));
    }

    const tamper = (statement: string) => sql.raw(statement).execute(database);

    test('entries follow each other without gaps, each sealed over the one before', async () => {
      expect(await audit().head()).toBeUndefined();
      expect(await audit().verify()).toEqual({ rows: 0, head: undefined, broken: undefined });
      await write(3);
      const rows = await database.selectFrom('audit').selectAll().orderBy('seq').execute();
      expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(rows.map(({ previous }) => previous)).toEqual(['', rows[0]?.hash, rows[1]?.hash]);
      expect(rows.map(auditSeal)).toEqual(rows.map(({ hash }) => hash));
      const head = { seq: 3, hash: rows[2]?.hash };
      expect(await audit().head()).toEqual(head);
      expect(await audit().verify()).toEqual({ rows: 3, head, broken: undefined });
    });

    test('an entry stands or falls with the transaction that it tells of', async () => {
      const lost = database.transaction().execute(async (transaction) => {
        await audit().recordIn(transaction, entry(1));
        throw new Error('no');
      });
      await expect(lost).rejects.toThrow('no');
      await write(1);
      expect(await audit().verify()).toMatchObject({ rows: 1, broken: undefined });
      expect(await audit().head()).toMatchObject({ seq: 1 });
    });

    test('the database refuses to change, replace or remove a row', async () => {
      await write(2);
      const refused = { message: expect.stringContaining('the audit is only added to') as unknown };
      await expect(tamper(`update audit set kind = 'end'`)).rejects.toMatchObject(refused);
      await expect(tamper('delete from audit where seq = 2')).rejects.toMatchObject(refused);
      await expect(tamper('truncate audit')).rejects.toThrow();
      await expect(tamper(`insert or replace into audit values (2, 'now', 'end', '{}', '', '')`)).rejects.toThrow();
      expect(await audit().verify()).toMatchObject({ rows: 2, broken: undefined });
    });

    test.each([
      ['at', `'2026-03-01T12:00:00.001Z'`],
      ['kind', `'refusal'`],
      ['body', `replace(body, 'Ada', 'Eve')`],
      ['previous', `'0'`],
      ['hash', `'0'`],
    ])('a changed %s is found', async (column, value) => {
      await write(5);
      await unguarded(database);
      await tamper(`update audit set ${column} = ${value} where seq = 3`);
      expect(await audit().verify()).toMatchObject({
        rows: 3,
        broken: { seq: 3, what: 'changed', says: expect.stringContaining('Row 3 was changed') as unknown },
      });
    });

    test('a row that was changed and sealed anew is found by the row after it', async () => {
      await write(5);
      await unguarded(database);
      await reseal(3, `replace(body, 'Ada', 'Eve')`);
      expect((await audit().verify()).broken).toMatchObject({
        seq: 4,
        what: 'changed',
        says: expect.stringContaining('Row 3 or 4 was replaced') as unknown,
      });
    });

    test('a missing row is found, and so is a missing first one', async () => {
      await write(5);
      await unguarded(database);
      await tamper('delete from audit where seq = 3');
      expect((await audit().verify()).broken).toMatchObject({ seq: 3, what: 'missing', says: 'Row 3 is missing.' });
      await tamper('delete from audit where seq < 3');
      expect((await audit().verify()).broken).toMatchObject({ seq: 1, says: 'Rows 1 to 3 are missing.' });
    });

    test('rows that changed places are found', async () => {
      await write(5);
      await unguarded(database);
      for (const [from, to] of [
        [2, 9],
        [3, 2],
        [9, 3],
      ])
        await tamper(`update audit set seq = ${to} where seq = ${from}`);
      expect((await audit().verify()).broken).toMatchObject({ seq: 2, what: 'changed' });
    });

    test('rows before the first and behind the last that nobody counted are found', async () => {
      await write(2);
      const row = {
        seq: 3,
        at: START.toISOString(),
        kind: 'end',
        body: '{}',
        previous: (await audit().head())?.hash ?? '',
      };
      await database
        .insertInto('audit')
        .values({ ...row, hash: auditSeal(row) })
        .execute();
      expect((await audit().verify()).broken).toMatchObject({ seq: 3, what: 'extra' });
      await database
        .insertInto('audit')
        .values({ ...row, seq: 0, hash: '' })
        .execute();
      expect((await audit().verify()).broken).toMatchObject({ seq: 0, what: 'extra' });
    });

    test('an end that was cut off is found by the counter, and without it by the head that was posted', async () => {
      await write(5);
      const posted = await audit().head();
      await unguarded(database);
      await tamper('delete from audit where seq > 3');
      const broken = { seq: 4, what: 'cut', says: 'The end was cut off. Rows 4 to 5 are missing.' };
      expect((await audit().verify()).broken).toEqual(broken);
      await tamper('update fences set value = 3');
      expect((await audit().verify()).broken).toBeUndefined();
      expect((await audit().verify({ posted })).broken).toEqual(broken);
    });

    test('entries after an end that was cut off are kept, and the gap stays to be seen', async () => {
      await write(5);
      await unguarded(database);
      await tamper('delete from audit where seq > 3');
      await write(1);
      expect((await audit().verify()).broken).toMatchObject({ seq: 4, what: 'missing' });
      await tamper('update fences set value = 1');
      await write(1);
      expect((await audit().head())?.seq).toBe(7);
    });

    test('a chain that was rewritten as a whole is found by any head that was posted, shortened or not', async () => {
      await write(3);
      const posted = await audit().head();
      await write(3);
      expect((await audit().verify({ posted })).broken).toBeUndefined();
      const [, short = ''] = shortHead(posted ?? { seq: 0, hash: '' }).split(':');
      expect((await audit().verify({ posted: { seq: 3, hash: short } })).broken).toBeUndefined();
      await unguarded(database);
      for (let seq = 2; seq <= 6; seq += 1) await reseal(seq, seq === 2 ? `'{}'` : 'body');
      expect((await audit().verify()).broken).toBeUndefined();
      expect((await audit().verify({ posted: { seq: 3, hash: short } })).broken).toMatchObject({
        seq: 3,
        what: 'rewritten',
      });
    });

    /** Changes a row and gives it a hash that fits it and the row before. */
    async function reseal(seq: number, body: string): Promise<void> {
      await tamper(`update audit set body = ${body} where seq = ${seq}`);
      const rows = await database
        .selectFrom('audit')
        .selectAll()
        .where('seq', 'in', [seq - 1, seq])
        .orderBy('seq')
        .execute();
      const row = { ...rows.at(-1), previous: rows.length === 2 ? rows[0]?.hash : '' } as Parameters<
        typeof auditSeal
      >[0];
      await database
        .updateTable('audit')
        .set({ previous: row.previous, hash: auditSeal(row) })
        .where('seq', '=', seq)
        .execute();
    }

    test('whatever is changed in whatever row is found, at that row or the next', async () => {
      await write(40);
      await unguarded(database);
      const chance = seeded(20_260_301);
      for (let round = 0; round < 60; round += 1) {
        const seq = 1 + chance(40);
        const before = await database.selectFrom('audit').selectAll().where('seq', '=', seq).executeTakeFirstOrThrow();
        const column = (['at', 'kind', 'body', 'previous', 'hash'] as const)[chance(5)] ?? 'at';
        const value = mutated(before[column], chance);
        await database
          .updateTable('audit')
          .set({ [column]: value })
          .where('seq', '=', seq)
          .execute();
        expect({ column, value, broken: (await audit().verify()).broken?.seq }).toEqual({ column, value, broken: seq });
        await database
          .updateTable('audit')
          .set({ [column]: before[column] })
          .where('seq', '=', seq)
          .execute();
      }
      expect((await audit().verify()).broken).toBeUndefined();
    });

    test('two processes that write five hundred entries each at once keep one chain', async () => {
      const [first, second] = await Promise.all([
        writeElsewhere(where.settings, 'first'),
        writeElsewhere(where.settings, 'second'),
      ]);
      expect([first, second]).toEqual(['done', 'done']);
      expect(await audit().verify()).toMatchObject({ rows: 1_000, broken: undefined });
      const records = await audit().search({ limit: 2_000 });
      expect(records.filter(({ reason }) => reason === 'first')).toHaveLength(500);
      const order = records.map(({ reason }) => reason);
      expect(order.slice(1).filter((reason, index) => reason !== order[index]).length).toBeGreaterThan(1);
    }, 120_000);

    test('entries of one process that are asked for at once are all written', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, number) => audit().record(entry(number))));
      expect(await audit().verify()).toMatchObject({ rows: 100, broken: undefined });
    });

    test('secrets are removed by value, also from keys and lists', async () => {
      redactor.add('hunter22');
      await audit().record({
        ...entry(1),
        text: 'deploy app -e password=hunter22',
        reason: 'hunter22',
        details: { hunter22: ['x hunter22'], base64: Buffer.from('hunter22').toString('base64') },
      });
      const row = await database.selectFrom('audit').selectAll().executeTakeFirstOrThrow();
      expect(row.body).not.toMatch(/hunter22|aHVudGVyMj/);
      expect(row.body).toContain('deploy app -e password=[REDACTED]');
    });

    test('what is very long is shortened, and any character survives', async () => {
      await audit().record({
        kind: 'refusal',
        text: 'ab'.repeat(40_000),
        reason: 'ünï 💫 \u0000 \ud800',
        details: { many: Array.from({ length: 900 }, String) },
      });
      const [record] = await audit().search({ limit: 1 });
      expect(record).toMatchObject({
        reason: 'ünï 💫 \u0000 \ud800',
        text: expect.stringMatching(/^(?:ab){2000}… \(80000 characters\)$/) as unknown,
      });
      expect(record?.details?.['many']).toHaveLength(201);
      expect((await audit().verify()).broken).toBeUndefined();
    });

    test('entries are searched by person, run, kind, environment, time and words, newest first', async () => {
      await audit().record({ kind: 'request', person: ada, text: 'deploy Zeppelin', environment: 'staging' });
      await clock.advance(60_000);
      await audit().record({
        kind: 'refusal',
        person: { id: 'U2', name: 'Bo' },
        text: 'deploy zeppelin',
        outcome: 'NOT_PERMITTED',
      });
      await audit().record({ kind: 'start', person: ada, run: '260301-1201-abcdef' });
      const seqs = async (filter: Partial<Parameters<ReturnType<typeof audit>['search']>[0]>) =>
        (await audit().search({ limit: 10, ...filter })).map(({ seq }) => seq);
      expect(await seqs({})).toEqual([3, 2, 1]);
      expect(await seqs({ limit: 2 })).toEqual([3, 2]);
      expect(await seqs({ person: 'U1' })).toEqual([3, 1]);
      expect(await seqs({ kind: 'refusal' })).toEqual([2]);
      expect(await seqs({ run: '260301-1201' })).toEqual([3]);
      expect(await seqs({ environment: 'staging' })).toEqual([1]);
      expect(await seqs({ text: 'ZEPPELIN' })).toEqual([2, 1]);
      expect(await seqs({ since: new Date(START.getTime() + 30_000) })).toEqual([3, 2]);
      expect(await seqs({ accept: ({ person }) => person?.id === 'U2' })).toEqual([2]);
    });

    test('words are found as they were typed, with quotes, backslashes and capitals of any alphabet', async () => {
      await audit().record({ kind: 'request', text: 'deploy "ÜBER\\all" -e a=1' });
      const find = (text: string) => audit().search({ limit: 5, text });
      expect(await find('"über\\ALL"')).toHaveLength(1);
      expect(await find('"uber')).toEqual([]);
    });

    test('an entry that was made unreadable is told as such and stops nothing', async () => {
      await write(2);
      await unguarded(database);
      await tamper(`update audit set body = '{"run": 5}' where seq = 1`);
      expect(await audit().search({ limit: 5, run: 'x' })).toEqual([]);
      const [, record] = await audit().search({ limit: 5 });
      expect(record).toMatchObject({ seq: 1, reason: 'This entry cannot be read: it was changed.' });
    });

    test('more entries than one page holds are verified and read in order', async () => {
      await database.transaction().execute(async (transaction) => {
        for (let number = 0; number < 1_203; number += 1) await audit().recordIn(transaction, entry(number));
      });
      const order: string[] = [];
      setImmediate(() => order.push('others had their turn'));
      expect(await audit().verify()).toMatchObject({ rows: 1_203, broken: undefined });
      expect(order).toHaveLength(1);
      const seqs: number[] = [];
      for await (const { seq } of audit().records()) seqs.push(seq);
      expect(seqs).toEqual(Array.from({ length: 1_203 }, (_, index) => index + 1));
      expect(await audit().search({ limit: 2_000, text: 'deploy app-7 ' })).toHaveLength(1);
    });

    test('a verification stops when it is cancelled', async () => {
      await write(1);
      await expect(audit().verify({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    });

    test('a database that takes nothing is a clear error that says what it means', async () => {
      await tamper('drop table audit');
      await expect(audit().record(entry(1))).rejects.toMatchObject({
        code: 'STORE',
        message: expect.stringContaining('The audit could not be written') as unknown,
        hint: expect.stringContaining('changes nothing that it cannot write down') as unknown,
      });
    });
  });
}

function mutated(text: string, chance: (below: number) => number): string {
  const at = chance(text.length + 1);
  const letter = String.fromCharCode(97 + chance(26));
  const change =
    [`${text.slice(0, at)}${letter}${text.slice(at)}`, `${text.slice(0, at)}${text.slice(at + 1)}`, ''][chance(3)] ??
    '';
  return change === text ? `${text} ` : change;
}

/** Numbers below `below` that are the same in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function writeElsewhere({ databaseUrl, dataFolder }: DatabaseSettings, reason: string): Promise<string> {
  const script = `
    import { openDatabase } from './dist/src/store/database.js';
    import { createAudit } from './dist/src/store/audit.js';
    import { createRedactor, Secret } from './dist/src/secret.js';
    import { systemClock } from './dist/src/clock.js';
    const url = ${JSON.stringify(databaseUrl?.reveal() ?? null)};
    const database = await openDatabase({ databaseUrl: url ? new Secret(url) : undefined, dataFolder: ${JSON.stringify(dataFolder)} });
    const audit = createAudit(database, { clock: systemClock, redactor: createRedactor() });
    for (let index = 0; index < 500; index += 1) await audit.record({ kind: 'request', reason: '${reason}' });
    await database.destroy();
    process.stdout.write('done');
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
  return stdout;
}
