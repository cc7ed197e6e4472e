import type { Clock } from '../../../clock.js';
import { Errno } from './errno.js';
import { allowed, linkTarget, READ, ROOT, SEARCH, WRITE } from './inode.js';
import type { Credentials, DeviceNode, DirNode, FileNode, Inode, LinkNode } from './inode.js';

const MAX_LINKS = 40;
const MAX_NAME = 255;
const MAX_PATH = 4096;
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_HOST_BYTES = 512 * 1024 * 1024;
const ROOT_INODE = 2;

/** Where a path leads: its folder, its name there and the node, if there is one. `path` is canonical. */
export type Place = { parent: DirNode; name: string; node: Inode | undefined; path: string };

/**
 * A POSIX file system in memory. Inodes of the base are shared by all hosts and copied the moment a host changes one.
 * Paths are absolute byte strings; every operation checks the permissions of `who` and throws Errno.
 */
export class FileSystem {
  readonly #own = new Map<number, Inode>();
  readonly #base: ReadonlyMap<number, Inode>;
  readonly #clock: Clock;
  #nextInode: number;
  #bytes = 0;

  constructor(clock: Clock, base?: FileSystem) {
    this.#clock = clock;
    this.#base = base ? base.#own : new Map();
    this.#nextInode = base ? base.#nextInode : ROOT_INODE + 1;
    if (!base)
      this.#own.set(ROOT_INODE, {
        ...this.#attributes(ROOT_INODE, 0o755, ROOT),
        kind: 'dir',
        parent: ROOT_INODE,
        entries: new Map(),
        nlink: 2,
      });
  }

  usedBytes(): number {
    return this.#bytes;
  }

  inode(ino: number): Inode | undefined {
    return this.#own.get(ino) ?? this.#base.get(ino);
  }

  /** The host's own copy of a node, made on the first change. */
  writable<Node extends Inode>(node: Node): Node {
    const own = this.#own.get(node.ino);
    if (own || ('virtual' in node && node.virtual)) return (own ?? node) as Node;
    if (!this.#base.has(node.ino)) return node;
    const copy: Inode = { ...node };
    if (copy.kind === 'dir') copy.entries = new Map(copy.entries);
    if (copy.kind === 'file') {
      copy.data = Buffer.from(copy.data.subarray(0, copy.size));
      this.#bytes += copy.size;
    }
    this.#own.set(node.ino, copy);
    return copy as Node;
  }

  /** The newest state of a node that somebody has held open. */
  current<Node extends Inode>(node: Node): Node {
    return (this.#own.get(node.ino) ?? node) as Node;
  }

  /** Follows a path; only its last part may be missing. Without `follow` a symbolic link at the end stays itself. */
  walk(path: string, who: Credentials, follow = true): Place {
    if (path === '') throw new Errno('ENOENT');
    if (path.length > MAX_PATH) throw new Errno('ENAMETOOLONG');
    const wantsDir = path.endsWith('/') && path !== '/';
    const pending = path.split('/').filter(Boolean).toReversed();
    let dir = this.root();
    let names: string[] = [];
    let links = 0;
    let place: Place = { parent: dir, name: '.', node: dir, path: '/' };
    while (pending.length > 0) {
      const name = pending.pop() as string;
      if (!allowed(dir, who, SEARCH)) throw new Errno('EACCES');
      if (name.length > MAX_NAME) throw new Errno('ENAMETOOLONG');
      const node = this.child(dir, name);
      const last = pending.length === 0;
      if (node?.kind === 'symlink' && (!last || follow || wantsDir)) {
        if (++links > MAX_LINKS) throw new Errno('ELOOP');
        const target = linkTarget(node, who);
        if (target.startsWith('/')) {
          dir = this.root();
          names = [];
        }
        pending.push(...target.split('/').filter(Boolean).toReversed());
        place = { parent: dir, name: '.', node: dir, path: `/${names.join('/')}` };
        continue;
      }
      if (name === '..') names.pop();
      else if (name !== '.') names.push(name);
      place = { parent: dir, name, node, path: `/${names.join('/')}` };
      if (last) break;
      if (!node) throw new Errno('ENOENT');
      if (node.kind !== 'dir') throw new Errno('ENOTDIR');
      dir = node;
    }
    if (wantsDir && place.node && place.node.kind !== 'dir') throw new Errno('ENOTDIR');
    return place;
  }

  root(): DirNode {
    return this.inode(ROOT_INODE) as DirNode;
  }

  child(dir: DirNode, name: string): Inode | undefined {
    if (name === '.') return dir;
    if (name === '..') return this.inode(dir.parent);
    const ino = dir.entries.get(name);
    return ino === undefined ? dir.virtual?.lookup(name) : this.inode(ino);
  }

  stat(path: string, who: Credentials, follow = true): Inode {
    const { node } = this.walk(path, who, follow);
    if (!node) throw new Errno('ENOENT');
    return node;
  }

  /** The node, or undefined when the path leads nowhere for whatever reason. */
  find(path: string, who: Credentials = ROOT, follow = true): Inode | undefined {
    try {
      return this.walk(path, who, follow).node;
    } catch (thrown) {
      if (thrown instanceof Errno) return undefined;
      throw thrown;
    }
  }

  realpath(path: string, who: Credentials): string {
    const { node, path: real } = this.walk(path, who);
    if (!node) throw new Errno('ENOENT');
    return real;
  }

  list(path: string, who: Credentials): string[] {
    const dir = this.#directory(path, who);
    if (!allowed(dir, who, READ)) throw new Errno('EACCES');
    return this.names(dir);
  }

  names(dir: DirNode): string[] {
    return dir.virtual ? [...dir.entries.keys(), ...dir.virtual.list()] : [...dir.entries.keys()];
  }

  mkdir(path: string, mode: number, who: Credentials): DirNode {
    const place = this.#vacant(path.replace(/\/+$/, '') || '/', who);
    const inherited = place.parent.mode & 0o2000;
    const node: DirNode = {
      ...this.#attributes(this.#nextInode++, mode | inherited, who, place.parent),
      kind: 'dir',
      parent: place.parent.ino,
      entries: new Map(),
      nlink: 2,
    };
    this.#enter(place.parent, place.name, node);
    this.writable(place.parent).nlink++;
    return node;
  }

  createFile(path: string, mode: number, who: Credentials): FileNode {
    const place = this.#vacant(path, who);
    const node: FileNode = {
      ...this.#attributes(this.#nextInode++, mode, who, place.parent),
      kind: 'file',
      data: Buffer.alloc(0),
      size: 0,
    };
    this.#enter(place.parent, place.name, node);
    return node;
  }

  fifo(path: string, mode: number, who: Credentials): void {
    const place = this.#vacant(path, who);
    this.#enter(place.parent, place.name, {
      ...this.#attributes(this.#nextInode++, mode, who, place.parent),
      kind: 'fifo',
    });
  }

  symlink(target: string, path: string, who: Credentials): void {
    const place = this.#vacant(path, who);
    const node: LinkNode = {
      ...this.#attributes(this.#nextInode++, 0o777, who, place.parent),
      kind: 'symlink',
      target,
    };
    this.#enter(place.parent, place.name, node);
  }

  link(from: string, path: string, who: Credentials): void {
    const node = this.stat(from, who, false);
    if (node.kind === 'dir') throw new Errno('EPERM');
    const place = this.#vacant(path, who);
    const own = this.writable(node);
    own.nlink++;
    own.ctimeMs = this.#now();
    this.#enter(place.parent, place.name, own);
  }

  /** Hangs a device or a generated file or folder into the tree; only the base and the kernel do this. */
  mount(path: string, node: MountedNode): void {
    const place = this.walk(path, ROOT, false);
    const full = { ...this.#attributes(this.#nextInode++, node.mode, ROOT), ...node } as Inode;
    if (full.kind === 'dir') full.parent = place.parent.ino;
    this.#enter(place.parent, place.name, full);
  }

  unlink(path: string, who: Credentials): void {
    const place = this.#occupied(path, who);
    if (place.node.kind === 'dir') throw new Errno('EISDIR');
    this.#checkRemoval(place.parent, place.node, who);
    this.#drop(place.parent, place.name, place.node);
  }

  rmdir(path: string, who: Credentials): void {
    const place = this.#occupied(path.replace(/\/+$/, '') || '/', who);
    if (place.node.kind !== 'dir') throw new Errno('ENOTDIR');
    if (place.name === '.') throw new Errno('EINVAL');
    if (place.name === '..') throw new Errno('ENOTEMPTY');
    if (place.node.virtual) throw new Errno('EBUSY');
    if (place.node.entries.size > 0) throw new Errno('ENOTEMPTY');
    this.#checkRemoval(place.parent, place.node, who);
    this.#drop(place.parent, place.name, place.node);
    this.writable(place.parent).nlink--;
  }

  /** Moves in one step, replacing what is there as rename(2) does. */
  rename(from: string, to: string, who: Credentials): void {
    const source = this.#occupied(from.replace(/\/+$/, '') || '/', who);
    const target = this.walk(to.replace(/\/+$/, '') || '/', who, false);
    if (['.', '..'].includes(source.name) || ['.', '..'].includes(target.name)) throw new Errno('EBUSY');
    if (target.node?.ino === source.node.ino) return;
    this.#checkRemoval(source.parent, source.node, who);
    if (source.node.kind === 'dir' && `${target.path}/`.startsWith(`${source.path}/`)) throw new Errno('EINVAL');
    this.#checkWritable(target.parent, who);
    if (target.node) this.#replace(source.node, target as Place & { node: Inode }, who);
    this.writable(source.parent).entries.delete(source.name);
    this.#touch(source.parent);
    const own = this.writable(source.node);
    own.ctimeMs = this.#now();
    if (own.kind === 'dir' && target.parent.ino !== source.parent.ino) {
      own.parent = target.parent.ino;
      this.writable(source.parent).nlink--;
      this.writable(target.parent).nlink++;
    }
    this.#enter(target.parent, target.name, own);
  }

  #replace(source: Inode, target: Place & { node: Inode }, who: Credentials): void {
    this.#checkRemoval(target.parent, target.node, who);
    if (target.node.kind === 'dir') {
      if (source.kind !== 'dir') throw new Errno('EISDIR');
      if (target.node.entries.size > 0) throw new Errno('ENOTEMPTY');
      this.writable(target.parent).nlink--;
    } else if (source.kind === 'dir') throw new Errno('ENOTDIR');
    this.#drop(target.parent, target.name, target.node);
  }

  chmod(node: Inode, mode: number, who: Credentials): void {
    if (who.uid !== 0 && who.uid !== node.uid) throw new Errno('EPERM');
    const own = this.writable(node);
    own.mode = mode & 0o7777;
    own.ctimeMs = this.#now();
  }

  chown(node: Inode, uid: number, gid: number, who: Credentials): void {
    const groupOnly = uid === node.uid && node.uid === who.uid && (gid === who.gid || who.groups.includes(gid));
    if (who.uid !== 0 && !groupOnly) throw new Errno('EPERM');
    const own = this.writable(node);
    // Linux clears setuid and setgid of executables that change hands.
    if (own.kind === 'file' && (own.uid !== uid || own.gid !== gid)) own.mode &= ~0o6000;
    own.uid = uid;
    own.gid = gid;
    own.ctimeMs = this.#now();
  }

  utimes(node: Inode, atimeMs: number, mtimeMs: number): void {
    const own = this.writable(node);
    own.atimeMs = atimeMs;
    own.mtimeMs = mtimeMs;
    own.ctimeMs = this.#now();
  }

  writeAt(node: FileNode, offset: number, bytes: Uint8Array): void {
    const own = this.writable(node);
    const end = offset + bytes.length;
    if (end > MAX_FILE_BYTES) throw new Errno('EFBIG');
    this.#grow(own, end);
    own.data.set(bytes, offset);
    if (end > own.size) own.size = end;
    own.mtimeMs = own.ctimeMs = this.#now();
  }

  truncate(node: FileNode, size: number): void {
    const own = this.writable(node);
    if (size > MAX_FILE_BYTES) throw new Errno('EFBIG');
    this.#grow(own, size);
    own.data.fill(0, Math.min(own.size, size));
    if (size === 0) {
      this.#bytes -= own.data.length;
      own.data = Buffer.alloc(0);
    }
    own.size = size;
    own.mtimeMs = own.ctimeMs = this.#now();
  }

  #grow(node: FileNode, size: number): void {
    if (size <= node.data.length) return;
    const capacity = node.size === 0 ? size : Math.max(size, node.data.length * 2);
    this.#bytes += capacity - node.data.length;
    if (this.#bytes > MAX_HOST_BYTES) {
      this.#bytes -= capacity - node.data.length;
      throw new Errno('ENOSPC');
    }
    const data = Buffer.alloc(capacity);
    node.data.copy(data, 0, 0, node.size);
    node.data = data;
  }

  #attributes(ino: number, mode: number, who: Credentials, parent?: DirNode) {
    const now = this.#now();
    const gid = parent && (parent.mode & 0o2000) !== 0 ? parent.gid : who.gid;
    return { ino, mode: mode & 0o7777, uid: who.uid, gid, nlink: 1, mtimeMs: now, ctimeMs: now, atimeMs: now };
  }

  #vacant(path: string, who: Credentials): Place {
    const place = this.walk(path, who, false);
    if (place.node) throw new Errno('EEXIST');
    this.#checkWritable(place.parent, who);
    return place;
  }

  #occupied(path: string, who: Credentials): Place & { node: Inode } {
    const place = this.walk(path, who, false);
    if (!place.node) throw new Errno('ENOENT');
    return place as Place & { node: Inode };
  }

  #directory(path: string, who: Credentials): DirNode {
    const node = this.stat(path, who);
    if (node.kind !== 'dir') throw new Errno('ENOTDIR');
    return node;
  }

  #checkWritable(dir: DirNode, who: Credentials): void {
    if (dir.virtual) throw new Errno('EACCES');
    if (!allowed(dir, who, WRITE) || !allowed(dir, who, SEARCH)) throw new Errno('EACCES');
    // A folder that was removed while somebody stood in it takes nothing new.
    if (!this.inode(dir.ino)) throw new Errno('ENOENT');
  }

  #checkRemoval(dir: DirNode, node: Inode, who: Credentials): void {
    this.#checkWritable(dir, who);
    const sticky = (dir.mode & 0o1000) !== 0;
    if (sticky && who.uid !== 0 && who.uid !== node.uid && who.uid !== dir.uid) throw new Errno('EPERM');
  }

  #enter(dir: DirNode, name: string, node: Inode): void {
    this.#own.set(node.ino, node);
    this.writable(dir).entries.set(name, node.ino);
    this.#touch(dir);
  }

  #drop(dir: DirNode, name: string, node: Inode): void {
    this.writable(dir).entries.delete(name);
    this.#touch(dir);
    const own = this.writable(node);
    own.nlink--;
    own.ctimeMs = this.#now();
    if (own.kind !== 'dir' && own.nlink > 0) return;
    // Whoever has it open keeps the object; the table forgets it.
    if (own.kind === 'file') this.#bytes -= own.data.length;
    this.#own.delete(own.ino);
  }

  #touch(dir: DirNode): void {
    const own = this.writable(dir);
    own.mtimeMs = own.ctimeMs = this.#now();
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

export type MountedNode =
  | Pick<FileNode, 'kind' | 'mode' | 'data' | 'size' | 'generate'>
  | Pick<DirNode, 'kind' | 'mode' | 'entries' | 'virtual'>
  | Pick<LinkNode, 'kind' | 'mode' | 'target' | 'targetFor'>
  | Pick<DeviceNode, 'kind' | 'mode' | 'device'>;
