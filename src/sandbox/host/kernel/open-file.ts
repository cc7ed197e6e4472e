import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import { fileBytes } from '../fs/inode.js';
import type { DeviceNode, DirNode, FileNode, Inode } from '../fs/inode.js';
import type { Waiter } from './waiter.js';

const CHUNK = 65_536;
const EMPTY = Buffer.alloc(0);

/** What a file descriptor stands for. Several descriptors and processes may share one; the last `close` counts. */
export abstract class OpenFile {
  #references = 1;
  readonly node: Inode | undefined = undefined;

  /** Up to `max` bytes; none means the end. */
  abstract read(max: number, proc: Waiter): Promise<Buffer>;
  abstract write(bytes: Buffer, proc: Waiter): Promise<void>;
  /** Puts back what a reader took too much of. */
  abstract unread(bytes: Buffer): void;
  protected onClose(): void {}

  share(): this {
    this.#references++;
    return this;
  }

  close(): void {
    if (--this.#references === 0) this.onClose();
  }
}

/** A regular file: offset and append mode belong to the descriptor, content to the node. */
export class RegularFile extends OpenFile {
  offset = 0;

  constructor(
    readonly fs: FileSystem,
    override readonly node: FileNode,
    readonly access: { read: boolean; write: boolean; append: boolean },
  ) {
    super();
  }

  async read(max: number): Promise<Buffer> {
    if (!this.access.read) throw new Errno('EBADF');
    const bytes = fileBytes(this.fs.current(this.node)).subarray(this.offset, this.offset + max);
    this.offset += bytes.length;
    // A copy, because a later write changes the node's bytes in place.
    return Buffer.from(bytes);
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.access.write) throw new Errno('EBADF');
    if (this.node.generate) return;
    if (this.access.append) this.offset = this.fs.current(this.node).size;
    this.fs.writeAt(this.node, this.offset, bytes);
    this.offset += bytes.length;
  }

  unread(bytes: Buffer): void {
    this.offset -= bytes.length;
  }
}

export class DeviceFile extends OpenFile {
  constructor(override readonly node: DeviceNode) {
    super();
  }

  async read(max: number): Promise<Buffer> {
    if (this.node.device === 'null' || this.node.device === 'tty') return EMPTY;
    const bytes = Buffer.alloc(Math.min(max, CHUNK));
    if (this.node.device === 'random')
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(Math.random() * 256);
    return bytes;
  }

  async write(): Promise<void> {
    if (this.node.device === 'full') throw new Errno('ENOSPC');
  }

  unread(): void {}
}

export class DirectoryFile extends OpenFile {
  constructor(override readonly node: DirNode) {
    super();
  }

  async read(): Promise<Buffer> {
    throw new Errno('EISDIR');
  }

  async write(): Promise<void> {
    throw new Errno('EBADF');
  }

  unread(): void {}
}

/** Hands whatever is written to it to a function, and tells when nobody can write any more. */
export class SinkFile extends OpenFile {
  constructor(
    readonly accept: (bytes: Buffer, proc: Waiter) => Promise<void> | void,
    readonly closed: () => void = () => {},
  ) {
    super();
  }

  async read(): Promise<Buffer> {
    throw new Errno('EBADF');
  }

  async write(bytes: Buffer, proc: Waiter): Promise<void> {
    await this.accept(bytes, proc);
  }

  unread(): void {}

  protected override onClose(): void {
    this.closed();
  }
}

/** A text to read from, as here-documents are. */
export class TextFile extends OpenFile {
  #rest: Buffer;

  constructor(text: string) {
    super();
    this.#rest = Buffer.from(text, 'latin1');
  }

  async read(max: number): Promise<Buffer> {
    const bytes = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  async write(): Promise<void> {
    throw new Errno('EBADF');
  }

  unread(bytes: Buffer): void {
    this.#rest = Buffer.concat([bytes, this.#rest]);
  }
}
