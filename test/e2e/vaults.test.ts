import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vaulted } from '../support/vaulted.js';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;

const vault = (text: string) => vaulted(text, 'of the vault');
const SECRETS = {
  of_group: 'group-secret-4711',
  of_role: 'role-secret-4711',
  of_file: 'file-secret-4711',
  number: 471_147_114_711,
};

const TASKS = `
- {name: Configure, copy: {content: "{{ of_group }} {{ of_role }} {{ number }}\\n", dest: /etc/motd}}
- {name: Install, copy: {src: secret.conf, dest: /etc/issue}}
- {name: Say, debug: {msg: "{{ of_role }}"}}
- {name: Hide, command: "echo unseen-{{ 4711 }}", no_log: yes, register: hidden}
- {name: Fail, command: "echo {{ of_group }} && false", ignore_errors: yes}
- {name: Loop, debug: {msg: "{{ item }}"}, loop: [{pw: "{{ of_group }}"}, {pw: "{{ number }}"}]}
`;

beforeAll(async () => {
  practice = await practise({ vaultPassword: 'of the vault' });
  const { of_group, of_role, of_file, number } = SECRETS;
  practice.write(
    'inventories/sandbox/group_vars/workers/vault.yml',
    vault(`of_group: ${of_group}\nnumber: ${number}\n`),
  );
  practice.write('stack/roles/web/vars/main.yml', vault(`of_role: ${of_role}\n`));
  practice.write('stack/roles/web/files/secret.conf', vault(`pass=${of_file}\n`));
  practice.write('stack/roles/web/tasks/main.yml', TASKS);
  practice.write('stack/web.yml', '- {name: Web, hosts: stars-c3, become: true, gather_facts: false, roles: [web]}\n');
});
afterAll(() => practice.stop());

/** Every byte below the data folder, the database and its log among them. */
function kept(): string {
  const names = readdirSync(practice.dataFolder, { recursive: true, withFileTypes: true });
  return names
    .flatMap((entry) => (entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), 'latin1')] : []))
    .join('\n');
}

test('what is in vaults and what no_log hides reaches the host, and neither a plan, the thread nor the database', async () => {
  const plan = await practice.type('plan', 'web', 'sandbox');
  const deploy = await practice.type('deploy', 'web', 'sandbox', '--diff');
  const again = await practice.events('deploy', 'web', 'sandbox', '--diff');
  const show = await practice.type('show', 'last');
  expect([plan.status, deploy.status, again.status, show.status]).toEqual([0, 0, 0, 0]);
  const host = practice.sandbox.hosts.host('stars-c3');
  expect(host.read('/etc/motd')).toBe('group-secret-4711 role-secret-4711 471147114711\n');
  expect(host.read('/etc/issue')).toBe('pass=file-secret-4711\n');
  const database = kept();
  // The names of its tasks show that it is there to be read.
  expect(database).toContain('Configure');
  const everything = JSON.stringify([plan, deploy, again, show]) + database;
  const found = [...Object.values(SECRETS).map(String), 'unseen-4711'].filter((secret) => everything.includes(secret));
  expect(found).toEqual([]);
});

test('a vault that holds words of the project keeps nobody from applying a plan, from resuming and from retrying', async () => {
  practice.write(
    'inventories/sandbox/group_vars/workers/words.yml',
    vault('words: [host, task, type, state, stars, stack, mixed, Break, nginx, failed, result, seal]\n'),
  );
  practice.write(
    'stack/mixed.yml',
    `
- name: Mixed
  hosts: workers
  become: true
  gather_facts: false
  tasks:
    - {name: Install nginx, copy: {content: "{{ words[0] }}\\n", dest: /etc/motd}, notify: Reload nginx}
    - {name: Break nginx, command: grep yes /tmp/ready}
    - {name: Say, debug: {msg: "{{ words[4] }}"}}
  handlers:
    - {name: Reload nginx, copy: {content: "reloaded\\n", dest: /etc/issue}}
`,
  );
  const host = practice.sandbox.hosts.host('stars-c4');
  const ready = (name: string, word = 'yes') => practice.sandbox.hosts.host(name).write('/tmp/ready', `${word}\n`);
  for (const name of ['stars-c3', 'stars-c4']) ready(name);
  const [first] = (await practice.events('plan', 'mixed', 'sandbox')).events;
  expect(await practice.events('apply', first?.run ?? '')).toMatchObject({ status: 0, error: '' });
  expect(host.read('/etc/motd')).toBe('host\n');

  ready('stars-c4', 'no');
  host.write('/etc/motd', 'changed\n');
  host.write('/etc/issue', 'changed\n');
  const failed = await practice.events('deploy', 'mixed', 'sandbox');
  expect(failed).toMatchObject({ status: 1 });
  expect(failed.events.at(-1)).toMatchObject({ type: 'run.finished', state: 'failed' });
  ready('stars-c4');
  const resumed = await practice.events('resume', 'last');
  expect(resumed).toMatchObject({ status: 0, error: '' });
  const done = resumed.events.flatMap((event) => (event.type === 'task.result' ? [`${event.task} ${event.host}`] : []));
  expect(done).toEqual(['Break nginx stars-c4', 'Say stars-c4', 'Reload nginx stars-c4']);
  expect(host.read('/etc/issue')).toBe('reloaded\n');
});
