import { Errno } from '../fs/errno.js';
import { OpenFile } from './open-file.js';
import type { Waiter } from './waiter.js';
import { SIGNALS } from './signals.js';

const CAPACITY = 65_536;
const EMPTY = Buffer.alloc(0);

/** A bounded pipe: writers wait while it is full, readers while it is empty. */
export class Pipe {
  #chunks: Buffer[] = [];
  #size = 0;
  #readers = 0;
  #writers = 0;
  readonly #waiting = new Set<() => void>();

  reader(): OpenFile {
    this.#readers++;
    return new PipeEnd(this, 'read', () => {
      this.#readers--;
      this.#wake();
    });
  }

  writer(): OpenFile {
    this.#writers++;
    return new PipeEnd(this, 'write', () => {
      this.#writers--;
      this.#wake();
    });
  }

  async take(max: number, proc: Waiter): Promise<Buffer> {
    while (this.#size === 0 && this.#writers > 0) await proc.wait((wake) => this.#subscribe(wake), true);
    const first = this.#chunks.shift();
    if (!first) return EMPTY;
    const bytes = first.subarray(0, max);
    if (bytes.length < first.length) this.#chunks.unshift(first.subarray(max));
    this.#size -= bytes.length;
    this.#wake();
    return bytes;
  }

  async put(bytes: Buffer, proc: Waiter): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#readers === 0) {
        proc.signal(SIGNALS.PIPE);
        proc.check();
        throw new Errno('EPIPE');
      }
      if (this.#size >= CAPACITY) {
        await proc.wait((wake) => this.#subscribe(wake));
        continue;
      }
      const part = rest.subarray(0, CAPACITY - this.#size);
      this.#chunks.push(Buffer.from(part));
      this.#size += part.length;
      rest = rest.subarray(part.length);
      this.#wake();
    }
  }

  /** What comes from outside the host (an SSH channel); the answer says whether there is room for more. */
  feed(bytes: Buffer): boolean {
    if (this.#readers === 0) return true;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#wake();
    return this.#size < CAPACITY;
  }

  /** Calls `action` once there is room again or nobody reads any more. */
  whenRoom(action: () => void): void {
    const cancel = this.#subscribe(() => {
      if (this.#size >= CAPACITY && this.#readers > 0) return;
      cancel();
      action();
    });
  }

  giveBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.unshift(bytes);
    this.#size += bytes.length;
  }

  #subscribe(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

class PipeEnd extends OpenFile {
  constructor(
    readonly pipe: Pipe,
    readonly side: 'read' | 'write',
    readonly closed: () => void,
  ) {
    super();
  }

  async read(max: number, proc: Waiter): Promise<Buffer> {
    if (this.side === 'write') throw new Errno('EBADF');
    return this.pipe.take(max, proc);
  }

  async write(bytes: Buffer, proc: Waiter): Promise<void> {
    if (this.side === 'read') throw new Errno('EBADF');
    await this.pipe.put(bytes, proc);
  }

  unread(bytes: Buffer): void {
    this.pipe.giveBack(bytes);
  }

  protected override onClose(): void {
    this.closed();
  }
}
