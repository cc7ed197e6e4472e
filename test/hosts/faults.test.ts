import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { type Played, type Project, removeProjects, resultsOf } from '../support/run-playbook.js';
import { playOnHosts } from './support/play-on-hosts.js';
import { type RealHost, type RealHosts, realHosts } from './support/real-hosts.js';

let hosts: RealHosts;

beforeAll(async () => {
  hosts = await realHosts(2);
});
afterEach(removeProjects);
afterAll(() => hosts.stop());

const inside = async (index: number, script: string) => hosts.host(index).inside('sh', '-c', `${script} || :`);
/** Where its root is seen from outside, which a boot changes; undefined while it does not run. */
function rootOf(index: number): string | undefined {
  try {
    return hosts.host(index).root();
  } catch {
    return undefined;
  }
}
const until = (check: () => Promise<boolean>) =>
  poll(async () => (await check()) || undefined, {
    clock: systemClock,
    everyMs: 50,
    timeoutMs: 60_000,
    what: 'What the test waits for on the host',
  });

const site = (tasks: string): Project => ({ 'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks}` });

/** `host task status` of each task, sorted by host. */
function endsByHost(played: Played): string[] {
  if (played.error !== undefined) throw played.error;
  const lines = resultsOf(played).map(({ host, task, status }) => `${host} ${task}: ${status}`);
  return lines.sort((a, b) => a.localeCompare(b));
}

describe('a sshd that lets in few at a time (MaxStartups 2:50:4)', () => {
  const FEW = '/etc/ssh/sshd_config.d/few.conf';

  async function letInFew(index: number): Promise<void> {
    await inside(index, `echo MaxStartups 2:50:4 >${FEW}; systemctl restart ssh`);
  }

  afterAll(async () => {
    for (const index of [0, 1]) await inside(index, `rm -f ${FEW}; systemctl restart ssh`);
  });

  /** One host under twelve names. */
  const twelve = (host: RealHost) => Array.from({ length: 12 }, (_, index) => ({ ...host, name: `n${index + 10}` }));
  const expected = Array.from({ length: 12 }, (_, index) => `n${index + 10} hostname: ok`);
  const tasks = '    - {name: hostname, command: hostname, changed_when: no}\n';

  test('takes twelve logins of one run', async () => {
    await letInFew(0);
    const played = await playOnHosts({ ...hosts, hosts: twelve(hosts.host(0)) }, site(tasks));
    expect(endsByHost(played)).toEqual(expected);
    expect(await inside(0, 'journalctl -u ssh | grep -c "beginning MaxStartups throttling"')).not.toBe('0\n');
  });

  test('takes twelve logins of one run that go through it to another such host', async () => {
    await letInFew(0);
    await letInFew(1);
    const through = `-o UserKnownHostsFile=${hosts.knownHostsFile} -o ProxyJump=stars@${hosts.host(1).address}`;
    const played = await playOnHosts({ ...hosts, hosts: twelve(hosts.host(0)) }, site(tasks), {
      variables: { ansible_ssh_common_args: through },
    });
    expect(endsByHost(played)).toEqual(expected);
    expect(await inside(1, 'journalctl -u ssh | grep -c "beginning MaxStartups throttling"')).not.toBe('0\n');
  });
});

describe('a host that is lost in the middle of a run', () => {
  const tasks = [
    '{name: first, shell: "touch /srv/on; until [ -e /srv/go ]; do sleep 0.05; done"}',
    '{name: second, command: touch /srv/after}',
  ];
  const waiting = site(tasks.map((task) => `    - ${task}\n`).join(''));
  const lost = ['alpha0 first: unreachable', 'alpha1 first: ok', 'alpha1 second: ok'];

  /** Plays, does something to the first host while it works on its first task, and lets the other one go on. */
  async function playedWhile(happens: () => Promise<unknown>): Promise<Played> {
    const playing = playOnHosts(hosts, waiting, { ssh: { keepalive: { intervalMs: 500, count: 3 } } });
    await until(async () => (await inside(0, 'ls /srv')).includes('on'));
    await happens();
    await inside(1, 'touch /srv/go');
    return playing;
  }

  const tidy = (index: number) => inside(index, 'rm -f /srv/on /srv/go /srv/after');
  afterEach(() => tidy(1));

  test('because its sshd hangs is unreachable, and the others go on', async () => {
    const played = await playedWhile(() => inside(0, 'pkill -STOP sshd'));
    expect(endsByHost(played)).toEqual(lost);
    await inside(0, 'pkill -CONT sshd; touch /srv/go');
    await until(async () => (await inside(0, "pgrep -f '[s]rv/go'; find / -xdev -name '.stars-*'")) === '');
    expect(await inside(0, 'ls /srv')).not.toContain('after');
    await tidy(0);
  });

  test('because it boots anew is unreachable, and the others go on; the next run finds it again', async () => {
    const before = rootOf(0);
    const played = await playedWhile(() => inside(0, 'systemctl reboot'));
    expect(endsByHost(played)).toEqual(lost);
    // What is asked in a host that is going down is stopped with all that runs there, and never answers.
    await until(async () => ![undefined, before].includes(rootOf(0)));
    await until(async () => (await inside(0, 'systemctl is-active ssh').catch(() => '')) === 'active\n');
    await tidy(0);
    const again = await playOnHosts(hosts, site('    - {name: again, command: "true", changed_when: no}\n'));
    expect(endsByHost(again)).toEqual(['alpha0 again: ok', 'alpha1 again: ok']);
  });
});
