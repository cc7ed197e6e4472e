import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { systemClock } from '../../src/clock.js';
import { createRedactor } from '../../src/secret.js';
import type { Stars } from '../../src/stars.js';
import { createConsole } from '../../src/terminal/console.js';

const redactor = createRedactor();
let server: Server;
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A console in front of a bot that answers like this. */
async function open(handle: Stars['bot']['handle']) {
  const stars = { bot: { commands: [], handle } } as unknown as Stars;
  server = createServer(
    createConsole({ stars, clock: systemClock, redactor, otherwise: (_request, response) => response.end() }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const say = (body: string) =>
    fetch(`${url}/console/say`, { method: 'POST', body, headers: { 'x-stars-console': '1' } });
  const thread = async () =>
    (await (await fetch(`${url}/console/thread`)).json()) as { said: string; parts: string[] }[];
  return { port, say, thread };
}

test('a browser that goes away in the middle of its words says nothing and harms nobody', async () => {
  const { port, say, thread } = await open(async ({ text }) => ({ kind: 'answer', text: `heard ${text}` }));
  const faults: unknown[] = [];
  const note = (fault: unknown) => faults.push(fault);
  process.on('unhandledRejection', note);
  const half = connect(port, '127.0.0.1');
  const arrived = once(server, 'request');
  half.write('POST /console/say HTTP/1.1\r\nhost: localhost\r\nx-stars-console: 1\r\ncontent-length: 20\r\n\r\nhalf');
  const [, response] = (await arrived) as [unknown, NodeJS.WritableStream];
  const closed = once(response, 'close');
  half.resetAndDestroy();
  await closed;
  expect((await say('help')).status).toBe(202);
  expect(await thread()).toEqual([{ said: 'help', parts: ['heard help'] }]);
  process.off('unhandledRejection', note);
  expect(faults).toEqual([]);
});

test('words that are too long are refused', async () => {
  const { say, thread } = await open(async () => ({ kind: 'answer', text: '' }));
  expect((await say('x'.repeat(20_000))).status).toBe(413);
  expect(await thread()).toEqual([]);
});

test('a hundred things are done at once, the next one is told to wait, and one that ends makes room', async () => {
  const ends: (() => void)[] = [];
  const { say, thread } = await open(
    () => new Promise((resolve) => ends.push(() => resolve({ kind: 'answer', text: 'done' }))),
  );
  for (let count = 0; count < 101; count += 1) await say(`help ${count}`);
  expect(ends).toHaveLength(100);
  expect((await thread()).at(-1)).toEqual({ said: 'help 100', parts: [expect.stringMatching(/too much to do/)] });
  ends[0]?.();
  await say('help again');
  expect(ends).toHaveLength(101);
});

test('what turns out to be a secret is not shown again', async () => {
  const { say, thread } = await open(async ({ text }) => {
    redactor.add('hunter2hunter');
    return { kind: 'answer', text: `heard ${text}` };
  });
  await say('deploy x -e password=hunter2hunter');
  expect(JSON.stringify(await thread())).not.toContain('hunter2');
});
