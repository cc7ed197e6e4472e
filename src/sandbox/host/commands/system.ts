import { putFile } from '../fs/base-tree.js';
import { execOrComplain, UsageFault } from './call.js';
import type { Tool } from './call.js';
import { formatDate, parseDate } from './dates.js';
import { parseOptions } from './options.js';

export const date: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'ud:r:s:RI',
    long: { utc: 'u', universal: 'u', date: 'd', reference: 'r', 'rfc-2822': 'R', 'iso-8601': 'I' },
  });
  const now = call.machine.clock.now();
  const text = options.value('d');
  const reference = options.value('r');
  const at =
    reference !== undefined ? call.stat(reference).mtimeMs : text === undefined ? now.getTime() : parseDate(text, now);
  if (at === undefined) throw new UsageFault(`invalid date '${text}'`);
  const format = options.operands.find((operand) => operand.startsWith('+'))?.slice(1);
  const fallback = options.has('R') ? '%a, %d %b %Y %H:%M:%S %z' : options.has('I') ? '%F' : '%a %b %e %H:%M:%S %Z %Y';
  await call.print(`${formatDate(format ?? fallback, new Date(at))}\n`);
  return 0;
};

export const id: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'unrgGzZ',
    long: { user: 'u', group: 'g', groups: 'G', name: 'n' },
  });
  const { users } = call.machine;
  const [name] = options.operands;
  const user =
    name === undefined ? undefined : users.find(/^\d+$/.test(name) && !users.find(name) ? Number(name) : name);
  if (name !== undefined && !user) throw new UsageFault(`${name}: no such user`);
  const { uid, gid, groups } = user ? users.credentials(user) : call.user;
  const userText = users.userName(uid) ?? String(uid);
  const groupText = (group: number) => users.groupName(group) ?? String(group);
  const all = [...new Set([gid, ...groups])];
  if (options.has('u')) await call.print(`${options.has('n') ? userText : uid}\n`);
  else if (options.has('g')) await call.print(`${options.has('n') ? groupText(gid) : gid}\n`);
  else if (options.has('G'))
    await call.print(`${all.map((group) => (options.has('n') ? groupText(group) : group)).join(' ')}\n`);
  else
    await call.print(
      `uid=${uid}(${userText}) gid=${gid}(${groupText(gid)}) groups=${all.map((group) => `${group}(${groupText(group)})`).join(',')}\n`,
    );
  return 0;
};

export const whoami: Tool = async (call) => {
  await call.print(`${call.machine.users.userName(call.user.uid) ?? call.user.uid}\n`);
  return 0;
};

export const groups: Tool = async (call) => {
  const { users } = call.machine;
  const [name] = call.args;
  const user = name === undefined ? undefined : users.find(name);
  if (name !== undefined && !user) throw new UsageFault(`${name}: no such user`);
  const { gid, groups: other } = user ? users.credentials(user) : call.user;
  const list = [...new Set([gid, ...other])].map((group) => users.groupName(group) ?? String(group)).join(' ');
  await call.print(`${name === undefined ? '' : `${name} : `}${list}\n`);
  return 0;
};

export const hostname: Tool = async (call) => {
  const { machine } = call;
  const options = parseOptions(call.args, {
    letters: 'fsdiIaA',
    long: { fqdn: 'f', long: 'f', short: 's', domain: 'd', 'ip-address': 'i', 'all-ip-addresses': 'I' },
  });
  const [name] = options.operands;
  if (name !== undefined) {
    if (call.user.uid !== 0) throw new UsageFault('you must be root to change the host name');
    machine.hostname = name;
    return 0;
  }
  const [short = '', ...domain] = machine.hostname.split('.');
  await call.print(
    `${options.has('s') ? short : options.has('d') ? domain.join('.') : options.has('i') || options.has('I') ? '10.0.2.15' : machine.hostname}\n`,
  );
  return 0;
};

export const hostnamectl: Tool = async (call) => {
  const { machine } = call;
  const operands = call.args.filter((arg) => !arg.startsWith('-'));
  if (operands[0] === 'set-hostname' && operands[1]) {
    if (call.user.uid !== 0) throw new UsageFault('Could not set property: Interactive authentication required.');
    machine.hostname = operands[1];
    putFile(call.fs, '/etc/hostname', `${operands[1]}\n`);
    return 0;
  }
  await call.print(
    `   Static hostname: ${machine.hostname}\n  Operating System: CentOS Linux 7 (Core)\n            Kernel: Linux 3.10.0-1160.el7.x86_64\n      Architecture: x86-64\n`,
  );
  return 0;
};

export const uname: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'asnrvmpio',
    long: { all: 'a', 'kernel-name': 's', nodename: 'n', 'kernel-release': 'r', machine: 'm', 'operating-system': 'o' },
  });
  const values = {
    s: 'Linux',
    n: call.machine.hostname,
    r: '3.10.0-1160.el7.x86_64',
    v: '#1 SMP Mon Oct 19 16:18:59 UTC 2020',
    m: 'x86_64',
    p: 'x86_64',
    i: 'x86_64',
    o: 'GNU/Linux',
  };
  const none = options.values.size === 0;
  await call.print(
    `${Object.entries(values)
      .filter(([letter]) => options.has('a') || options.has(letter) || (none && letter === 's'))
      .map(([, value]) => value)
      .join(' ')}\n`,
  );
  return 0;
};

export const env: Tool = async (call) => {
  const { proc } = call;
  const options = parseOptions(
    call.args.map((arg) => (arg === '-' ? '-i' : arg)),
    { letters: 'iu:0', long: { 'ignore-environment': 'i', unset: 'u', null: '0' }, inOrder: true, status: 125 },
  );
  if (options.has('i')) proc.environment.clear();
  for (const name of options.values.get('u') ?? []) proc.environment.delete(name);
  const argv = [...options.operands];
  while (/^[^=]+=/.test(argv[0] ?? '')) {
    const text = argv.shift() as string;
    proc.environment.set(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1));
  }
  if (argv.length > 0) return execOrComplain(call.machine, proc, argv, 'env');
  await call.print(
    [...proc.environment].map(([key, value]) => `${key}=${value}${options.has('0') ? '\0' : '\n'}`).join(''),
  );
  return 0;
};

export const printenv: Tool = async (call) => {
  const { environment } = call.proc;
  if (call.args.length === 0) return env(call);
  for (const name of call.args) if (environment.has(name)) await call.print(`${environment.get(name)}\n`);
  return call.args.every((name) => environment.has(name)) ? 0 : 1;
};

export const getent: Tool = async (call) => {
  const { users } = call.machine;
  const [database, ...keys] = call.args;
  if (database === 'hosts' || database === 'ahosts') {
    const lines = users.lines('/etc/hosts').map((line) => line.trim().split(/\s+/));
    const found = keys.length === 0 ? lines : lines.filter((names) => keys.some((key) => names.includes(key)));
    await call.print(found.map(([address = '', ...names]) => `${address.padEnd(15)} ${names.join(' ')}\n`).join(''));
    return found.length > 0 ? 0 : 2;
  }
  const file = { passwd: '/etc/passwd', group: '/etc/group', shadow: '/etc/shadow', services: '/etc/services' }[
    database ?? ''
  ];
  if (file === undefined) throw new UsageFault(`Unknown database: ${database}`);
  if (file === '/etc/shadow' && call.user.uid !== 0) return 2;
  const lines = users.lines(file);
  let status = 0;
  if (keys.length === 0) await call.print(lines.map((line) => `${line}\n`).join(''));
  for (const key of keys) {
    const line = lines.find(
      (candidate) => candidate.startsWith(`${key}:`) || (/^\d+$/.test(key) && candidate.split(':')[2] === key),
    );
    if (line === undefined) status = 2;
    else await call.print(`${line}\n`);
  }
  return status;
};

export const logger: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 't:p:is', long: { tag: 't', priority: 'p' } });
  call.machine.journal.add(
    '',
    options.value('t') ?? call.machine.users.userName(call.user.uid) ?? 'logger',
    options.operands.join(' '),
  );
  return 0;
};

export const which: Tool = async (call) => {
  let status = 0;
  for (const name of call.args.filter((arg) => !arg.startsWith('-'))) {
    try {
      await call.print(`${call.machine.kernel.search(call.proc, name)}\n`);
    } catch {
      await call.proc.files
        .get(2)
        ?.write(Buffer.from(`/usr/bin/which: no ${name} in (${call.proc.environment.get('PATH') ?? ''})\n`), call.proc);
      status = 1;
    }
  }
  return status;
};

/** Says a fixed thing and succeeds. */
export function says(text: string, status = 0): Tool {
  return async (call) => {
    await call.print(text);
    return status;
  };
}

/** A program of a package that is only there to be found; `--version` is answered. */
export const stub: Tool = async (call) => {
  if (call.args.some((arg) => /^--?(version|V|v)$/.test(arg))) await call.print(`${call.name} 1.0 (simulated)\n`);
  return 0;
};
