import { createHash, timingSafeEqual } from 'node:crypto';
import type { FileSystem } from './fs/file-system.js';
import { fileBytes, ROOT } from './fs/inode.js';
import type { Credentials } from './fs/inode.js';

export type User = {
  name: string;
  password: string;
  uid: number;
  gid: number;
  comment: string;
  home: string;
  shell: string;
};
export type Group = { name: string; gid: number; members: string[] };

/** The accounts of a host, which are what its /etc/passwd, /etc/group and /etc/shadow say. */
export class Users {
  constructor(readonly fs: FileSystem) {}

  all(): User[] {
    return this.lines('/etc/passwd').map((line) => {
      const [name = '', password = '', uid = '', gid = '', comment = '', home = '', shell = ''] = line.split(':');
      return { name, password, uid: Number(uid), gid: Number(gid), comment, home, shell };
    });
  }

  groups(): Group[] {
    return this.lines('/etc/group').map((line) => {
      const [name = '', , gid = '', members = ''] = line.split(':');
      return { name, gid: Number(gid), members: members.split(',').filter(Boolean) };
    });
  }

  /** By name or uid. */
  find(user: string | number): User | undefined {
    return this.all().find(({ name, uid }) => (typeof user === 'number' ? uid === user : name === user));
  }

  findGroup(group: string | number): Group | undefined {
    return this.groups().find(({ name, gid }) => (typeof group === 'number' ? gid === group : name === group));
  }

  userName(uid: number): string | undefined {
    return this.find(uid)?.name;
  }

  groupName(gid: number): string | undefined {
    return this.findGroup(gid)?.name;
  }

  /** What a process of this user may do: its own group and all it is a member of. */
  credentials({ name, uid, gid }: User): Credentials {
    const groups = this.groups().filter(({ members }) => members.includes(name));
    return { uid, gid, groups: [gid, ...groups.map((group) => group.gid).filter((other) => other !== gid)] };
  }

  passwordMatches(name: string, password: string): boolean {
    const stored =
      this.lines('/etc/shadow')
        .find((line) => line.startsWith(`${name}:`))
        ?.split(':')[1] ?? '!';
    const [, , salt = ''] = stored.split('$');
    const hashed = Buffer.from(hashPassword(password, salt));
    const expected = Buffer.from(stored);
    return hashed.length === expected.length && timingSafeEqual(hashed, expected);
  }

  lines(path: string): string[] {
    const node = this.fs.find(path);
    if (node?.kind !== 'file') return [];
    return fileBytes(node)
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  }

  /** Replaces the lines of an account file, keeping its owner and mode. */
  write(path: string, lines: readonly string[]): void {
    const node = this.fs.find(path) ?? this.fs.createFile(path, 0o644, ROOT);
    if (node.kind !== 'file') return;
    const text = lines.map((line) => `${line}\n`).join('');
    this.fs.truncate(node, 0);
    this.fs.writeAt(this.fs.current(node), 0, Buffer.from(text, 'latin1'));
  }
}

/** Looks like a crypt(3) hash; only simulated hosts understand it. */
export function hashPassword(password: string, salt: string): string {
  return `$6$${salt}$${createHash('sha512').update(`${salt}:${password}`).digest('base64').replaceAll('+', '.').replace(/=+$/, '')}`;
}
