import { hashPassword } from '../users.js';
import type { User } from '../users.js';
import { readLines } from '../kernel/io.js';
import { ROOT } from '../fs/inode.js';
import { descendants } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { makeParents } from './files.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';

const NAME = /^[a-z_][a-z0-9_-]{0,30}\$?$/i;

const USER_LONG = {
  comment: 'c',
  home: 'd',
  'home-dir': 'd',
  expiredate: 'e',
  inactive: 'f',
  gid: 'g',
  groups: 'G',
  'create-home': 'm',
  'move-home': 'm',
  'no-create-home': 'M',
  'no-user-group': 'N',
  'non-unique': 'o',
  password: 'p',
  system: 'r',
  shell: 's',
  uid: 'u',
  'user-group': 'U',
  append: 'a',
  login: 'l',
  lock: 'L',
  unlock: 'K',
  skel: 'k',
  'no-log-init': 'I',
};

function requireRoot(call: Call): void {
  if (call.user.uid === 0) return;
  throw new UsageFault(`Permission denied.\n${call.name}: cannot lock /etc/passwd; try again later.`, 1);
}

function freeId(taken: ReadonlySet<number>, system: boolean): number {
  let id = system ? 999 : 1000;
  while (taken.has(id)) id += system ? -1 : 1;
  return id;
}

function groupOf(call: Call, text: string, status = 6): { name: string; gid: number } {
  const { users } = call.machine;
  const group = users.findGroup(text) ?? (/^\d+$/.test(text) ? users.findGroup(Number(text)) : undefined);
  if (!group) throw new UsageFault(`group '${text}' does not exist`, status);
  return group;
}

function number(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UsageFault(`invalid ${what} '${text}'`, 3);
  return Number(text);
}

export const useradd: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, {
    letters: 'c:d:e:f:g:G:mMNop:rs:u:UlIk:',
    long: { ...USER_LONG, 'no-log-init': 'l' },
    status: 2,
  });
  const { users } = call.machine;
  const [name] = options.operands;
  if (name === undefined) throw new UsageFault('Usage: useradd [options] LOGIN', 2);
  if (!NAME.test(name)) throw new UsageFault(`invalid user name '${name}'`, 3);
  if (users.find(name)) throw new UsageFault(`user '${name}' already exists`, 9);
  const system = options.has('r');
  const uid =
    number(options.value('u'), 'user ID') ??
    freeId(new Set([...users.all().map((user) => user.uid), ...users.groups().map(({ gid }) => gid)]), system);
  if (users.find(uid) && !options.has('o')) throw new UsageFault(`UID ${uid} is not unique`, 4);
  const ownGroup = options.value('g') === undefined && !options.has('N');
  if (ownGroup && users.findGroup(name))
    throw new UsageFault(`group ${name} exists - if you want to add this user to that group, use -g.`, 9);
  const gid =
    options.value('g') === undefined
      ? ownGroup
        ? users.findGroup(uid)
          ? freeId(new Set(users.groups().map((group) => group.gid)), system)
          : uid
        : 100
      : groupOf(call, options.value('g') as string).gid;
  const extra = (options.value('G') ?? '')
    .split(',')
    .filter(Boolean)
    .map((text) => groupOf(call, text).name);
  if (ownGroup) users.write('/etc/group', [...users.lines('/etc/group'), `${name}:x:${gid}:`]);
  const home = options.value('d') ?? `/home/${name}`;
  users.write('/etc/passwd', [
    ...users.lines('/etc/passwd'),
    [name, 'x', uid, gid, options.value('c') ?? '', home, options.value('s') ?? '/bin/bash'].join(':'),
  ]);
  users.write('/etc/shadow', [
    ...users.lines('/etc/shadow'),
    `${name}:${options.value('p') ?? '!!'}:${today(call)}:${system ? ':::' : '0:99999:7::'}${expiry(options.value('e'))}:`,
  ]);
  setMembership(call, name, extra, true);
  if (options.has('m') || (!system && !options.has('M'))) createHome(call, home, uid, gid);
  return 0;
};

function today(call: Call): number {
  return Math.floor(call.machine.clock.now().getTime() / 86_400_000);
}

function expiry(text: string | undefined): string {
  if (text === undefined || text === '' || text === '-1') return '';
  return /^\d+$/.test(text) ? text : String(Math.floor(Date.parse(text) / 86_400_000));
}

function createHome(call: Call, home: string, uid: number, gid: number): void {
  const { fs } = call;
  if (fs.find(home)) return;
  makeParents(call, home.slice(0, home.lastIndexOf('/')) || '/');
  const folder = fs.mkdir(home, 0o700, ROOT);
  fs.chown(folder, uid, gid, ROOT);
  const skeleton = fs.find('/etc/skel');
  if (skeleton?.kind !== 'dir') return;
  for (const name of fs.names(skeleton)) {
    const source = fs.child(skeleton, name);
    if (source?.kind !== 'file') continue;
    const copy = fs.createFile(`${home}/${name}`, source.mode, ROOT);
    fs.writeAt(copy, 0, source.data.subarray(0, source.size));
    fs.chown(fs.current(copy), uid, gid, ROOT);
  }
}

/** Puts the user into these groups; without `append` out of all others. */
function setMembership(call: Call, user: string, groups: readonly string[], append: boolean): void {
  const { users } = call.machine;
  const lines = users.lines('/etc/group').map((line) => {
    const [name = '', password, gid, members = ''] = line.split(':');
    const list = members
      .split(',')
      .filter((member) => member !== '' && (member !== user || (append && !groups.includes(name))));
    if (groups.includes(name)) list.push(user);
    return [name, password, gid, list.join(',')].join(':');
  });
  users.write('/etc/group', lines);
}

export const usermod: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, {
    letters: 'c:d:e:f:g:G:mop:s:u:al:LKU',
    long: { ...USER_LONG, unlock: 'U' },
    status: 2,
  });
  const { users } = call.machine;
  const [name] = options.operands;
  const user = name === undefined ? undefined : users.find(name);
  if (name === undefined || !user)
    throw new UsageFault(
      name === undefined ? 'Usage: usermod [options] LOGIN' : `user '${name}' does not exist`,
      name === undefined ? 2 : 6,
    );
  const changed: User = {
    ...user,
    comment: options.value('c') ?? user.comment,
    home: options.value('d') ?? user.home,
    shell: options.value('s') ?? user.shell,
    uid: number(options.value('u'), 'user ID') ?? user.uid,
    gid: options.value('g') === undefined ? user.gid : groupOf(call, options.value('g') as string).gid,
    name: options.value('l') ?? user.name,
  };
  if (changed.name !== user.name && users.find(changed.name))
    throw new UsageFault(`user '${changed.name}' already exists`, 9);
  if (changed.uid !== user.uid && users.find(changed.uid) && !options.has('o'))
    throw new UsageFault(`UID '${changed.uid}' already exists`, 4);
  if (
    changed.uid !== user.uid &&
    call.machine.kernel.processes.size > 0 &&
    [...call.machine.kernel.processes.values()].some((proc) => proc.user.uid === user.uid && user.uid !== 0)
  ) {
    throw new UsageFault(`user ${name} is currently used by process`, 8);
  }
  replaceLine(
    call,
    '/etc/passwd',
    name,
    [changed.name, changed.password, changed.uid, changed.gid, changed.comment, changed.home, changed.shell].join(':'),
  );
  changeShadow(call, name, changed.name, options);
  const groups = options.value('G');
  if (groups !== undefined)
    setMembership(
      call,
      name,
      groups
        .split(',')
        .filter(Boolean)
        .map((text) => groupOf(call, text).name),
      options.has('a'),
    );
  if (options.has('m') && changed.home !== user.home && call.fs.find(user.home) && !call.fs.find(changed.home))
    call.fs.rename(user.home, changed.home, ROOT);
  if (changed.uid !== user.uid) rehome(call, changed.home, user.uid, changed.uid);
  return 0;
};

function rehome(call: Call, home: string, from: number, to: number): void {
  const folder = call.fs.find(home);
  if (!folder) return;
  for (const node of [folder, ...descendants(call, home, folder).map((entry) => entry.node)]) {
    const current = call.fs.current(node);
    if (current.uid === from) call.fs.chown(current, to, current.gid, ROOT);
  }
}

function changeShadow(call: Call, name: string, newName: string, options: Options): void {
  const { users } = call.machine;
  const line = users.lines('/etc/shadow').find((candidate) => candidate.startsWith(`${name}:`));
  if (line === undefined) return;
  const fields = line.split(':');
  fields[0] = newName;
  const password = options.value('p');
  if (password !== undefined) fields[1] = password;
  if (options.has('L') && !fields[1]?.startsWith('!')) fields[1] = `!${fields[1]}`;
  if (options.has('U')) fields[1] = fields[1]?.replace(/^!/, '') ?? '';
  if (options.has('e')) fields[7] = expiry(options.value('e'));
  replaceLine(call, '/etc/shadow', name, fields.join(':'));
}

function replaceLine(call: Call, path: string, name: string, line: string | undefined): void {
  const { users } = call.machine;
  users.write(
    path,
    users
      .lines(path)
      .flatMap((candidate) => (candidate.startsWith(`${name}:`) ? (line === undefined ? [] : [line]) : [candidate])),
  );
}

export const userdel: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, { letters: 'rfZ', long: { remove: 'r', force: 'f' }, status: 2 });
  const { users } = call.machine;
  const [name] = options.operands;
  const user = name === undefined ? undefined : users.find(name);
  if (name === undefined || !user)
    throw new UsageFault(
      name === undefined ? 'Usage: userdel [options] LOGIN' : `user '${name}' does not exist`,
      name === undefined ? 2 : 6,
    );
  const busy = [...call.machine.kernel.processes.values()].find((proc) => proc.user.uid === user.uid);
  if (busy && !options.has('f')) throw new UsageFault(`user ${name} is currently used by process ${busy.pid}`, 8);
  replaceLine(call, '/etc/passwd', name, undefined);
  replaceLine(call, '/etc/shadow', name, undefined);
  setMembership(call, name, [], false);
  const own = users.findGroup(name);
  if (own && own.members.length === 0 && !users.all().some(({ gid }) => gid === own.gid))
    replaceLine(call, '/etc/group', name, undefined);
  const home = call.fs.find(user.home);
  if (options.has('r') && home?.kind === 'dir' && user.home !== '/') {
    for (const { path, node } of descendants(call, user.home, home).toReversed()) {
      if (node.kind === 'dir') call.fs.rmdir(path, ROOT);
      else call.fs.unlink(path, ROOT);
    }
    call.fs.rmdir(user.home, ROOT);
  }
  return 0;
};

export const groupadd: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, {
    letters: 'fg:orp:',
    long: { force: 'f', gid: 'g', 'non-unique': 'o', system: 'r' },
    status: 2,
  });
  const { users } = call.machine;
  const [name] = options.operands;
  if (name === undefined) throw new UsageFault('Usage: groupadd [options] GROUP', 2);
  if (!NAME.test(name)) throw new UsageFault(`'${name}' is not a valid group name`, 3);
  if (users.findGroup(name)) {
    if (options.has('f')) return 0;
    throw new UsageFault(`group '${name}' already exists`, 9);
  }
  const gid =
    number(options.value('g'), 'group ID') ??
    freeId(new Set(users.groups().map((group) => group.gid)), options.has('r'));
  if (users.findGroup(gid) && !options.has('o')) throw new UsageFault(`GID '${gid}' already exists`, 4);
  users.write('/etc/group', [...users.lines('/etc/group'), `${name}:x:${gid}:`]);
  return 0;
};

export const groupmod: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, {
    letters: 'g:n:op:',
    long: { gid: 'g', 'new-name': 'n', 'non-unique': 'o' },
    status: 2,
  });
  const { users } = call.machine;
  const [name = ''] = options.operands;
  const group = users.findGroup(name);
  if (!group) throw new UsageFault(`group '${name}' does not exist`, 6);
  const gid = number(options.value('g'), 'group ID') ?? group.gid;
  const newName = options.value('n') ?? name;
  if (gid !== group.gid && users.findGroup(gid) && !options.has('o'))
    throw new UsageFault(`GID '${gid}' already exists`, 4);
  if (newName !== name && users.findGroup(newName)) throw new UsageFault(`group '${newName}' already exists`, 9);
  replaceLine(call, '/etc/group', name, `${newName}:x:${gid}:${group.members.join(',')}`);
  if (gid !== group.gid)
    users.write(
      '/etc/passwd',
      users.lines('/etc/passwd').map((line) =>
        line
          .split(':')
          .map((field, index) => (index === 3 && field === String(group.gid) ? String(gid) : field))
          .join(':'),
      ),
    );
  return 0;
};

export const groupdel: Tool = async (call) => {
  requireRoot(call);
  const { users } = call.machine;
  const [name = ''] = call.args.filter((arg) => !arg.startsWith('-'));
  const group = users.findGroup(name);
  if (!group) throw new UsageFault(`group '${name}' does not exist`, 6);
  const user = users.all().find(({ gid }) => gid === group.gid);
  if (user) throw new UsageFault(`cannot remove the primary group of user '${user.name}'`, 8);
  replaceLine(call, '/etc/group', name, undefined);
  return 0;
};

export const gpasswd: Tool = async (call) => {
  requireRoot(call);
  const options = parseOptions(call.args, {
    letters: 'a:d:M:',
    long: { add: 'a', delete: 'd', members: 'M' },
    status: 2,
  });
  const { users } = call.machine;
  const group = groupOf(call, options.operands[0] ?? '', 3);
  const current = users.findGroup(group.name)?.members ?? [];
  const added = options.value('a');
  const removed = options.value('d');
  if (added !== undefined && !users.find(added)) throw new UsageFault(`user '${added}' does not exist`, 3);
  if (removed !== undefined && !current.includes(removed))
    throw new UsageFault(`user '${removed}' is not a member of '${group.name}'`, 3);
  const members = options.value('M')?.split(',').filter(Boolean) ?? [
    ...new Set([...current.filter((member) => member !== removed), ...(added === undefined ? [] : [added])]),
  ];
  replaceLine(call, '/etc/group', group.name, `${group.name}:x:${group.gid}:${members.join(',')}`);
  await call.print(
    added === undefined
      ? removed === undefined
        ? ''
        : `Removing user ${removed} from group ${group.name}\n`
      : `Adding user ${added} to group ${group.name}\n`,
  );
  return 0;
};

export const chpasswd: Tool = async (call) => {
  requireRoot(call);
  const encrypted = call.args.includes('-e') || call.args.includes('--encrypted');
  let status = 0;
  for await (const { text } of readLines(call.proc)) {
    const [name = '', ...rest] = text.split(':');
    const line = call.machine.users.lines('/etc/shadow').find((candidate) => candidate.startsWith(`${name}:`));
    if (line === undefined || name === '') {
      await call.complain(`line 1: user '${name}' does not exist`);
      status = 1;
      continue;
    }
    const fields = line.split(':');
    fields[1] = encrypted ? rest.join(':') : hashPassword(rest.join(':'), 'simulated');
    replaceLine(call, '/etc/shadow', name, fields.join(':'));
  }
  return status;
};

export const passwd: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'ludSe',
    long: { lock: 'l', unlock: 'u', delete: 'd', status: 'S', stdin: 'e' },
  });
  requireRoot(call);
  const [name = 'root'] = options.operands;
  const line = call.machine.users.lines('/etc/shadow').find((candidate) => candidate.startsWith(`${name}:`));
  if (line === undefined) throw new UsageFault(`Unknown user name '${name}'.`);
  const fields = line.split(':');
  if (options.has('l') && !fields[1]?.startsWith('!')) fields[1] = `!!${fields[1]}`;
  else if (options.has('u')) fields[1] = fields[1]?.replace(/^!+/, '') ?? '';
  else if (options.has('d')) fields[1] = '';
  else if (options.has('e')) {
    for await (const { text } of readLines(call.proc)) {
      fields[1] = hashPassword(text, 'simulated');
      break;
    }
  } else if (options.has('S')) {
    await call.print(`${name} ${fields[1]?.startsWith('!') ? 'LK' : 'PS'} 2020-04-01 0 99999 7 -1\n`);
    return 0;
  }
  replaceLine(call, '/etc/shadow', name, fields.join(':'));
  return 0;
};

export const crontab: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'lru:e', long: { list: 'l', remove: 'r', user: 'u' } });
  const name = options.value('u') ?? call.machine.users.userName(call.user.uid) ?? 'root';
  if (name !== call.machine.users.userName(call.user.uid) && call.user.uid !== 0)
    throw new UsageFault('must be privileged to use -u');
  if (!call.machine.users.find(name)) throw new UsageFault(`user \`${name}' unknown`);
  const path = `/var/spool/cron/${name}`;
  const node = call.fs.find(path);
  if (options.has('l') || options.has('r')) {
    if (node?.kind !== 'file') {
      await call.proc.files.get(2)?.write(Buffer.from(`no crontab for ${name}\n`), call.proc);
      return 1;
    }
    if (options.has('r')) call.fs.unlink(path, ROOT);
    else await call.print(node.data.subarray(0, node.size).toString('latin1'));
    return 0;
  }
  const bytes = await call.content(options.operands[0] ?? '-');
  const target = call.fs.find(path) ?? call.fs.createFile(path, 0o600, ROOT);
  if (target.kind !== 'file') return 1;
  call.fs.truncate(target, 0);
  call.fs.writeAt(call.fs.current(target), 0, bytes);
  return 0;
};
