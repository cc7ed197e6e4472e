import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { createSampleStore } from '../../src/store/samples.js';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

async function report(): Promise<{ root: string; notification: string; replies: string[] }> {
  const before = slack().messages('deploys').length;
  await slack().say('report sandbox', { channel: 'deploys' });
  await slack().until(() => slack().messages('deploys').slice(before).some(isTheEnd));
  await service.idle();
  const [root, ...replies] = slack().messages('deploys').slice(before);
  return {
    root: root ? toPlain(root) : '',
    notification: root?.text ?? '',
    replies: replies.map((message) => toPlain(message)),
  };
}

const isTheEnd = (message: Parameters<typeof toPlain>[0]) => /report sandbox succeeded after/.test(toPlain(message));

test('a report is one message that can be read without its thread, the headline first', async () => {
  const { root, notification, replies } = await report();
  const [headline, ...lines] = root.split('\n');
  expect(headline).toMatch(/^🟡 sandbox: /);
  expect(notification).toBe(headline?.replace('🟡 ', ''));
  expect(lines[0]).toBe('What is wrong');
  expect(root).toContain('• Backup is missing: there is no good backup of this environment');
  expect(root).toMatch(/• ZooKeeper: 3 of 3 servers serve, .* leads/);
  expect(root).toMatch(/• Mesos agents: 2 active; \d+ % of the CPUs/);
  expect(root).toMatch(/• Apps: \d+, 0 not healthy, \d+ suspended/);
  expect(root).toMatch(/• Jobs: \d+, /);
  expect(root).toMatch(/Hosts\n• .*5 hosts/);
  expect(root).toMatch(/• Audit: head \d+:[\da-f]{24}/);
  expect(root).toContain('There are no charts yet');
  expect(replies.join('\n')).toContain('report sandbox succeeded');
});

test('what broke stands at the top with its cause, and who ran what below', async () => {
  await practice.type('status', 'sandbox');
  practice.sandbox.cluster.control.loseQuorum();
  const { root } = await report();
  practice.sandbox.cluster.control.returnQuorum();
  expect(root).toMatch(/^🔴 sandbox: ZooKeeper is down: has no quorum.* more suffer from it\./);
  expect(root).toMatch(/• because of this: .*Marathon/);
  expect(root).toMatch(/Runs of the last day\n• \d+ runs: /);
});

test('with samples the last days are drawn into the thread, with words for those who cannot see them', async () => {
  const samples = createSampleStore(practice.stars.database);
  for (let hour = 48; hour > 0; hour -= 1) {
    const sample = { count: 1, figures: { cpus: 0.5, memory: 0.4 }, states: { zookeeper: 'up' } } as const;
    await samples.add('sandbox', sample, new Date(Date.now() - hour * 3_600_000));
  }
  const files = slack().files.length;
  await report();
  const drawn = slack().files.slice(files);
  expect(drawn.map(({ name }) => name).toSorted()).toEqual(['sandbox-in-use.png', 'sandbox-states.png']);
  expect(JSON.stringify(drawn)).toContain('Lines of what was in use in sandbox over the last days: CPU 50 % now');
});

test('of a schedule without a channel the pictures are put into a folder, and its story says where', async () => {
  const { bot, store, files } = practice.stars;
  const person = { id: 'schedule:daily-report', name: 'schedule daily-report' };
  const text = 'report sandbox';
  const answer = await bot.handle({ words: text, text, person, source: 'schedule' });
  if (answer.kind !== 'run') throw new Error('a report is a run');
  await answer.ended;
  const paths = (await store.events(answer.id)).flatMap((event) =>
    event.type === 'file.attached' ? [event.path ?? ''] : [],
  );
  expect(paths).toEqual([
    `${practice.dataFolder}/files/${answer.id}/sandbox-in-use.png`,
    `${practice.dataFolder}/files/${answer.id}/sandbox-states.png`,
  ]);
  for (const path of paths) expect(existsSync(path) && readFileSync(path).subarray(1, 4).toString()).toBe('PNG');
  expect(await files.waiting(answer.id)).toEqual([]);
  expect((await practice.type('show', answer.id)).out).toContain(paths[0]);
});

test('the last drill is named, and what is about to expire', async () => {
  const file = join(practice.home, 'inventories', 'sandbox', 'environment.yml');
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const config = JSON.parse(readFileSync(file, 'utf8').replace(/^#.*\n/, '')) as object;
  writeFileSync(file, JSON.stringify({ ...config, expires: { 'token of the bot': tomorrow } }));
  for (const words of [['backup'], ['backup', 'drill'], ['backup', 'verify']])
    expect(await practice.type(...words, 'sandbox')).toMatchObject({ status: 0, error: '' });
  const { root } = await report();
  expect(root).toMatch(/• Drill: 1 minute ago, \S+ would come back: .* \(\d{6}-\d{4}-\w+\)/);
  expect(root).toContain(`About to expire\n• token of the bot expires in 1 day, on ${tomorrow}`);
});
