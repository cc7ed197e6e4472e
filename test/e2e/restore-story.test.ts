import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import type { SlackService } from '../../src/serve.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { inSlack, practise, type Practice } from './support/practice.js';
import { until } from '../support/until.js';

let practice: Practice;
let service: SlackService;
let original: string;

const FILE = 'inventories/sandbox/environment.yml';

beforeAll(async () => {
  practice = await practise();
  original = readFileSync(join(practice.home, FILE), 'utf8');
  service = await inSlack(practice, 'socket');
});
afterAll(async () => {
  await service.stop();
  await practice.stop();
});
afterEach(() => practice.write(FILE, original));

const slack = () => practice.sandbox.slack;
const api = (path: string, init?: RequestInit) => fetch(`${practice.sandbox.addresses.marathon}/v2${path}`, init);
const has = async (name: string) => (await api(`/apps/${name}`)).status === 200;

function configured(extra: Record<string, unknown>): void {
  practice.write(FILE, JSON.stringify({ ...(parse(original) as object), ...extra }));
}

async function lose(name: string): Promise<void> {
  await api(`/apps/${name}`, { method: 'DELETE' });
  await until(async () => {
    const open = (await (await api('/deployments')).json()) as unknown[];
    return open.length === 0 && !(await has(name));
  });
}

test('a restore shows its plan and waits; approved, it does that, and its button takes it back', async () => {
  expect(await practice.type('backup', 'sandbox')).toMatchObject({
    status: 0,
    out: expect.stringContaining('Saved 5 apps, 4 jobs'),
  });
  await lose('lightning');
  configured({ approvals: { commands: ['restore'], approvers: ['U0BEN'] } });

  const root = await asked('restore last sandbox');
  expect(text(root)).toContain('waits for approval');
  expect(text(root)).toContain('create /lightning');
  await expect(has('lightning')).resolves.toBe(false);
  await pressed(root, 'approve', 'ben');
  await expect(has('lightning')).resolves.toBe(true);
  expect(text(again(root))).toContain('✅ restore last sandbox');
  expect(text(again(root))).toContain('[Undo]');

  configured({});
  await pressed(again(root), 'restore', 'ada');
  await expect(has('lightning')).resolves.toBe(false);
});

test('what changed between plan and approval is not restored', async () => {
  await lose('livy');
  configured({ approvals: { commands: ['restore'], approvers: ['U0BEN'] } });
  const root = await asked('restore last sandbox --app livy');
  await api('/apps//livy', { method: 'PUT', body: '{"cmd":"other"}', headers: { 'content-type': 'application/json' } });
  await pressed(root, 'approve', 'ben');
  expect(text(again(root))).toContain('would do something else by now');
});

test('a frozen environment still takes backups and shows what a restore would do', async () => {
  configured({ freeze: [{ from: '2020-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z', reason: 'for ever' }] });
  expect(await practice.type('backup', 'sandbox')).toMatchObject({ status: 0 });
  expect(await practice.type('restore', 'last', 'sandbox', '--check')).toMatchObject({ status: 0 });
  expect(await practice.type('restore', 'last', 'sandbox')).toMatchObject({ status: 4 });
});

/** Asks, and waits until nothing more happens. */
async function asked(words: string): Promise<FakeMessage> {
  const before = new Set(
    slack()
      .messages()
      .map(({ ts }) => ts),
  );
  await slack().say(words);
  const roots = () =>
    slack()
      .messages()
      .filter(({ ts, threadTs, onlyFor }) => !before.has(ts) && !threadTs && !onlyFor);
  await slack().until(() => roots().some((root) => /waits|✅|❌/.test(text(root))));
  await service.idle();
  const [root] = roots();
  if (!root) throw new Error('no message');
  return again(root);
}

async function pressed(root: FakeMessage, what: string, person: string): Promise<void> {
  await slack().click(root.ts, `stars.do.${what}`, { person });
  await service.idle();
}

function again({ ts }: FakeMessage): FakeMessage {
  const found = slack()
    .messages()
    .find((message) => message.ts === ts);
  if (!found) throw new Error('the message is gone');
  return found;
}

function text(message: FakeMessage): string {
  return toPlain(message);
}

test('a deployment of a restore that is in the way of another run is told as that run', async () => {
  const { control } = practice.sandbox.cluster;
  for (const words of ['scale zeppelin 2 sandbox', 'backup sandbox', 'scale zeppelin 1 sandbox'])
    expect(await practice.type(...words.split(' '))).toMatchObject({ status: 0 });
  control.hangDeployments('/zeppelin');
  try {
    const restored = await practice.type('restore', 'last', 'sandbox', '--app', '/zeppelin', '--wait', '1s');
    expect(restored).toMatchObject({
      status: 1,
      out: expect.stringMatching(/✓ Change \/zeppelin: deployment [\da-f-]{36}/),
    });
    const [, run] = /^Run (\S+)/m.exec(restored.out) ?? [];
    const { error } = await practice.type('restart', 'zeppelin', 'sandbox', '--yes');
    expect(error).toMatch(/zeppelin is locked by deployment [\da-f-]{36}/);
    expect(error).toContain(`“restore last sandbox --app /zeppelin --wait 1s” (run ${run}).`);
  } finally {
    control.hangDeployments('/zeppelin', false);
  }
});
