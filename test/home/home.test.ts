import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StarsError } from '../../src/errors.js';
import { openHome, type Home } from '../../src/home/home.js';
import { createRedactor } from '../../src/secret.js';

const root = mkdtempSync(join(tmpdir(), 'stars-home-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** A home with these files, opened with these environment variables. */
async function homeWith(files: Record<string, string>, env: Record<string, string> = {}): Promise<Home> {
  const folder = join(root, String(++count));
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return openHome({ env: { HOME: root, ...env }, cwd: folder });
}

async function failure(promise: Promise<unknown>): Promise<StarsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StarsError);
  return error as StarsError;
}

const HOSTS = { 'inventories/staging/hosts': '[masters]\nm1\nm2\n' };

describe('a home', () => {
  test('works without stars.yml and without anything in it', async () => {
    const home = await homeWith({});
    expect(home.environments()).toEqual([]);
    expect(home.stackFolder).toBe(join(home.folder, 'stack'));
    expect(home.dataFolder).toBe(join(home.folder, '.stars'));
    expect(await home.targets()).toEqual([]);
    expect((await failure(home.environment('production'))).hint).toContain('There is none yet');
  });

  test('that does not exist is a configuration error that names STARS_HOME', async () => {
    const error = await failure(openHome({ env: { STARS_HOME: '/nowhere/at/all' }, cwd: root }));
    expect(error.code).toBe('CONFIG');
    expect(error.describe()).toContain('STARS_HOME');
  });

  test('takes the stack and the data folder from stars.yml, and STARS_DATA before it', async () => {
    const files = { 'stars.yml': 'stack: ansible\ndata: /var/lib/stars\n' };
    const home = await homeWith(files);
    expect(home.stackFolder).toBe(join(home.folder, 'ansible'));
    expect(home.dataFolder).toBe('/var/lib/stars');
    expect((await homeWith(files, { STARS_DATA: '/srv/stars' })).dataFolder).toBe('/srv/stars');
  });

  test('knows the environment of a channel, else its default, else the only one', async () => {
    const two = { ...HOSTS, 'inventories/production/hosts': 'p1\n' };
    const stars = 'defaults:\n  environment: production\n  channels: {lab: staging, C0LAB: staging}\n';
    const home = await homeWith({ ...two, 'stars.yml': stars });
    expect(home.defaultEnvironment('C0LAB')).toBe('staging');
    expect(home.defaultEnvironment('C0X', '#lab')).toBe('staging');
    expect(home.defaultEnvironment('C0X', 'general')).toBe('production');
    expect((await homeWith(HOSTS)).defaultEnvironment()).toBe('staging');
    expect((await homeWith(two)).defaultEnvironment()).toBeUndefined();
  });

  test('keeps events for 90 days and runs for 400, or as long as stars.yml says', async () => {
    const days = (count: number) => count * 86_400_000;
    expect((await homeWith({})).config.retention).toEqual({ events: days(90), runs: days(400) });
    const home = await homeWith({ 'stars.yml': 'retention: {events: 2w, runs: 2y}\n' });
    expect(home.config.retention).toEqual({ events: days(14), runs: days(730) });
  });

  test.each([
    ['an unknown key', 'stac: x\n', 'stars.yml:1:1: stac is not known here.\nDid you mean stack?'],
    ['a wrong type', 'data: /x\nstack: [a]\n', 'stars.yml:2:1: stack must be a text, not a list.'],
    [
      'an unknown key further in',
      'defaults:\n  environmnt: x\n',
      'stars.yml:2:3: defaults.environmnt is not known here.\nDid you mean environment?',
    ],
    [
      'a name where an id belongs',
      'access:\n  operate:\n    - alice\n',
      'stars.yml:2:3: access.operate.0 must be an id that Slack can confirm, not "alice".',
    ],
    ['a person without an id', 'people:\n  root: Alice\n', 'stars.yml:2:3: people.root must be a Slack user id'],
    ['a time that is none', 'retention: {events: 90}\n', 'stars.yml:1:13: retention.events must be a text'],
    ['a time of no unit', 'retention: {runs: 1 month}\n', 'retention.runs must be a time such as 90d, 12w or 2y'],
    ['a list', '- a\n', 'This file holds key: value pairs'],
    ['no YAML', 'a: [\n', 'stars.yml:'],
  ])('says what is wrong with %s in stars.yml', async (_title, content, expected) => {
    expect((await failure(homeWith({ 'stars.yml': content }))).describe()).toContain(expected);
  });
});

describe('an environment', () => {
  test('without environment.yml has its hosts and harmless defaults', async () => {
    const environment = await (await homeWith(HOSTS)).environment('staging');
    expect((await environment.inventory()).hosts).toEqual(['m1', 'm2']);
    expect(environment.config).toMatchObject({
      production: false,
      sandbox: false,
      schedules: [],
      freeze: [],
      connection: { timeoutSeconds: 10 },
    });
  });

  test('called production is production unless its file denies it', async () => {
    const home = await homeWith({
      'inventories/production/hosts': '',
      'inventories/other/hosts': '',
      'inventories/other/environment.yml': 'production: true\n',
    });
    expect((await home.environment('production')).config.production).toBe(true);
    expect((await home.environment('other')).config.production).toBe(true);
  });

  test.each(['hosts', 'hosts.ini', 'inventory/any', 'hosts/any'])(
    'finds its inventory in %s and group_vars beside it',
    async (name) => {
      const home = await homeWith({ [`inventories/e/${name}`]: 'h1\n', 'inventories/e/group_vars/all': 'a: 1\n' });
      const inventory = await (await home.environment('e')).inventory();
      expect(inventory.hosts).toEqual(['h1']);
      expect(inventory.variablesOf('h1').get('a')).toBe(1);
    },
  );

  test('finds its inventory where environment.yml says', async () => {
    const home = await homeWith({
      'inventories/e/environment.yml': 'inventory: ../../old/production\n',
      'old/production': 'h9\n',
    });
    expect((await (await home.environment('e')).inventory()).hosts).toEqual(['h9']);
  });

  test('without an inventory says where to write the hosts', async () => {
    const home = await homeWith({ 'inventories/e/environment.yml': 'production: false\n' });
    expect((await failure((await home.environment('e')).inventory())).describe()).toContain(
      join('inventories', 'e', 'hosts'),
    );
  });

  test('that does not exist is answered with near names and the list', async () => {
    const error = await failure((await homeWith(HOSTS)).environment('stagin'));
    expect(error.code).toBe('UNKNOWN_ENVIRONMENT');
    expect(error.hint).toBe('Did you mean staging? There are: staging.');
    expect((await failure((await homeWith(HOSTS)).environment('../staging'))).code).toBe('UNKNOWN_ENVIRONMENT');
  });

  test('reads every section that the contract names', async () => {
    const home = await homeWith(
      {
        ...HOSTS,
        'inventories/staging/environment.yml': `
marathon: {url: "http://m1:8080", username: stars, password: {env: MARATHON_PASSWORD}}
chronos: {url: ["http://m1:4400", "http://m2:4400"]}
mesos: {url: ["http://m1:5050"]}
mesosDns: {url: "http://m1:8123"}
zookeeper: {hosts: ["m1:2181", "m2:2181"]}
services: {zeppelin: {url: "http://z:8080"}}
slack: {channel: C012AB3CD}
access: {operate: [U012AB3CD, "terminal:root"]}
approvals: {commands: [deploy], approvers: [S012AB3CD]}
schedules: [{name: nightly, command: backup, cron: "0 3 * * *"}]
freeze: [{from: 2026-12-24T00:00:00Z, until: 2026-12-27T00:00:00Z, reason: holidays}]
connection: {user: stars, privateKeyFile: keys/id, knownHosts: ~/known, timeoutSeconds: 5}
`,
      },
      { MARATHON_PASSWORD: 'pass-word' },
    );
    const environment = await home.environment('staging');
    const endpoints = await environment.endpoints();
    expect(endpoints.marathon).toMatchObject({ url: ['http://m1:8080'], username: 'stars' });
    expect(endpoints.marathon?.password?.reveal()).toBe('pass-word');
    expect(home.redactor.redact('it is pass-word')).toBe('it is [REDACTED]');
    expect(endpoints.chronos?.url).toHaveLength(2);
    expect(environment.requireSection('zookeeper').hosts).toEqual(['m1:2181', 'm2:2181']);
    expect(environment.config.connection).toEqual({
      user: 'stars',
      port: undefined,
      privateKeyFile: join(environment.folder, 'keys/id'),
      knownHosts: join(root, 'known'),
      timeoutSeconds: 5,
    });
    expect(environment.config.approvals).toEqual({
      commands: ['deploy'],
      approvers: ['S012AB3CD'],
      count: 1,
      expiresMinutes: 60,
    });
    expect(environment.config.access).toEqual({ operate: ['U012AB3CD', 'terminal:root'] });
  });

  test('reads the certificates to trust, and says what is wrong with the file that should hold them', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const files = { ...HOSTS, 'inventories/staging/environment.yml': 'ca: certs/ca.pem\n' };
    const home = await homeWith({ ...files, 'inventories/staging/certs/ca.pem': pem });
    expect((await (await home.environment('staging')).endpoints()).ca).toBe(pem);
    const empty = await homeWith({ ...files, 'inventories/staging/certs/ca.pem': 'nothing' });
    expect((await failure((await empty.environment('staging')).endpoints())).message).toContain('holds no certificate');
    const wrong = await homeWith({ ...files, 'inventories/staging/environment.yml': 'ca: none.pem\n' });
    expect(await failure((await wrong.environment('staging')).endpoints())).toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('none.pem cannot be read'),
    });
  });

  test('inherits the rights of stars.yml that it does not set itself', async () => {
    const home = await homeWith({
      ...HOSTS,
      'stars.yml': 'access: {read: [everyone], operate: [U0AA]}\n',
      'inventories/staging/environment.yml': 'access: {operate: [U0BB]}\n',
    });
    expect((await home.environment('staging')).config.access).toEqual({ read: ['everyone'], operate: ['U0BB'] });
  });

  test('without a section that a command needs says which line to add to which file', async () => {
    const environment = await (await homeWith(HOSTS)).environment('staging');
    expect(() => environment.requireSection('marathon')).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        hint: expect.stringMatching(/Add this line to .*staging\/environment\.yml.*marathon: \{url:/),
      }),
    );
  });

  test('with a password in the address that backups are pushed to is refused without showing it', async () => {
    const content = 'backups:\n  git: {push: "https://ann:hunter22@git.example.org/x.git"}\n';
    const home = await homeWith({ ...HOSTS, 'inventories/staging/environment.yml': content });
    const text = (await failure(home.environment('staging'))).describe();
    expect(text).toContain('backups.git.push must not have a password in it.');
    expect(text).not.toContain('hunter22');
  });

  test.each([
    [
      'a secret in plain text',
      'marathon:\n  url: http://m:8080\n  username: a\n  password: hunter22\n',
      ':4:3: marathon.password is a secret and must not stand here in plain text.',
    ],
    [
      'a secret kept nowhere',
      'marathon: {url: "http://m", password: {vaul: x}}\n',
      'marathon.password must say where the secret is kept.',
    ],
    [
      'no address',
      'marathon:\n  url: m1:8080\n',
      ':2:3: marathon.url must be an address such as http://host:8080 or a list, not "m1:8080".',
    ],
    ['a missing address', 'marathon: {username: x}\n', ':1:1: marathon.url is missing.'],
    ['a misspelt section', 'marathn: {}\n', ':1:1: marathn is not known here.\nDid you mean marathon?'],
    ['a host without a port', 'zookeeper: {hosts: [m1]}\n', 'zookeeper.hosts.0 must be host:port, not "m1".'],
    ['a wrong schedule', 'schedules: [{name: a, command: b, cron: "often"}]\n', 'schedules.0.cron must be five fields'],
    [
      'a schedule out of range',
      'schedules: [{name: a, command: b, cron: "61 2 * * *"}]\n',
      'schedules.0.cron must come at some time: minute 0-59',
    ],
    [
      'a schedule on a day that no month has',
      'schedules: [{name: a, command: b, cron: "0 2 30 2 *"}]\n',
      'schedules.0.cron must come at some time: ',
    ],
    ['a wrong moment', 'freeze: [{from: soon, until: later, reason: x}]\n', 'freeze.0.from must be a date and time'],
    [
      'a remote of backups that is an option',
      'backups: {git: {push: --upload-pack=x}}\n',
      'backups.git.push must be an address',
    ],
    ['no day', 'expires: {"the token": soon}\n', 'expires.the token must be a day such as 2027-01-31, not "soon".'],
    [
      'paths of ZooKeeper that nobody reads',
      'zookeeper: {hosts: ["m1:2181"], paths: [/a]}\n',
      'zookeeper.paths is not known here.',
    ],
    ['a wrong number', 'connection: {timeoutSeconds: 0}\n', 'connection.timeoutSeconds must be at least 1, not 0.'],
    [
      'nothing where a section stands',
      'marathon:\n',
      'marathon must be a mapping (key: value), and nothing stands here.',
    ],
  ])('says what is wrong with %s', async (_title, content, expected) => {
    const home = await homeWith({ ...HOSTS, 'inventories/staging/environment.yml': content });
    const error = await failure(home.environment('staging'));
    expect(error.code).toBe('CONFIG');
    expect(error.describe()).toContain(expected);
    expect(error.describe()).not.toContain('hunter22');
  });
});

describe('a secret', () => {
  const withPassword = (reference: string) => ({
    ...HOSTS,
    'inventories/staging/environment.yml': `marathon: {url: "http://m", password: ${reference}}\n`,
    'inventories/staging/pw': 'from-file\n',
  });
  const passwordOf = async (home: Home) =>
    (await (await home.environment('staging')).endpoints()).marathon?.password?.reveal();

  test('comes from a file beside environment.yml, without its line end', async () => {
    expect(await passwordOf(await homeWith(withPassword('{file: pw}')))).toBe('from-file');
  });

  test('comes from an environment variable, or from the file that NAME_FILE names', async () => {
    expect(await passwordOf(await homeWith(withPassword('{env: PW}'), { PW: 'direct' }))).toBe('direct');
    const home = await homeWith(withPassword('{env: PW}'));
    const again = await openHome({ env: { PW_FILE: join(home.folder, 'inventories/staging/pw') }, cwd: home.folder });
    expect(await passwordOf(again)).toBe('from-file');
  });

  test('comes from a variable of group_vars/all', async () => {
    const home = await homeWith({
      ...withPassword('{vault: marathon_password}'),
      'inventories/staging/group_vars/all': 'marathon_password: from-vars\nother: "{{ marathon_password }}"\n',
    });
    expect(await passwordOf(home)).toBe('from-vars');
  });

  test.each([
    ['{env: NOT_SET}', 'Set NOT_SET'],
    ['{file: absent}', 'cannot be read'],
    ['{vault: absent}', 'Add absent to an encrypted file'],
    ['{vault: other}', 'is a template'],
  ])('kept in %s that is not there says what to provide', async (reference, expected) => {
    const home = await homeWith({
      ...withPassword(reference),
      'inventories/staging/group_vars/all': 'other: "{{ x }}"\n',
    });
    expect((await failure(passwordOf(home))).describe()).toContain(expected);
  });

  test('of the process is known to the redactor', async () => {
    const redactor = createRedactor();
    const folder = (await homeWith({})).folder;
    await openHome({
      env: { SLACK_BOT_TOKEN: 'xoxb-123456', DATABASE_URL: 'postgres://stars:db-pass@db/stars' },
      cwd: folder,
      redactor,
    });
    expect(redactor.redact('xoxb-123456 db-pass')).toBe('[REDACTED] [REDACTED]');
  });
});

describe('targets', () => {
  const STACK = {
    'stack/site.yml': '- import_playbook: masters.yml\n',
    'stack/masters.yml': '- hosts: masters\n  roles: [zookeeper]\n',
    'stack/broken.yml': '- hosts: [\n',
    'stack/requirements.yml': '- src: a.b\n',
    'stack/vars.yml': 'a: 1\n',
    // So large that parsing it would be felt in every command: its first lines tell enough.
    'stack/many.yml': `# what we have\nhosts: all\n${'key: value\n'.repeat(10_000)}`,
    'stack/list.yml': '- name: value\n'.repeat(10_000),
    'stack/roles/zookeeper/tasks/main.yml': '',
    'stack/conf/marathon/zeppelin.json': '{"id": "/analytics/zeppelin"}',
    'stack/conf/chronos/reindex.json': '{"name": "nightly-reindex"}',
  };

  test('are playbooks, roles, apps and jobs of the stack', async () => {
    const targets = await (await homeWith(STACK)).targets();
    expect(targets.map(({ kind, name, ids }) => [kind, name, ...ids].join(' '))).toEqual([
      'playbook broken',
      'playbook masters',
      'playbook site',
      'role zookeeper',
      'app zeppelin /analytics/zeppelin',
      'job reindex nightly-reindex',
    ]);
  });

  test.each([
    ['site', 'playbook', 'site'],
    ['site.yml', 'playbook', 'site'],
    ['role:zookeeper', 'role', 'zookeeper'],
    ['zeppelin', 'app', 'zeppelin'],
    ['/analytics/zeppelin', 'app', 'zeppelin'],
    ['analytics/zeppelin', 'app', 'zeppelin'],
    ['app:zeppelin', 'app', 'zeppelin'],
    ['job:reindex', 'job', 'reindex'],
    ['job:nightly-reindex', 'job', 'reindex'],
  ])('%s is the %s %s', async (text, kind, name) => {
    expect(await (await homeWith(STACK)).resolveTarget(text)).toMatchObject({ kind, name });
  });

  test.each([
    ['mastrs', 'Did you mean masters?'],
    ['zookeeper', 'Did you mean role:zookeeper?'],
    ['job:renidex', 'Did you mean job:reindex?'],
    ['../site', 'Did you mean'],
    ['something else entirely', 'playbooks: broken, masters, site; roles: zookeeper; apps: zeppelin; jobs: reindex'],
  ])('%s is unknown and answered with: %s', async (text, hint) => {
    const error = await failure((await homeWith(STACK)).resolveTarget(text));
    expect(error.code).toBe('UNKNOWN_TARGET');
    expect(error.hint).toContain(hint);
  });

  test('variables and lists that lie beside the playbooks are none, also where they are no YAML', async () => {
    const home = await homeWith({
      ...STACK,
      'stack/vars.yml': '# ours\n---\nhosts: 1\n  bad: [\n',
      'stack/users.yml': '- {name: ann}\n- [unclosed\n',
      'stack/quoted.yml': '- {"hosts": all}\n',
      'stack/forgot.yml': '- name: x\n  tasks: []\n',
    });
    execFileSync('mkfifo', [join(home.stackFolder, 'pipe.yml')]);
    const names = (await home.targets()).filter(({ kind }) => kind === 'playbook').map(({ name }) => name);
    expect(names).toEqual(['broken', 'forgot', 'masters', 'quoted', 'site']);
  });

  test('a file of that name that is no playbook is named', async () => {
    const home = await homeWith({ ...STACK, 'stack/empty.yml': '', 'stack/vars.yml': 'a: 1\n' });
    for (const name of ['empty', 'vars.yml']) {
      expect(await failure(home.resolveTarget(name))).toMatchObject({
        code: 'PLAYBOOK',
        message: 'This file is no playbook: it holds no list of plays.',
        where: { file: expect.stringMatching(/stack\/(empty|vars)\.yml$/) },
      });
    }
  });
});
