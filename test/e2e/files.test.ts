import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '../../src/clock.js';
import { createAttach } from '../../src/bot/attach.js';
import type { Attachment } from '../../src/model/attachment.js';
import type { RunEventBody } from '../../src/model/run.js';
import { createRedactor } from '../../src/secret.js';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';

let practice: Practice;
let service: SlackService;

beforeAll(async () => {
  practice = await practise();
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});

const slack = () => practice.sandbox.slack;

/** A run that has ended but for showing it, if it is to be shown. */
async function ran(files: Attachment[], { isShown = true } = {}) {
  const { stars } = practice;
  const id = `r-${(counter += 1)}`;
  const at = new Date().toISOString();
  const person = { id: 'U0ADA', name: 'ada' };
  const asked = { command: 'logs', text: `logs ${id}`, environment: null, person, source: 'slack' as const };
  const address = isShown ? { channel: slack().channels[0]?.id ?? '' } : undefined;
  await stars.store.create({ id, ...asked, requestedAt: at, owner: 'gone', address }, [
    { run: id, seq: 1, at, type: 'run.requested', ...asked, args: {} },
  ]);
  for (const file of files) await stars.files.add(id, file, new Date());
  const end = { state: 'failed', ms: 1, error: { code: 'FAILED', message: 'over' } } as const;
  await stars.store.finishFor(id, end, [], new Date(), { anyone: true });
  return id;
}
let counter = 0;

const named = (name: string) => slack().files.filter((file) => file.name === name);
const shared = (name: string) => {
  const ids = new Set(named(name).map(({ id }) => id));
  return slack()
    .messages()
    .filter(({ files }) => files.some(({ id }) => ids.has(id)));
};

test('a file of a run stands below its message, with its text and what there is to see', async () => {
  const id = await ran([
    { name: 'one.log', content: 'first\nsecond\n' },
    { name: 'one.png', content: new Uint8Array([137, 80, 78, 71]), alt: 'A chart of one' },
  ]);
  await service.idle();
  const root = slack()
    .messages()
    .find((message) => toPlain(message).includes(`logs ${id}`));
  expect(shared('one.log').map(({ threadTs }) => threadTs)).toEqual([root?.ts]);
  expect(shared('one.png').map(({ threadTs }) => threadTs)).toEqual([root?.ts]);
  expect(named('one.log')[0]?.bytes?.toString()).toBe('first\nsecond\n');
  expect(named('one.png')[0]).toMatchObject({ alt: 'A chart of one', bytes: Buffer.from([137, 80, 78, 71]) });
});

test('a file is there once when Slack’s answer to it is lost', async () => {
  slack().faults.next('files.completeUploadExternal', { kind: 'accept-then-timeout' });
  await ran([{ name: 'lost.log', content: 'x' }]);
  await service.idle();
  expect(shared('lost.log')).toHaveLength(1);
});

test('a file that a process which died had just brought is not brought again', async () => {
  const id = await ran([{ name: 'died.log', content: 'x' }]);
  await service.idle();
  expect(shared('died.log')).toHaveLength(1);
  // As if it had died before it noted that.
  const { database } = practice.stars;
  const content = Buffer.from('x').toString('base64');
  await database
    .updateTable('files')
    .set({ settled_at: null, content, owner: 'gone' })
    .where('run_id', '=', id)
    .execute();
  await database.updateTable('threads').set({ shown_at: null }).where('run_id', '=', id).execute();
  await service.stop();
  service = await inSlack(practice, 'socket');
  await service.idle();
  expect(shared('died.log')).toHaveLength(1);
  expect(await practice.stars.files.waiting(id)).toEqual([]);
});

test('a file that waits is brought by one process, however many could', async () => {
  const id = await ran([{ name: 'race.log', content: 'x' }], { isShown: false });
  const [file] = await practice.stars.files.waiting(id);
  if (!file) throw new Error('no file waits');
  const taken = await Promise.all(['one', 'two'].map((owner) => practice.stars.files.take(file, owner)));
  expect(taken.filter(Boolean)).toHaveLength(1);
});

test('where Slack will not have files the asker is told, and the run ends as it did', async () => {
  slack().faults.next('files.getUploadURLExternal', { kind: 'error', error: 'missing_scope' });
  const id = await ran([{ name: 'refused.log', content: 'x' }]);
  await service.idle();
  expect(shared('refused.log')).toEqual([]);
  const told = slack()
    .messages()
    .filter(({ onlyFor }) => onlyFor === 'U0ADA')
    .map((message) => toPlain(message));
  expect(told.at(-1)).toMatch(new RegExp(`refused.log of run ${id} could not be shown.*scope`, 's'));
  expect(await practice.stars.files.waiting(id)).toEqual([]);
});

test('a story that is too long for a message comes as a file to the asker alone', async () => {
  await practice.type('deploy', 'motd', 'sandbox');
  const [run] = await practice.stars.store.list({ limit: 1 });
  const id = run?.id ?? '';
  const events = Array.from(
    { length: 80 },
    (_, at) => ({ type: 'note', message: `remark ${at} ${'x'.repeat(60)}` }) as const,
  );
  const last = (await practice.stars.store.events(id)).length;
  const rows = events.map(({ type, ...body }, at) => ({
    run_id: id,
    seq: last + 1 + at,
    at: new Date().toISOString(),
    type,
    body: JSON.stringify(body),
  }));
  await practice.stars.database.insertInto('events').values(rows).execute();
  await slack().say(`show ${id}`);
  await slack().until(() => named(`${id}.txt`)[0]?.title !== undefined);
  await service.idle();
  expect(named(`${id}.txt`)[0]?.bytes?.toString()).toContain('remark 79');
  expect(shared(`${id}.txt`)).toEqual([]);
});

describe('attach', () => {
  const emitted: RunEventBody[] = [];
  const redactor = createRedactor();
  redactor.add('hunter2hunter2');
  const attach = (source: 'slack' | 'terminal', run = 'r-attach') =>
    createAttach({
      run: { id: run, emit: (event) => emitted.push(event), durable: async () => undefined },
      hasChat: async () => source === 'slack',
      answer: undefined,
      files: practice.stars.files,
      redactor,
      folder: `${practice.dataFolder}/files`,
      clock: systemClock,
    });

  test('removes secrets from a text and its name, and puts it into a folder for whoever has no chat', async () => {
    await attach('terminal')({ name: '../hunter2hunter2.log', content: 'password hunter2hunter2\n' });
    const event = emitted.at(-1);
    if (event?.type !== 'file.attached' || !event.path) throw new Error('no file');
    expect(event.path).toBe(`${practice.dataFolder}/files/r-attach/REDACTED-.log`);
    expect(existsSync(event.path)).toBe(true);
    expect(readFileSync(event.path, 'utf8')).toBe('password [REDACTED]\n');
  });

  test('keeps the text without its secrets until it is in Slack', async () => {
    const id = await ran([]);
    await attach('slack', id)({ name: 'kept.log', content: 'password hunter2hunter2' });
    const [file] = await practice.stars.files.waiting(id);
    expect(file?.content.toString()).toBe('password [REDACTED]');
  });

  test('refuses what is too large, and too much of it', async () => {
    const content = new Uint8Array(8_000_001);
    await expect(attach('terminal')({ name: 'big.bin', content })).rejects.toMatchObject({ code: 'USAGE' });
    const again = attach('terminal');
    for (let at = 0; at < 20; at += 1) await again({ name: `${at}.txt`, content: '' });
    await expect(again({ name: '20.txt', content: 'x' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
