export type Attributes = {
  ino: number;
  /** Permission bits incl. setuid, setgid and sticky, without the file type. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  mtimeMs: number;
  ctimeMs: number;
  atimeMs: number;
};

export type FileNode = Attributes & { kind: 'file'; data: Buffer; size: number; generate?: () => string };
export type DirNode = Attributes & {
  kind: 'dir';
  parent: number;
  /** Inode numbers by name, so that a directory shared with the base tree can be copied alone. */
  entries: Map<string, number>;
  virtual?: { lookup(name: string): Inode | undefined; list(): string[] };
};
/** `targetFor` is for /proc/self, which leads everybody elsewhere. */
export type LinkNode = Attributes & { kind: 'symlink'; target: string; targetFor?: (who: Credentials) => string };
export type DeviceNode = Attributes & { kind: 'device'; device: 'null' | 'zero' | 'full' | 'random' | 'tty' };
export type FifoNode = Attributes & { kind: 'fifo' };
export type Inode = FileNode | DirNode | LinkNode | DeviceNode | FifoNode;

/** Who asks: decides about permissions. */
export type Credentials = { uid: number; gid: number; groups: readonly number[]; pid?: number };

export const ROOT: Credentials = { uid: 0, gid: 0, groups: [0] };

export const READ = 4;
export const WRITE = 2;
export const SEARCH = 1;

export function allowed(node: Attributes & { kind: Inode['kind'] }, who: Credentials, wanted: number): boolean {
  if (who.uid === 0) return wanted !== SEARCH || node.kind === 'dir' || (node.mode & 0o111) !== 0;
  if (node.uid === who.uid) return ((node.mode >> 6) & wanted) === wanted;
  if (node.gid === who.gid || who.groups.includes(node.gid)) return ((node.mode >> 3) & wanted) === wanted;
  return (node.mode & wanted) === wanted;
}

const TYPE_BITS = { file: 0o100000, dir: 0o040000, symlink: 0o120000, device: 0o020000, fifo: 0o010000 };

/** st_mode: type and permissions. */
export function fullMode(node: Inode): number {
  return TYPE_BITS[node.kind] | node.mode;
}

export function sizeOf(node: Inode): number {
  if (node.kind === 'file') return node.generate ? 0 : node.size;
  if (node.kind === 'symlink') return node.target.length;
  return node.kind === 'dir' ? 4096 : 0;
}

export function fileBytes(node: FileNode): Buffer {
  return node.generate ? Buffer.from(node.generate(), 'latin1') : node.data.subarray(0, node.size);
}

export function linkTarget(node: LinkNode, who: Credentials): string {
  return node.targetFor?.(who) ?? node.target;
}
