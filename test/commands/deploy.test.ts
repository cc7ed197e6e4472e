import { splitWords } from '../../src/bot/words.js';
import type { RunSource } from '../../src/model/run.js';
import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});
beforeEach(() => practice.sandbox.hosts.host('stars-c3').write('/etc/motd', 'as it was\n'));
afterAll(() => practice.stop());

const motd = () => practice.sandbox.hosts.host('stars-c3').read('/etc/motd');

test('--check says what would change, with --diff how, and writes nothing', async () => {
  const { status, out } = await practice.type('deploy', 'motd', 'sandbox', '--check', '--diff');
  expect(status).toBe(0);
  expect(out).toMatch(/-as it was\n\s*\+hello from stars-c3/);
  expect(out).toContain('Nothing was written.');
  expect(motd()).toBe('as it was\n');
});

test('--limit keeps to the hosts that it names', async () => {
  const { events } = await practice.events('deploy', 'motd', 'sandbox', '--limit', 'workers:!stars-c3');
  expect(Object.keys((events.at(-1) as { hosts?: object }).hosts ?? {})).toEqual(['stars-c4']);
  expect(motd()).toBe('as it was\n');
});

test('-e sets a variable, and what sounds like a password is shown and kept nowhere', async () => {
  const tasks = '- hosts: stars-c3\n  gather_facts: false\n  tasks:\n';
  practice.write(
    'stack/login.yml',
    `${tasks}    - name: Say it\n      debug: {msg: "{{ who }} uses {{ db_password }}"}\n`,
  );
  const { status, out } = await practice.type(
    'deploy',
    'login',
    'sandbox',
    '-e',
    'who=ada',
    '-e',
    'db_password=tell-nobody',
  );
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('ada uses [REDACTED]') });
  const [run] = await practice.stars.store.list({ limit: 1 });
  expect(JSON.stringify([run, await practice.stars.store.events(run?.id ?? '')])).not.toContain('tell-nobody');
});

describe('what sounds like a secret in -e is kept nowhere', () => {
  beforeAll(() => {
    practice.write('stack/quiet.yml', '- hosts: stars-c3\n  gather_facts: false\n  tasks: [{ping: }]\n');
    practice.write('stack/quiet-vars.yml', 'db: {admin_token: file-secret}\n');
    practice.write('inventories/sandbox/home-vars.yml', 'a: b\n');
  });

  async function kept(): Promise<string> {
    const [run] = await practice.stars.store.list({ limit: 1 });
    const said = await Promise.all([practice.type('show', 'last'), practice.type('history')]);
    return JSON.stringify([run, await practice.stars.store.events(run?.id ?? ''), said]);
  }

  test.each([
    ['as JSON', '{"db_password": "json-secret"}', 'json-secret'],
    ['as a YAML mapping', '{db_password: yaml-secret}', 'yaml-secret'],
    ['deep inside of one that sounds so', '{credentials: {main: [{user: a, value: deep-secret}]}}', 'deep-secret'],
    ['as a number', '{"api_key": 90210777}', '90210777'],
    ['with escapes', '{"db_password": "esc\\u0061ped-secret"}', 'ped-secret'],
    ['as ansible_become_pass', "ansible_become_pass='become secret'", 'become secret'],
  ])('%s', async (_what, extraVars, secret) => {
    const { status, events } = await practice.events('deploy', 'quiet', 'sandbox', '-e', extraVars);
    expect(status).toBe(0);
    expect(JSON.stringify(events)).not.toContain(secret);
    expect(events[0]).toMatchObject({ text: expect.stringContaining('[REDACTED]') });
    expect(await kept()).not.toContain(secret);
  });

  test('in a file', async () => {
    practice.write(
      'stack/tell.yml',
      '- hosts: stars-c3\n  gather_facts: false\n  tasks: [{debug: {msg: "it is {{ db.admin_token }}"}}]\n',
    );
    const { out } = await practice.type('deploy', 'tell', 'sandbox', '-e', '@quiet-vars.yml');
    expect(out).toContain('it is [REDACTED]');
    expect(await kept()).not.toContain('file-secret');
  });

  test('spelled with quotes in a chat', async () => {
    await say("deploy quiet sandbox -e db_password=qu'oted'-sec\\ret");
    expect(await kept()).toContain('deploy quiet sandbox -e [REDACTED]');
    expect(await kept()).not.toMatch(/oted|quoted-secret/);
  });
});

describe('-e from a chat is data', () => {
  test('a template in it stays text, which a terminal templates', async () => {
    practice.write(
      'stack/echo.yml',
      '- hosts: stars-c3\n  gather_facts: false\n  tasks: [{debug: {msg: "got {{ who }}"}}]\n',
    );
    const line = 'deploy echo sandbox -e \'{"who": "{{ 6 * 7 }}"}\' -e \'n={{ 1 }}\'';
    for (const source of ['slack', 'console'] as const) expect(await say(line, source)).toContain('got {{ 6 * 7 }}');
    expect(await say(line, 'terminal')).toContain('got 42');
  });

  test.each(['/etc/hostname', '../inventories/sandbox/environment.yml', '~/../../etc/hostname'])(
    '@%s is refused before anything is recorded',
    async (file) => {
      const [before] = await practice.stars.store.list({ limit: 1 });
      await expect(say(`deploy echo sandbox -e @${file}`)).rejects.toMatchObject({ code: 'USAGE' });
      expect((await practice.stars.store.list({ limit: 1 }))[0]).toEqual(before);
    },
  );

  test('a file of the stack is read', async () => {
    practice.write('stack/who.yml', 'who: "{{ 6 * 7 }}"\n');
    expect(await say('deploy echo sandbox -e @who.yml')).toContain('got 42');
  });
});

/** The messages of a run's tasks. */
async function say(text: string, source: RunSource = 'slack'): Promise<string> {
  const person = { id: 'U0ADA', name: 'ada' };
  const messages: string[] = [];
  const answer = await practice.stars.bot.handle({ words: splitWords(text), text, person, source }, (event) => {
    if (event.type === 'task.result' && event.message) messages.push(event.message);
  });
  if (answer.kind === 'run') await answer.ended;
  return messages.join('\n');
}

test('one host is one host in the closing words', async () => {
  const deploy = async () => (await practice.type('deploy', 'motd', 'sandbox', '--limit', 'stars-c3')).out;
  expect(await deploy()).toContain('1 of 1 host changed, it is as it should be.');
  expect(await deploy()).toContain('the one host was as it should be already.');
});

test('a role is deployed by role:NAME, on the hosts of --limit', async () => {
  practice.write(
    'stack/roles/greet/tasks/main.yml',
    '- name: Greet\n  copy: {content: "hi\\n", dest: /etc/motd}\n  become: true\n',
  );
  const { status, out } = await practice.type('deploy', 'role:greet', 'sandbox', '--limit', 'stars-c3');
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('± stars-c3  greet : Greet') });
  expect(motd()).toBe('hi\n');
});

test('a broken app is refused before anything is recorded, with its file', async () => {
  const file = practice.write('stack/conf/marathon/livy.json', '{"id": "/livy"}');
  const { status, out, error } = await practice.type('deploy', 'livy', 'sandbox');
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(error).toContain('The app says nothing that could be run.');
  expect(error).toContain(`${file}:1`);
});
