import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { SCOPES } from '../../src/slack/scopes.js';
import { SCOPES as GRANTED } from '../../src/sandbox/fake-slack/fake-slack.js';
import { createRedactor } from '../../src/secret.js';
import { runDoctor } from '../../src/terminal/doctor-command.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise({
    slack: { groups: [{ id: 'S0OPS', handle: 'ops', members: ['U0ADA'] }], scopes: GRANTED },
  });
});
afterAll(() => practice.stop());

type Env = Record<string, string | undefined>;

async function doctor(argv: string[] = [], more: Env = {}): Promise<{ status: number; out: string }> {
  const { slack } = practice.sandbox;
  const env = {
    STARS_HOME: practice.home,
    HOME: practice.home,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.url,
    ...more,
  };
  let out = '';
  const terminal = { out: (text: string) => void (out += `${text}\n`), error: (text: string) => void (out += text) };
  const status = await runDoctor({
    argv,
    env,
    cwd: practice.home,
    redactor: createRedactor(),
    clock: systemClock,
    log: silentLog,
    terminal,
  });
  return { status, out };
}

/** An environment with the sandbox's hosts and these words in its file. */
function environment(name: string, change: (config: Record<string, unknown>) => unknown, hosts?: string): void {
  const sandbox = (file: string) => readFileSync(join(practice.home, 'inventories', 'sandbox', file), 'utf8');
  const config = JSON.parse(sandbox('environment.yml').replace(/^#.*\n/, '')) as Record<string, unknown>;
  practice.write(`inventories/${name}/hosts`, hosts ?? sandbox('hosts'));
  practice.write(`inventories/${name}/environment.yml`, JSON.stringify(change(config)));
}

test('all is well in a sandbox', async () => {
  const { status, out } = await doctor(['sandbox']);
  expect(out).toContain('All is well.');
  expect(out).not.toMatch(/[✗!] /);
  expect(status).toBe(0);
  expect(out).toContain('✓ The host keys of all 5 hosts are known.');
  expect(out).toContain('✓ The bot has every scope of manifest.yml.');
  expect(out).toMatch(/✓ Marathon \d+\.\d+\.\d+: \d+ apps/);
  expect(out).toMatch(/✓ The database in .* opens, is up to date and can be written\./);
});

test('without Slack that is said, and is no trouble', async () => {
  const { status, out } = await doctor(['sandbox'], { SLACK_BOT_TOKEN: undefined });
  expect(out).toContain('✓ No Slack is configured');
  expect(status).toBe(0);
});

test('no secret is shown', async () => {
  const { slack } = practice.sandbox;
  const { out } = await doctor(['sandbox'], {
    SLACK_BOT_TOKEN: 'xoxb-wrong-token',
    DATABASE_URL: 'postgres://a:tell-nobody@127.0.0.1:1/x',
  });
  expect(out).toContain('✗ Slack refuses the token (invalid_auth).');
  expect(out).not.toMatch(/xoxb-wrong|tell-nobody/);
  expect(out).not.toContain(slack.appToken);
});

describe('what is wrong is said with what to do', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'a channel without the bot',
      { slack: { channel: 'C0RANDOM' } },
      /✗ Stars is no member of the channel random \(C0RANDOM\)\.\n\s+Invite it/,
    ],
    [
      'a private channel without the bot',
      { slack: { channel: 'G0SECRET' } },
      /✗ The channel G0SECRET does not exist, or it is private/,
    ],
    ['a channel that does not exist', { slack: { channel: 'C0NOWHERE' } }, /✗ The channel C0NOWHERE does not exist/],
    ['a channel that is named', { slack: { channel: 'deploys' } }, /! The channel deploys is named/],
    [
      'a group that does not exist',
      { access: { read: ['S0MISSING'] } },
      /✗ The user group S0MISSING: Slack knows no user group/,
    ],
    [
      'a rule that names no command',
      { access: { rules: [{ who: ['U0ADA'], may: ['deplyo'] }] } },
      /✗ A rule of access lets people deplyo/,
    ],
    [
      'an address where nothing answers',
      { marathon: { url: 'http://127.0.0.1:1' } },
      /✗ Marathon: .*\n\s+Compare its address/,
    ],
    [
      'known hosts that are empty',
      { connection: { user: 'stars', knownHosts: '/dev/null' } },
      /✗ No host key is known of stars-c0, stars-c1.*\n\s+Compare their fingerprints/,
    ],
    [
      'a key that is not there',
      { connection: { user: 'stars', privateKeyFile: 'no-key' } },
      /✗ The key .*no-key does not exist/,
    ],
    [
      'a password that is not set',
      { marathon: { url: 'http://127.0.0.1:1', username: 'a', password: { env: 'NO_SUCH' } } },
      /✗ .*NO_SUCH/,
    ],
  ])('%s', async (_what, words, expected) => {
    environment('ill', (config) => ({ ...config, ...words }));
    const { status, out } = await doctor(['ill']);
    expect(out).toMatch(expected);
    expect(status).toBe(String(expected).startsWith('/!') ? 0 : 1);
  });

  test('a key that others can read', async () => {
    const { privateKey } = practice.sandbox.addresses;
    chmodSync(privateKey, 0o644);
    const { status, out } = await doctor(['sandbox']).finally(() => chmodSync(privateKey, 0o600));
    expect(out).toContain(`✗ The key ${privateKey} can be read by others (mode 0644).\n    chmod 600 ${privateKey}`);
    expect(status).toBe(1);
  });

  test('an inventory and a file that cannot be read, while the rest is looked at', async () => {
    environment('crooked', (config) => config, '[workers:nonsense]\nx\n');
    practice.write('inventories/odd/environment.yml', 'marathn: {}\n');
    const { status, out } = await doctor(['crooked', 'odd', 'sandbox']);
    expect(out).toMatch(/Environment crooked\n {2}✗ .*crooked\/hosts:1/);
    expect(out).toMatch(/Environment odd\n {2}✗ .*odd\/environment\.yml:1:1: marathn/);
    expect(out).toContain('✓ The host keys of all 5 hosts are known.');
    expect(status).toBe(1);
  });

  test('a store that cannot be made', async () => {
    const file = join(practice.home, 'a-file');
    writeFileSync(file, '');
    const { status, out } = await doctor(['sandbox'], { STARS_DATA: join(file, 'data') });
    expect(out).toMatch(/Store\n {2}✗ The database .*a-file\/data\/stars\.db could not be opened/);
    expect(status).toBe(1);
  });

  test('a home that cannot be opened', async () => {
    const { status, out } = await doctor([], { STARS_HOME: '/nowhere/at/all' });
    expect(out).toContain('✗ The Stars home /nowhere/at/all does not exist.');
    expect(status).toBe(1);
  });

  test('a scope that is missing, and what it is for', async () => {
    const poor = await practise({
      slack: { scopes: GRANTED.filter((scope) => !/^(?:users:read|files:write)$/.test(scope)) },
    });
    try {
      const { botToken, url } = poor.sandbox.slack;
      const { status, out } = await doctor(['sandbox'], { SLACK_BOT_TOKEN: botToken, SLACK_API_URL: url });
      expect(out).toMatch(/✗ The scope users:read is missing: .*\n\s+Add it under/);
      expect(out).toMatch(/! The scope files:write is missing/);
      expect(status).toBe(1);
    } finally {
      await poor.stop();
    }
  });
});

test('an environment that does not exist is a mistake in the words', async () => {
  await expect(doctor(['sandbocks'])).rejects.toMatchObject({
    code: 'UNKNOWN_ENVIRONMENT',
    hint: 'Did you mean sandbox?',
  });
});

test('the scopes are those of the manifest', () => {
  const manifest = readFileSync('manifest.yml', 'utf8');
  const granted = [...manifest.matchAll(/^ {6}- ([a-z_.]+(?::[a-z]+)?) #/gm)].map(([, scope]) => scope);
  expect(new Set(Object.keys(SCOPES))).toEqual(new Set(granted));
});

test('in a chat it looks only at what one may operate, and needs that right', async () => {
  environment('shut', (config) => ({ ...config, access: { operate: ['U0BEN'] } }));
  const { out } = await practice.type('doctor');
  expect(out).toContain('Environment sandbox');
  expect(out).not.toContain('Environment shut');
});
