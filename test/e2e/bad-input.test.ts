import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { practise, type Practice } from './support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
});
afterAll(() => practice.stop());

/** A play on the workers with these lines as its tasks. */
function playbook(...tasks: string[]): string {
  return ['- hosts: workers', '  gather_facts: false', '  tasks:', ...tasks.map((line) => `    ${line}`), ''].join(
    '\n',
  );
}

/** The sandbox's own configuration, with another one's words in place of these. */
function environment(name: string, change: (config: Record<string, unknown>) => unknown, hosts?: string): void {
  const sandbox = (file: string) => readFileSync(join(practice.home, 'inventories', 'sandbox', file), 'utf8');
  const config = JSON.parse(sandbox('environment.yml').replace(/^#.*\n/, '')) as Record<string, unknown>;
  practice.write(`inventories/${name}/environment.yml`, JSON.stringify(change(config)));
  practice.write(`inventories/${name}/hosts`, hosts ?? sandbox('hosts'));
}

describe('a mistake in the words', () => {
  test.each([
    ['an unknown command', ['depoly', 'motd', 'sandbox'], 'There is no command depoly.\nDid you mean deploy?'],
    ['an unknown target', ['deploy', 'mtod', 'sandbox'], /mtod.*\nDid you mean motd\?/],
    [
      'an unknown environment',
      ['deploy', 'motd', 'sandbocks'],
      'There is no environment sandbocks.\nDid you mean sandbox?',
    ],
    ['an unknown flag', ['deploy', 'motd', 'sandbox', '--chek'], /--chek.*Did you mean --check\?/],
    ['a host pattern that fits nothing', ['deploy', 'motd', 'sandbox', '--limit', 'stars-c99'], /stars-c99/],
    ['a word too few', ['deploy'], /<target> is missing/],
    ['a word too many', ['deploy', 'motd', 'sandbox', 'now', 'please'], /too many words/],
    ['a flag without its value', ['deploy', 'motd', 'sandbox', '--forks'], /--forks/],
    ['a value that is no number', ['deploy', 'motd', 'sandbox', '--forks', 'many'], /forks: must be a number/],
    ['an empty word', ['deploy', '', 'sandbox'], /empty/],
    ['an empty command', [''], /no command/],
    ['a run that does not exist', ['show', 'nothing'], /There is no run nothing/],
    ['a very long word', ['deploy', 'x'.repeat(50_000), 'sandbox'], /too long: it has 50000 characters/],
    ['words that are no text', ['deploy', '\u001b[31m\u0007\uFFFD', 'sandbox'], /no playbook or app/],
  ])('%s gives one message and status 2', async (_what, words, message) => {
    const { status, out, error } = await practice.type(...words);
    expect(error).toMatch(message);
    expect(status).toBe(2);
    expect(error).not.toMatch(/^\s+at /m);
    expect(error.match(/^stars: /gm)).toHaveLength(1);
    expect(error.length).toBeLessThan(1_000);
    // oxlint-disable-next-line no-control-regex
    expect(out + error).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });

  test('whoever may not is refused with status 3 and learns who may', async () => {
    environment('closed', (config) => ({ ...config, access: { provision: ['U0ADA'] } }));
    const { status, error } = await practice.type('deploy', 'motd', 'closed');
    expect(error).toMatch(/You may not deploy on closed\.\naccess\.provision in .*closed\/environment\.yml/);
    expect(status).toBe(3);
  });

  test('--help and -h show the page of the command, wherever they stand', async () => {
    const page = await practice.type('help', 'deploy');
    expect(page).toMatchObject({ status: 0, error: '', out: expect.stringContaining('--skip-tags') });
    expect(await practice.type('deploy', '--help')).toEqual(page);
    expect(await practice.type('deploy', 'motd', '-h')).toEqual(page);
    expect((await practice.type('--help')).out).toBe((await practice.type('help')).out);
  });
});

describe('a mistake in a file', () => {
  test('of a playbook is shown with file, line and column', async () => {
    const file = practice.write('stack/broken.yml', '- hosts: workers\n  tasks:\n    - name: "never closed\n');
    const { status, error } = await practice.type('deploy', 'broken', 'sandbox');
    expect(error).toMatch(new RegExp(`${fileName(file)}:\\d+:\\d+: `));
    expect(status).toBe(2);
  });

  test('of an inventory is shown with file and line', async () => {
    environment('crooked', (config) => config, '[workers]\nstars-c3 ansible_host=127.0.0.1\n[workers:nonsense]\nx\n');
    const { status, error } = await practice.type('deploy', 'motd', 'crooked');
    expect(error).toMatch(/crooked\/hosts:3/);
    expect(status).toBe(2);
  });

  test('of environment.yml is shown with file and line', async () => {
    practice.write('inventories/odd/hosts', 'localhost\n');
    practice.write(
      'inventories/odd/environment.yml',
      'chronos: {url: ["http://127.0.0.1:1"]}\nmarathn: {url: ["http://127.0.0.1:1"]}\n',
    );
    const { status, error } = await practice.type('status', 'odd');
    expect(error).toMatch(/odd\/environment\.yml:2:1: marathn[\s\S]*marathon/);
    expect(status).toBe(2);
  });

  test('an unknown module is named, with near ones', async () => {
    practice.write('stack/module.yml', playbook('- name: Copy it', '  coppy: {content: a, dest: /tmp/a}'));
    const { status, error } = await practice.type('deploy', 'module', 'sandbox');
    expect(error).toMatch(/module\.yml:\d+.*coppy[\s\S]*copy/);
    expect(status).toBe(2);
  });

  test('an undefined variable is named with its task, file and line', async () => {
    practice.write(
      'stack/variable.yml',
      playbook('- name: Use it', '  copy: {content: "{{ zoo_myid }}", dest: /tmp/a}'),
    );
    const { status, out } = await practice.type('deploy', 'variable', 'sandbox');
    expect(out).toMatch(/zoo_myid/);
    expect(out).toMatch(/Use it/);
    expect(out).toMatch(/variable\.yml:\d+/);
    expect(status).toBe(1);
  });

  test('a task that fails on a host leaves the others to go on, and says with what to go on', async () => {
    practice.write('stack/one.yml', playbook('- name: Only here', '  shell: test $(hostname) != stars-c3'));
    const { status, events } = await practice.events('deploy', 'one', 'sandbox');
    expect(status).toBe(1);
    expect(events.at(-1)).toMatchObject({
      type: 'run.finished',
      state: 'failed',
      error: { code: 'HOSTS_FAILED', hint: expect.stringContaining('--limit stars-c3') },
      hosts: { 'stars-c3': { failed: 1 }, 'stars-c4': { ok: 1, failed: 0 } },
    });
  });
});

describe('trouble with a host', () => {
  /** The events of a deploy on two workers, of which stars-c3 is in trouble: the other one must come through. */
  async function deployTo(name: string) {
    const { status, events } = await practice.events('deploy', 'motd', name);
    expect(events.at(-1)).toMatchObject({ hosts: { 'stars-c4': { ok: 1, unreachable: 0, failed: 0 } } });
    expect(status).toBe(1);
    const results = events.flatMap((event) =>
      event.type === 'task.result' && event.host === 'stars-c3' ? [event] : [],
    );
    expect(results).toHaveLength(1);
    return results[0];
  }

  function hosts(line: string): string {
    const lines = readFileSync(join(practice.home, 'inventories', 'sandbox', 'hosts'), 'utf8');
    return lines.replace(/^stars-c3 .*$/m, line);
  }

  test('a refused connection names host and port', async () => {
    environment('refused', (config) => config, hosts('stars-c3 ansible_host=127.0.0.1 ansible_port=1'));
    const result = await deployTo('refused');
    expect(result).toMatchObject({ status: 'unreachable', message: expect.stringMatching(/refus/i) });
    expect(result?.message).toMatch(/127\.0\.0\.1.*1\b|port 1\b/);
  });

  test('a key that the host does not take is told as that', async () => {
    const host = practice.sandbox.hosts.host('stars-c3');
    host.refuseLogins();
    const result = await deployTo('sandbox').finally(() => host.refuseLogins(false));
    expect(result).toMatchObject({ status: 'unreachable', message: expect.stringMatching(/stars.*key|key.*stars/is) });
  });

  test('an unknown host key is refused with the line to add', async () => {
    const known = readFileSync(practice.sandbox.addresses.knownHosts, 'utf8').split('\n');
    const { port } = practice.sandbox.hosts.host('stars-c3');
    const without = practice.write('unknown_hosts', known.filter((line) => !line.includes(`:${port} `)).join('\n'));
    environment('unknown', (config) => ({
      ...config,
      connection: { ...(config['connection'] as object), knownHosts: without },
    }));
    const result = await deployTo('unknown');
    expect(result).toMatchObject({ status: 'unreachable' });
    expect(result?.message).toContain(
      known
        .find((line) => line.includes(`:${port} `))
        ?.split(' ')
        .at(2),
    );
  });

  test('a changed host key is refused as possibly somebody else', async () => {
    const known = readFileSync(practice.sandbox.addresses.knownHosts, 'utf8').trim().split('\n');
    const { port } = practice.sandbox.hosts.host('stars-c3');
    const other = known
      .find((line) => !line.includes(`:${port} `))
      ?.split(' ')
      .slice(1)
      .join(' ');
    const changed = known.map((line) => (line.includes(`:${port} `) ? `[127.0.0.1]:${port} ${other}` : line));
    const file = practice.write('changed_hosts', `${changed.join('\n')}\n`);
    environment('changed', (config) => ({
      ...config,
      connection: { ...(config['connection'] as object), knownHosts: file },
    }));
    expect(await deployTo('changed')).toMatchObject({
      status: 'unreachable',
      message: expect.stringMatching(/changed/i),
    });
  });

  test.each(['missing', 'not-allowed', 'password'] as const)(
    'sudo that is %s is told with what to do',
    async (fault) => {
      const host = practice.sandbox.hosts.host('stars-c3');
      host.breakSudo(fault);
      const result = await deployTo('sandbox').finally(() => host.breakSudo('none'));
      expect(result?.message).toMatch(/sudo/);
      expect(result?.message).not.toMatch(/^\s+at /m);
    },
  );
});

describe('trouble with Marathon', () => {
  test('an answer that is a web page is told as that', async () => {
    practice.sandbox.cluster.control.fault('marathon', { html: true, times: 100 });
    const { status, error } = await practice
      .type('restart', 'zeppelin', 'sandbox')
      .finally(() => practice.sandbox.cluster.control.clearFaults('marathon'));
    expect(error).toMatch(/Marathon/);
    expect(error).not.toMatch(/<html|<!doctype/i);
    expect(status).toBe(1);
  });

  test('an app that another deployment holds is told with that deployment, and --force is offered', async () => {
    const { control } = practice.sandbox.cluster;
    control.lockApp('/zeppelin', 'a-deployment');
    const { status, error } = await practice
      .type('restart', 'zeppelin', 'sandbox')
      .finally(() => control.unlockApp('/zeppelin'));
    expect(error).toMatch(/\/zeppelin.*a-deployment[\s\S]*--force/);
    expect(status).toBe(4);
  });

  test('a Marathon that is down is told with its address; status shows what is below it', async () => {
    const { control } = practice.sandbox.cluster;
    await control.stopService('marathon');
    try {
      const { status, error } = await practice.type('restart', 'zeppelin', 'sandbox');
      expect(error).toContain(new URL(practice.sandbox.addresses.marathon).host);
      expect(status).toBe(1);
      expect((await practice.type('status', 'sandbox')).out).toMatch(/🔴 Marathon/);
    } finally {
      await control.startService('marathon');
    }
  });

  test('an environment without Marathon says what to add where', async () => {
    practice.write('inventories/bare/hosts', 'localhost\n');
    const { status, error } = await practice.type('restart', 'zeppelin', 'bare');
    expect(error).toMatch(/marathon[\s\S]*bare\/environment\.yml/i);
    expect(status).toBe(2);
  });

  test('status of an environment with hosts and nothing else shows the hosts, and says what to add where', async () => {
    practice.write('inventories/bare/hosts', 'localhost\n');
    const { out } = await practice.type('status', 'bare');
    expect(out).toMatch(/localhost/);
    expect(out).toMatch(/Add .*bare\/environment\.yml, for example: marathon: \{/);
  });

  test('status of one layer of an environment with nothing says what to add where', async () => {
    practice.write('inventories/bare/hosts', 'localhost\n');
    const { status, error } = await practice.type('status', 'zookeeper', 'bare');
    expect(error).toMatch(/Add .*bare\/environment\.yml/);
    expect(error).toMatch(/nothing about zookeeper[\s\S]*zookeeper: \{/);
    expect(status).toBe(2);
  });
});

function fileName(path: string): string {
  return path.split('/').at(-1)?.replace('.', '\\.') ?? '';
}

describe('an inventory that cannot be read is told with its file and line', () => {
  const at = (name: string, place: string) => `${join(practice.home, 'inventories', name, 'hosts')}:${place}: `;

  beforeAll(() => {
    environment('ini', ({ marathon }) => ({ marathon }), '[web]\nstars-c3 ansible_host\n');
    environment('yaml', () => ({}), 'all:\n  hosts:\n    stars-c3: {\n  bad: [\n');
    environment('webs', () => ({}), '[web]\nstars-c3\n[db]\nstars-c4\n');
  });

  test.each([
    ['ini', '2:10', 'Below [group] stand hosts: name key=value'],
    ['yaml', '4:3', 'Look for a missing “]” or “}”.'],
  ])('in the picture of the whole: %s', async (name, place, advice) => {
    const { out } = await practice.type('status', name);
    expect(out).toContain(`Hosts ${at(name, place)}`);
    expect(out).toContain(advice);
  });

  test.each([
    ['status', 'stars-c3'],
    ['restart', 'stars-c3'],
    ['restart', 'livy2'],
    ['logs', 'stars-c3'],
  ])('where a name may be a host of it: %s %s', async (...words) => {
    const { status, error } = await practice.type(...words, 'ini');
    expect(error).toContain(`Marathon has no app "${words[1]}".`);
    expect(error).toContain(`Its hosts cannot be told: ${at('ini', '2:10')}`);
    expect(status).toBe(2);
  });

  test('where a group is meant', async () => {
    const { status, error } = await practice.type('restart', 'workers', 'yaml');
    expect(error).toContain(at('yaml', '4:3'));
    expect(status).toBe(2);
  });

  test('and where it can be read but has no such group, its groups are named, not where Marathon would be', async () => {
    const { status, error } = await practice.type('restart', 'workers', 'webs');
    expect(error).toContain('No group of the inventory of webs is called workers.\nIts groups: all, web, db.');
    expect(error).not.toContain('marathon');
    expect(status).toBe(2);
  });
});
