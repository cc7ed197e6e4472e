import { randomUUID } from 'node:crypto';
import type { SlackService } from '../../src/serve.js';
import type { Stars } from '../../src/stars.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { until } from '../support/until.js';

let practice: Practice;
let second: Stars;
let services: SlackService[];

beforeAll(async () => {
  practice = await practise();
  second = await practice.another();
  const { sandbox } = practice;
  services = [await inSlack(practice, 'socket'), await inSlack({ sandbox, stars: second }, 'socket')];
});
afterAll(async () => {
  for (const service of services) await service.stop();
  await second.runs.close('The test is over.');
  await second.close();
  await practice.stop();
});

const slack = () => practice.sandbox.slack;
const idle = () => Promise.all(services.map((service) => service.idle()));

test('of two processes one receives from Slack, and both are ready', () => {
  expect(slack().sockets()).toBe(1);
  expect(services.map((service) => service.connected())).toEqual([true, true]);
});

test('what is asked is performed once, by one of them, and has one message that ends as the run did', async () => {
  const words = Array.from({ length: 6 }, () => `deploy motd sandbox -e nonce=${randomUUID()}`);
  await Promise.all(words.map((text) => slack().say(text)));
  await untilEnded(words.length);
  await idle();
  const runs = await practice.stars.store.list({ limit: 50 });
  expect(runs.map(({ state }) => state)).toEqual(words.map(() => 'succeeded'));
  for (const text of words) {
    const messages = slack()
      .messages()
      .filter((message) => !message.threadTs && toPlain(message).includes(text));
    expect(messages.map((message) => toPlain(message).split(' ')[0])).toEqual(['✅']);
  }
});

test('a run is cancelled from the process that does not perform it', async () => {
  await slack().say('deploy slow sandbox');
  const id = await runningId();
  for (const { runs } of [practice.stars, second]) await runs.cancel(id, 'Enough.', undefined);
  await idle();
  expect(await practice.stars.store.find(id)).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED' } });
});

test('when the receiver stops the other one takes its place', async () => {
  const [first] = services;
  await first?.stop();
  const before = slack().messages().length;
  // Until then Slack tells people that Stars does not answer.
  while (!(await slack().say('deploy motd sandbox')).acked) await slack().until(() => slack().sockets() === 1);
  await slack().until(() => slack().messages().length > before);
  await services[1]?.idle();
  expect(await practice.stars.store.list({ limit: 1 })).toMatchObject([{ state: 'succeeded' }]);
});

/** Looks at what is stored until so many of the newest runs have ended. */
async function untilEnded(count: number): Promise<void> {
  await until(async () => {
    const runs = await practice.stars.store.list({ limit: count });
    return runs.length === count && runs.every(({ finishedAt }) => finishedAt !== undefined);
  });
}

function runningId(): Promise<string> {
  return until(async () => {
    const [run] = await practice.stars.store.list({ limit: 1 });
    return run?.state === 'running' && run.id;
  });
}
