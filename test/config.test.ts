import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/config.js';

const folder = mkdtempSync(join(tmpdir(), 'stars-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('everything has a default', () => {
  expect(readSettings({ HOME: '/home/me' }, '/work-here')).toMatchObject({
    home: '/work-here',
    data: undefined,
    databaseUrl: undefined,
    port: 3000,
    logLevel: 'info',
    vaultPasswordFile: '/home/me/.vault_password.txt',
  });
});

test('an empty variable counts as not set', () => {
  expect(readSettings({ PORT: '', LOG_LEVEL: '', SLACK_BOT_TOKEN: '', STARS_HOME: '' }, '/x')).toMatchObject({
    home: '/x',
    port: 3000,
  });
});

test('folders may be relative or start with a tilde', () => {
  const { home, data } = readSettings({ HOME: '/home/me', STARS_HOME: 'sub', STARS_DATA: '~/data' }, '/x');
  expect([home, data]).toEqual(['/x/sub', '/home/me/data']);
});

test('a secret hides itself, and comes from NAME or from the file of NAME_FILE without its line end', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'xapp-1\n');
  const { slack } = readSettings({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN_FILE: file });
  expect([slack.botToken?.reveal(), slack.appToken?.reveal(), String(slack.botToken)]).toEqual([
    'xoxb-1',
    'xapp-1',
    '[REDACTED]',
  ]);
});

test.each([
  [{ PORT: '99999' }, 'The environment variable PORT must be a number from 0 to 65535, not "99999".'],
  [{ PORT: '3e3' }, 'PORT must be a number'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of fatal, error'],
  [{ TZ: 'Mars/Base' }, 'TZ must be a time zone'],
  [{ PUBLIC_URL: 'stars.example.org' }, 'PUBLIC_URL must be an address'],
  [{ SLACK_API_URL: 'ftp://x' }, 'SLACK_API_URL must be an address'],
  [{ DATABASE_URL: 'mysql://root:hidden@db/x' }, 'DATABASE_URL must be the address of a PostgreSQL database'],
  [{ SLACK_BOT_TOKEN: 'a', SLACK_BOT_TOKEN_FILE: 'b' }, 'Both SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are set'],
  [{ SLACK_BOT_TOKEN_FILE: '/absent' }, 'The file /absent that SLACK_BOT_TOKEN_FILE names cannot be read'],
])('%j is refused in plain words', (env, message) => {
  expect(() => readSettings(env)).toThrow(
    expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(message) }),
  );
  expect(() => readSettings(env)).not.toThrow(/hidden/);
});

test.each(['Europe/Berlin', 'UTC', ':UTC'])('the time zone %s is accepted', (zone) => {
  expect(readSettings({ TZ: zone }).timeZone).toBe(zone.replace(':', ''));
});
