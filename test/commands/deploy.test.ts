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

test('a role is deployed by role:NAME, on the hosts of --limit', async () => {
  practice.write(
    'stack/roles/greet/tasks/main.yml',
    '- name: Greet\n  copy: {content: "hi\\n", dest: /etc/motd}\n  become: true\n',
  );
  const { status, out } = await practice.type('deploy', 'role:greet', 'sandbox', '--limit', 'stars-c3');
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('± stars-c3  greet : Greet') });
  expect(motd()).toBe('hi\n');
});

test('an app is refused before anything is recorded, with its file', async () => {
  const file = practice.write('stack/conf/marathon/livy.json', '{"id": "/livy"}');
  const { status, out, error } = await practice.type('deploy', 'livy', 'sandbox');
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(error).toContain('livy is an app');
  expect(error).toContain(file.split('/').at(-1));
});
