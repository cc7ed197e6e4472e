import { afterAll, describe, expect, test } from '@jest/globals';
import { connectLocal } from '../../src/connection/local.js';
import type { Dict } from '../../src/jinja/value.js';
import { removeProjects, resultsOf, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

/** Plays on h1 and h2, as which user and by which key they would be reached, and what is said. */
async function play(cfg: string, site: string, inventory = 'h1\nh2 ansible_user=own\n') {
  const reached = new Map<string, Dict>();
  const users = new Set<string>();
  const played = await runPlaybook(
    { 'ansible.cfg': cfg, 'site.yml': site, inventory },
    {
      connect: async (host, variables) => {
        reached.set(host, variables);
        const local = connectLocal({ name: host });
        return {
          ...local,
          exec(script, { become, ...options } = {}) {
            users.add(become === undefined ? 'login' : `${become.method} ${become.user}`);
            return local.exec(script, options);
          },
        };
      },
    },
  );
  return { ...played, reached, users: [...users], tasks: resultsOf(played).map(({ task, host }) => `${host} ${task}`) };
}

const TASKS = '  tasks:\n    - {name: look, command: "true", changed_when: no}\n';

describe('ansible.cfg of the stack', () => {
  test('says as whom and by which key hosts are reached that say nothing themselves', async () => {
    const cfg = '[defaults]\nremote_user = deploy ; as on the wiki\nprivate_key_file: keys/id\nremote_port=2222\n';
    const { reached, folder } = await play(cfg, `- hosts: all\n  gather_facts: no\n${TASKS}`);
    expect(Object.fromEntries(reached.get('h1') ?? [])).toMatchObject({
      ansible_user: 'deploy',
      ansible_port: '2222',
      ansible_ssh_private_key_file: `${folder}/project/keys/id`,
    });
    expect(reached.get('h2')?.get('ansible_user')).toBe('own');
    const { reached: again } = await play(cfg, `- hosts: all\n  gather_facts: no\n  remote_user: play\n${TASKS}`);
    expect(again.get('h1')?.get('ansible_user')).toBe('play');
  });

  test('turns the gathering of facts off, unless a play asks for it', async () => {
    const cfg = '[defaults]\ngathering = explicit\n';
    expect((await play(cfg, `- hosts: h1\n${TASKS}`)).tasks).toEqual(['h1 look']);
    expect((await play(cfg, `- hosts: h1\n  gather_facts: yes\n${TASKS}`)).tasks).toEqual([
      'h1 Gathering Facts',
      'h1 look',
    ]);
  });

  test.each([
    ['become = True', '', 'become_user: nobody', 'sudo nobody'],
    ['become = yes\nbecome_user = nobody', '', 'retries: 1', 'sudo nobody'],
    ['become = yes\nbecome_method = su', '', 'retries: 1', 'su root'],
    ['become = no\nbecome_user = nobody', '  become: yes\n', 'retries: 1', 'sudo nobody'],
    ['become = yes', '  sudo: no\n', 'retries: 1', 'login'],
  ])('%j is what plays and tasks say of becoming when they are silent', async (entries, keyword, own, user) => {
    const site = `- hosts: h1\n  gather_facts: no\n${keyword}  tasks:\n    - {command: id, ${own}}\n`;
    const { users } = await play(`[privilege_escalation]\n${entries}\n`, site);
    expect(users).toEqual([user]);
  });

  test('lets handlers run after a failure, and a failure on one host end the play on all', async () => {
    const site =
      '- hosts: all\n  gather_facts: no\n  handlers: [{name: tell, debug: {msg: told}}]\n  tasks:\n' +
      '    - {name: change, command: "true", notify: tell}\n    - {name: break, fail: {msg: x}, when: inventory_hostname == "h1"}\n    - {name: after, debug: {msg: x}}\n';
    expect((await play('[defaults]\nforce_handlers = yes\n', site)).tasks).toContain('h1 tell');
    expect((await play('', site)).tasks).toEqual(expect.arrayContaining(['h2 after']));
    expect((await play('[defaults]\nany_errors_fatal = yes\n', site)).tasks).not.toContain('h2 after');
  });

  test('names how many hosts are taken at a time', async () => {
    const site = '- hosts: h1\n  gather_facts: no\n  tasks: [{debug: {msg: "{{ ansible_forks }}"}}]\n';
    const { events } = await play('[defaults]\nforks = 7\n', site);
    expect(events.flatMap((event) => (event.type === 'task.result' ? [event.message] : []))).toEqual(['7']);
  });

  test('is told line by line of what is not followed, and not of what is so anyway', async () => {
    const cfg =
      '# ours\n[defaults]\ninventory = hosts\nhost_key_checking = False\nstrategy = linear\nnocows = 1\n\n[ssh_connection]\npipelining = True\nssh_args = -o ControlMaster=auto\n  -o ProxyJump=gate\n';
    const { notes } = await play(cfg, `- hosts: h1\n  gather_facts: no\n${TASKS}`);
    expect(notes).toEqual([
      'ansible.cfg:3: inventory is not followed. Stars reads inventories/ENVIRONMENT.',
      'ansible.cfg:4: host_key_checking is not followed. Host keys are always checked.',
      'ansible.cfg:10: ssh_args is not followed. ansible_ssh_common_args of the inventory and ~/.ssh/config are followed.',
    ]);
  });

  test.each([
    ['hash_behaviour = merge', 'UNSUPPORTED', 'combine(b, recursive=true)'],
    ['error_on_undefined_vars = False', 'UNSUPPORTED', 'default("")'],
    ['forks = many', 'CONFIG', 'forks must be a whole number above 0, not “many”.'],
    ['gathering = never', 'CONFIG', 'gathering must be implicit, explicit or smart, not “never”.'],
    ['force_handlers = perhaps', 'CONFIG', 'force_handlers must be yes or no'],
    ['remote_port = ssh', 'CONFIG', 'remote_port must be a whole number'],
  ])('with %s is refused with its line before any host is touched', async (entry, code, words) => {
    const { error, reached } = await play(`[defaults]\n${entry}\n`, `- hosts: all\n${TASKS}`);
    expect(error).toMatchObject({ code, where: { file: expect.stringMatching(/ansible\.cfg$/), line: 2 } });
    expect((error as Error & { describe(): string }).describe()).toContain(words);
    expect(reached.size).toBe(0);
  });
});
