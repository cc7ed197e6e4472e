import { divided, linesOf, type Project, removeProjects, runPlaybook } from '../support/run-playbook.js';

afterEach(removeProjects);

const INVENTORY = '[web]\nh1 color=red\nh2\nh3\n[db]\nd1\n';

function play(task: string, words = '', more: Project = {}): Project {
  const text = ['- hosts: web', '  gather_facts: false', ...(words ? [`  ${words}`] : []), '  tasks:', `    - ${task}`];
  return { inventory: INVENTORY, 'site.yml': `${text.join('\n')}\n`, ...more };
}

const TRUE = 'command: "true"';

test.each([
  ['run_once', play(`{${TRUE}, run_once: true}`), 'run_once at site.yml:4'],
  ['a flag that only the run knows', play(`{${TRUE}, run_once: "{{ once }}"}`), 'run_once at site.yml:4'],
  ['any_errors_fatal of a play', play(TRUE, 'any_errors_fatal: true'), 'any_errors_fatal at site.yml:1'],
  ['max_fail_percentage', play(TRUE, 'max_fail_percentage: 30'), 'max_fail_percentage at site.yml:1'],
  ['serial', play(TRUE, 'serial: 1'), 'serial at site.yml:1'],
  ['throttle', play(`{${TRUE}, throttle: 1}`), 'throttle at site.yml:4'],
  ['delegate_to', play(`{${TRUE}, delegate_to: d1}`), 'delegate_to at site.yml:4'],
  ['local_action', play('local_action: command true'), 'delegate_to at site.yml:4'],
  ['connection: local', play(`{${TRUE}, connection: local}`), 'connection at site.yml:4'],
  ['add_host', play('add_host: {name: new}'), 'add_host at site.yml:4'],
  ['group_by', play('group_by: {key: x}'), 'group_by at site.yml:4'],
  ['fetch', play('fetch: {src: /etc/hostname, dest: /tmp/x}'), 'fetch at site.yml:4'],
  ['meta: end_play', play('meta: end_play'), 'meta: end_play at site.yml:4'],
  [
    'the hosts of the play',
    play('debug: {msg: "{{ ansible_play_hosts | length }}"}'),
    'ansible_play_hosts at site.yml:4',
  ],
  ['a fact of another host', play('debug: {msg: "{{ hostvars.d1.ansible_facts }}"}'), 'hostvars at site.yml:4'],
  ['all that is known of another host', play('debug: {msg: "{{ hostvars[groups.db[0]] }}"}'), 'hostvars at site.yml:4'],
  [
    'facts of all hosts',
    play(`debug: {msg: "{{ groups.web | map('extract', hostvars, 'ansible_default_ipv4') | list }}"}`),
    'hostvars at site.yml:4',
  ],
  [
    'what a variable reads',
    play('debug: {msg: "{{ others }}"}', 'vars: {others: "{{ play_hosts }}"}'),
    'play_hosts at site.yml:',
  ],
  [
    'what a template reads',
    play('template: {src: x.j2, dest: /tmp/x}', '', { 'templates/x.j2': 'one\n{{ hostvars.d1.up }}\n' }),
    'hostvars at templates/x.j2:2',
  ],
  [
    'what a file of tasks says',
    play('include_tasks: more.yml', '', {
      'more.yml': `- name: x\n- ${TRUE}\n  run_once: yes\n`.replace('- name: x\n', ''),
    }),
    'run_once at more.yml:1',
  ],
  [
    'a handler of a role',
    play(TRUE, 'roles: [r]', { 'roles/r/handlers/main.yml': `- name: h\n  ${TRUE}\n  run_once: true\n` }),
    'run_once at roles/r/handlers/main.yml:1',
  ],
  [
    'plays on different hosts after each other',
    { inventory: INVENTORY, 'site.yml': `- hosts: db\n  tasks: [{${TRUE}}]\n- hosts: web\n  tasks: [{${TRUE}}]\n` },
    'follows on other hosts at site.yml:3',
  ],
])('%s keeps a play from being split, and the place is told before a host is touched', async (_what, project, told) => {
  const refused = divided(project, 2);
  await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(refused).rejects.toThrow('site.yml cannot be split by hosts');
  await expect(refused).rejects.toThrow(told);
});

test.each([
  ['what the inventory says of other hosts', play('debug: {msg: "{{ hostvars.h1.color }} {{ groups.web }}"}')],
  ['the own variables', play('debug: {msg: "{{ hostvars[inventory_hostname].ansible_facts }}"}')],
  ['flags that are off', play(`{${TRUE}, run_once: false, throttle: 0}`, 'any_errors_fatal: no')],
  ['a delegate that is the host itself', play(`{${TRUE}, delegate_to: "{{ inventory_hostname }}"}`)],
])('%s keeps no play from it', async (_what, project) => {
  expect(await divided(project, 2)).toEqual([['h1', 'h2'], ['h3']]);
});

test('a variable of the inventory that a task sets is not the same for all parts', async () => {
  const tasks = '[{set_fact: {color: blue}}, {debug: {msg: "{{ hostvars.h1.color }}"}}]';
  const project = { inventory: INVENTORY, 'site.yml': `- hosts: web\n  gather_facts: false\n  tasks: ${tasks}\n` };
  await expect(divided(project, 2)).rejects.toThrow('hostvars at site.yml:');
});

test('a task that the tags leave out keeps nothing from being split', async () => {
  const project = play(`{${TRUE}, run_once: true, tags: [other]}`);
  expect(await divided(project, 3, { skipTags: ['other'] })).toEqual([['h1'], ['h2'], ['h3']]);
});

test('there are no more parts than hosts, and none without', async () => {
  expect(await divided(play(TRUE), 9)).toEqual([['h1'], ['h2'], ['h3']]);
  expect(await divided(play(TRUE), 2, { limit: 'h2' })).toEqual([['h2']]);
});

describe('what a part only comes by while it runs', () => {
  test('is refused with its place before it is done', async () => {
    const tasks = '[{include_tasks: "{{ which }}.yml"}]';
    const played = await runPlaybook(
      {
        inventory: INVENTORY,
        'site.yml': `- hosts: web\n  gather_facts: false\n  vars: {which: more}\n  tasks: ${tasks}\n`,
        'more.yml': `- ${TRUE}\n  run_once: true\n`,
      },
      { limit: 'h1,h2', part: true },
    );
    expect(played.error).toMatchObject({ code: 'UNSUPPORTED', where: { line: 1 } });
    expect(String(played.error)).toContain('run_once speaks of all hosts');
    expect(linesOf(played).filter((line) => line.includes('command'))).toEqual([]);
  });

  test('is told as an error, not as a part of the truth: the hosts of the play', async () => {
    const { error } = await runPlaybook(play('debug: {msg: "{{ play_hosts }}"}'), { limit: 'h1,h2', part: true });
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('play_hosts is not known') });
  });

  test('is told as an error, not as a part of the truth: a fact of a host of another part', async () => {
    const project = play(`debug: {msg: "{{ hostvars['h' ~ 3].ansible_facts }}"}`);
    const { result } = await runPlaybook(project, { limit: 'h1,h2', part: true });
    expect(Object.values(result?.hosts ?? {}).map(({ failed }) => failed)).toEqual([1, 1]);
  });

  test('what the inventory says of such a host is known', async () => {
    const project = play('debug: {msg: "{{ hostvars.h1.color }}"}');
    const { result } = await runPlaybook(project, { limit: 'h2,h3', part: true });
    expect(result?.failed).toBeUndefined();
  });
});
