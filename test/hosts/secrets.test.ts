import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { createRedactor } from '../../src/secret.js';
import { type Played, removeProjects } from '../support/run-playbook.js';
import { endsOf, playOnHosts } from './support/play-on-hosts.js';
import { PW_PASSWORD, type RealHosts, realHosts } from './support/real-hosts.js';
import { run } from './support/run-command.js';

/** Vaulted variables, each used in one way. The hash is of a password nobody has. */
const SECRETS = {
  user_hash:
    '$6$saltsaltsalt$KeepThisHashOutOfArgv0123456789012345678901234567890123456789012345678901234567890123456789',
  uri_password: 'uri-password-4711',
  uri_header: 'uri-header-4711',
  uri_body: 'uri-body-4711',
  get_url_password: 'get-url-password-4711',
  get_url_header: 'get-url-header-4711',
  url_login: 'url-login-4711',
  copied: 'copied-4711',
  templated: 'templated-4711',
  line: 'line-4711',
  replaced: 'replaced-4711',
  block: 'block-4711',
  ini: 'ini-4711',
  typed: 'typed-4711',
  shell_text: 'shell-text-4711',
  cron_value: 'cron-value-4711',
  repository: 'repository-4711',
  yum_password: 'yum-password-4711',
  looped: 'looped-4711',
  authorized: 'authorized-4711',
  unarchived: 'unarchived-4711',
  answered: 'answered-4711',
  other_shell: 'other-shell-4711',
};

const TASKS = `
- hosts: all
  tasks:
    - user: {name: guarded, password: "{{ user_hash }}"}
    - user: {name: guarded, password: "{{ user_hash }}x"}
    - uri: {url: "{{ web }}/ok", url_username: me, url_password: "{{ uri_password }}", headers: {X-Token: "{{ uri_header }}"}, method: POST, body: {a: "{{ uri_body }}"}, body_format: json}
    - get_url: {url: "{{ web }}/file", dest: /srv/got, url_username: me, url_password: "{{ get_url_password }}", headers: {X-Token: "{{ get_url_header }}"}}
    - get_url: {url: "{{ web | replace('//', '//me:' ~ url_login ~ '@') }}/file", dest: /srv/got2}
    - unarchive: {src: "{{ web | replace('//', '//me:' ~ unarchived ~ '@') }}/archive.tar.gz", dest: /srv, remote_src: yes}
    - copy: {content: "{{ copied }}", dest: /srv/copied, mode: '0600'}
    - template: {src: secret.j2, dest: /srv/templated, mode: '0600'}
    - lineinfile: {path: /srv/lines, line: "password={{ line }}", regexp: ^password, create: yes, mode: '0600'}
    - lineinfile: {path: /srv/lines, line: "password={{ line }}2", regexp: "^password={{ line }}"}
    - replace: {path: /srv/lines, regexp: 'password=.*', replace: "password={{ replaced }}"}
    - replace: {path: /srv/lines, regexp: "{{ replaced }}", replace: "{{ replaced }}2"}
    - blockinfile: {path: /srv/lines, block: "key {{ block }}"}
    - ini_file: {path: /srv/ini, section: s, option: o, value: "{{ ini }}", mode: '0600'}
    - {command: cat, args: {stdin: "{{ typed }}"}, no_log: yes}
    - {shell: "echo '{{ shell_text }}' | tr a-z A-Z", no_log: yes, register: said}
    - {shell: "printf %s '{{ answered }}'"}
    - {shell: "read typed; echo \${typed}-{{ other_shell }} | grep -q '^read.*4711'", args: {executable: /bin/bash, stdin: read}, no_log: yes}
    - {command: "true", environment: {IN_ENVIRONMENT: "of the task alone"}}
    - cron: {name: TOKEN, env: yes, job: "{{ cron_value }}"}
    - apt_repository: {repo: "deb [trusted=yes] http://me:{{ repository }}@repository.invalid/ ./", update_cache: no, mode: '0600'}
    - file: {path: /etc/yum.repos.d, state: directory}
    - yum_repository: {name: r, description: r, baseurl: 'http://repository.invalid/', password: "{{ yum_password }}", username: me, mode: '0600'}
    - {copy: {content: "{{ item }}", dest: /srv/looped, mode: '0600'}, loop: ["{{ looped }}", "{{ looped }}2"], loop_control: {label: one}}
    - copy: {content: "command=\\"echo {{ authorized }}\\" ssh-ed25519 AAAA", dest: /srv/authorized, mode: '0600'}
    - set_fact: {kept: "{{ copied }}"}
    - debug: var=kept
    - {fail: {msg: "because of {{ copied }}"}, ignore_errors: yes}
`;

let hosts: RealHosts;
let folder: string;
let web: Server;
let played: Played;
/** Every program started in a login of the host: its arguments and environment. */
let programs: string;

beforeAll(async () => {
  hosts = await realHosts(1);
  folder = mkdtempSync(join(tmpdir(), 'stars-secrets-'));
  web = await startWeb();
  const watcher = await watchPrograms();
  played = await play();
  await stopWatching(watcher);
  programs = readFileSync(join(folder, 'trace'), 'latin1');
});

afterAll(async () => {
  web.close();
  web.closeAllConnections();
  await hosts.stop();
  rmSync(folder, { recursive: true });
  removeProjects();
});

function gateway(): string {
  return hosts.host(0).address.replace(/\.\d+$/, '.1');
}

async function startWeb(): Promise<Server> {
  await run('tar', ['-C', '/etc', '-czf', join(folder, 'archive.tar.gz'), 'hostname']);
  const archive = readFileSync(join(folder, 'archive.tar.gz'));
  const server = createServer((request, response) => {
    request.resume();
    if (request.url !== '/ok' && request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' });
      return response.end();
    }
    return response.end(request.url === '/archive.tar.gz' ? archive : 'fine\n');
  });
  await new Promise<void>((resolve) => server.listen(8001, gateway(), resolve));
  return server;
}

/** Follows the host's sshd and all that it starts, with the words and variables of every program. */
async function watchPrograms(): Promise<ChildProcess> {
  const leader = /\/proc\/(\d+)\//.exec(hosts.host(0).root())?.[1] ?? '';
  const [sshd = ''] = (await run('pgrep', ['--ns', leader, '--nslist', 'pid', '-o', '-x', 'sshd'])).trim().split('\n');
  const trace = ['-f', '-qq', '-v', '-s', '100000', '-e', 'trace=execve,execveat', '-o', join(folder, 'trace')];
  const watcher = spawn('strace', [...trace, '-p', sshd], { stdio: 'ignore' });
  await poll(async () => !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${sshd}/status`, 'utf8')) || undefined, {
    clock: systemClock,
    everyMs: 50,
    timeoutMs: 20_000,
    what: 'The attachment of strace',
  });
  return watcher;
}

async function stopWatching(watcher: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => watcher.once('close', resolve));
  watcher.kill('SIGINT');
  await ended;
}

async function play(): Promise<Played> {
  const password = join(folder, 'vault-password');
  writeFileSync(password, 'of the vault');
  const vault = join(folder, 'vault.yml');
  writeFileSync(vault, JSON.stringify(SECRETS));
  await run('ansible-vault', ['encrypt', `--vault-password-file=${password}`, vault]);
  return playOnHosts(
    hosts,
    {
      'site.yml': TASKS,
      'templates/secret.j2': 'key: {{ templated }}\n',
      'group_vars/all/vault.yml': readFileSync(vault, 'utf8'),
      'group_vars/all/web.yml': `web: http://${gateway()}:8001\n`,
    },
    {
      redactor: createRedactor(),
      vaultPassword: 'of the vault',
      diff: true,
      variables: { ansible_user: 'pw', ansible_become_password: PW_PASSWORD },
    },
  );
}

const all = () => Object.entries({ ...SECRETS, become_password: PW_PASSWORD });
const namesIn = (text: string) => all().flatMap(([name, value]) => (text.includes(value) ? [name] : []));

test('every way to use a secret works', () => {
  const ends = endsOf(played);
  expect(ends.filter((end) => /failed|unreachable/.test(end))).toEqual([]);
  expect(ends.filter((end) => end.endsWith(': changed')).length).toBeGreaterThan(20);
});

test('no program on the host was started with a secret among its arguments or in its environment', () => {
  expect(programs).toContain('execve("/usr/bin/sudo"');
  expect(programs).toContain('of the task alone');
  expect(namesIn(programs)).toEqual([]);
});

test('what is shown and kept of the run has no secret, also in its differences', () => {
  const text = JSON.stringify([played.events, played.result ?? null]);
  expect(text).toContain('fail');
  expect(namesIn(text)).toEqual([]);
});

test('no log of the host and no file that nobody asked for has a secret', async () => {
  const journal = await hosts.host(0).inside('journalctl', '--no-pager', '-o', 'export');
  expect(journal).toContain('sudo');
  expect(namesIn(journal)).toEqual([]);
  const places = ['/var/log', '/tmp', '/var/tmp', '/home', '/root', '/run'];
  for (const [name, value] of all()) {
    const found = await hosts
      .host(0)
      .inside('sh', '-c', `grep -rlF -e "$1" ${places.join(' ')} 2>/dev/null || true`, 'sh', value);
    expect([name, found]).toEqual([name, '']);
  }
});
