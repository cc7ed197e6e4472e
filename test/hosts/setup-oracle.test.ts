import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../src/connection/connection.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { Float, type Value } from '../../src/jinja/value.js';
import { silentLog } from '../../src/log.js';
import { filteredFacts, setupArguments } from '../../src/provision/facts/setup-arguments.js';
import { setupFactFor } from '../../src/provision/facts/setup.js';
import { pythonText } from '../../src/provision/python-text.js';
import { createRedactor } from '../../src/secret.js';
import { type RealHosts, realHosts } from './support/real-hosts.js';
import { run } from './support/run-command.js';

type Facts = Record<string, unknown>;

/** How `setup` is called: the same for Ansible and for us. */
const CALLS = {
  'as the login user': { become: false, args: {} },
  'as root': { become: true, args: {} },
  'the network alone': { become: true, args: { gather_subset: ['!all', '!min', 'network'] } },
  'the minimum and mounts': { become: true, args: { gather_subset: '!all,mounts' } },
  'all but hardware and virtualization': { become: true, args: { gather_subset: ['!hardware', '!virtual'] } },
  'what a filter lets through': { become: true, args: { filter: ['distribution*', 'ansible_user_??', 'lsb'] } },
  'local facts of another folder': { become: true, args: { fact_path: '/srv/facts', filter: 'ansible_local' } },
  'a subset that does not exist': { become: true, args: { gather_subset: ['nonsense'] } },
} as const;

// What differs from one second or one login to the next is held to its names; loadavg has more digits in Ansible.
const VOLATILE = /^ansible_(date_time|env|memfree_mb|memory_mb|loadavg|uptime_seconds)$/;
// A container sees in /sys the interfaces of the machine it runs on, which come and go with other hosts.
const FOREIGN = /^(ansible_)?(starsv|starsbr|lab)/;
// Of Python and of how Ansible found it, which say nothing about the host.
const PYTHONS = /^(ansible_selinux_python_present|discovered_interpreter_python)$/;
const VOLATILE_FIELDS = /^(block_available|block_used|size_available|inode_available|inode_used)$/;
// Where Ansible's ssh asks for a terminal and sends a locale.
const SESSION_VARIABLES = /^(LANG|LC_ALL|TERM|SSH_TTY|SSH_CLIENT|SSH_CONNECTION|SUDO_COMMAND|PATH|_|XDG_SESSION_ID)$/;

const HOST = `
ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
printf 'nameserver 127.0.0.1\\nsearch example.org lab.example.org\\noptions rotate timeout:2\\n' >/etc/resolv.conf
mkdir -p /etc/ansible/facts.d /srv/facts '/srv/a file system'
echo '{"a": [1, 2.5, null, true], "b": {"c": "d"}}' >/etc/ansible/facts.d/json.fact
printf '[main]\\nPort = 80\\nlong = one\\n  two\\n# no\\n[other]\\nx: y=z\\n' >/etc/ansible/facts.d/ini.fact
printf '#!/bin/sh\\necho "{\\\\"who\\\\": \\\\"$(id -un)\\\\"}"\\n' >/etc/ansible/facts.d/program.fact
printf '#!/bin/sh\\necho half; echo no luck >&2; exit 3\\n' >/etc/ansible/facts.d/broken.fact
echo 'neither this nor that' >/etc/ansible/facts.d/nonsense.fact
chmod +x /etc/ansible/facts.d/program.fact /etc/ansible/facts.d/broken.fact
echo '{"elsewhere": true}' >/srv/facts/one.fact
mkdir -p /mnt/bound && mount --bind /usr/share /mnt/bound
ip addr add 192.0.2.5/26 brd + dev eth0 && ip addr add 192.0.2.9/26 dev eth0 && ip addr add 198.51.100.7/24 label eth0:1 dev eth0
ip route add default via 192.0.2.1 dev eth0
`;

let hosts: RealHosts;
let connection: Connection;
let theirs: Record<string, Facts>;

beforeAll(async () => {
  hosts = await realHosts(1);
  await hosts.host(0).inside('sh', '-eu', '-c', HOST);
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  connection = await connect(hosts.host(0).target());
  theirs = await factsOfAnsible();
});

afterAll(async () => {
  await connection.close();
  await hosts.stop();
});

test.each(Object.keys(CALLS) as (keyof typeof CALLS)[])(
  'setup gathers what real Ansible gathers from the same host: %s',
  async (name) => {
    expect(stable(await ourFacts(CALLS[name]))).toEqual(stable(theirs[name] ?? {}));
  },
);

async function ourFacts({ become, args }: (typeof CALLS)[keyof typeof CALLS]): Promise<Facts> {
  try {
    const { options, filter } = setupArguments(new Map(Object.entries(args) as [string, Value][]));
    const fact = setupFactFor(options);
    const how = become ? { become: { user: 'root', method: 'sudo' as const } } : {};
    return plain(filteredFacts(fact.parse(await connection.exec(fact.script, how)), filter)) as Facts;
  } catch (error) {
    return { msg: (error as Error).message };
  }
}

/** All calls in one play. */
async function factsOfAnsible(): Promise<Record<string, Facts>> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-setup-'));
  const tasks = Object.entries(CALLS).map(([name, { become, args }]) => ({
    name,
    become,
    setup: args,
    ignore_errors: true,
  }));
  writeFileSync(join(folder, 'play.json'), JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }]));
  const said = await run('env', [
    'ANSIBLE_STDOUT_CALLBACK=json',
    'ANSIBLE_PIPELINING=1',
    `ANSIBLE_HOME=${folder}`,
    'ansible-playbook',
    '-i',
    `${hosts.host(0).address},`,
    `--private-key=${hosts.privateKeyFile}`,
    '-ustars',
    `--ssh-common-args=-o UserKnownHostsFile=${hosts.knownHostsFile}`,
    join(folder, 'play.json'),
  ]);
  rmSync(folder, { recursive: true });
  const { plays } = JSON.parse(said.slice(said.indexOf('{'))) as {
    plays: { tasks: { task: { name: string }; hosts: Record<string, { ansible_facts?: Facts; msg?: string }> }[] }[];
  };
  return Object.fromEntries(
    (plays[0]?.tasks ?? []).map(({ task, hosts: answers }) => {
      const [answer] = Object.values(answers);
      return [task.name, answer?.ansible_facts ?? { msg: answer?.msg }];
    }),
  );
}

/** What both must have alike: sets in order, and of what goes on changing only its names. */
function stable(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts)
      .filter(([name]) => !PYTHONS.test(name) && !FOREIGN.test(name))
      .map(([name, value]) => [name, VOLATILE.test(name) ? namesOf(value) : steady(value)]),
  );
}

function namesOf(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.entries(value)
    .filter(([name]) => !SESSION_VARIABLES.test(name))
    .map(([name, inner]) =>
      /^(tz|tz_dst|tz_offset|date|year|HOME|USER|SHELL)$/.test(name) ? `${name}=${inner}` : name,
    )
    .sort();
}

function steady(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every((item) => typeof item === 'string')
      ? value.filter((item) => !FOREIGN.test(item)).sort()
      : value.map(steady);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !VOLATILE_FIELDS.test(name))
      .map(([name, inner]) => [name, steady(inner)]),
  );
}

function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map
    ? Object.fromEntries([...value].map(([key, inner]) => [pythonText(key), plain(inner)]))
    : value;
}
