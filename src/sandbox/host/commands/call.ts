import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import type { Inode } from '../fs/inode.js';
import { complain, print, readAll } from '../kernel/io.js';
import { openFile } from '../kernel/open.js';
import type { OpenFile } from '../kernel/open-file.js';
import { absolutePath, baseName } from '../kernel/path.js';
import type { Program } from '../kernel/kernel.js';
import type { Process } from '../kernel/process.js';
import type { Machine } from '../machine.js';

/** One invocation of a program: its process, arguments and the host around it. */
export class Call {
  readonly name: string;
  readonly args: string[];

  constructor(
    readonly machine: Machine,
    readonly proc: Process,
    argv: readonly string[],
  ) {
    this.name = baseName(argv[0] ?? '');
    this.args = argv.slice(1);
  }

  get fs(): FileSystem {
    return this.machine.fs;
  }

  get user() {
    return this.proc.user;
  }

  print(text: string): Promise<void> {
    return print(this.proc, text);
  }

  complain(message: string): Promise<void> {
    return complain(this.proc, `${this.name}: ${message}`);
  }

  path(operand: string): string {
    return absolutePath(operand, this.proc.cwd);
  }

  find(operand: string, follow = true): Inode | undefined {
    return operand === '' ? undefined : this.fs.find(this.path(operand), this.user, follow);
  }

  /** The node at a path; Errno says why not. */
  stat(operand: string, follow = true): Inode {
    return this.fs.stat(this.path(operand), this.user, follow);
  }

  openToRead(operand: string): OpenFile {
    return openFile(this.proc, this.fs, operand, { read: true });
  }

  /** The whole content of a file, or of standard input for `-`. */
  async content(operand: string): Promise<Buffer> {
    if (operand === '-') return readAll(this.proc);
    const file = this.openToRead(operand);
    try {
      return await readAll(this.proc, file);
    } finally {
      file.close();
    }
  }

  async write(operand: string, bytes: Buffer, mode = 0o666): Promise<void> {
    const file = openFile(this.proc, this.fs, operand, { write: true, create: true, truncate: true, mode });
    try {
      await file.write(bytes, this.proc);
    } finally {
      file.close();
    }
  }

  /** Does something for every operand; those that fail are named and make the status 1. */
  async each(
    operands: readonly string[],
    action: (operand: string) => Promise<void> | void,
    describe = (operand: string) => operand,
  ): Promise<number> {
    let status = 0;
    for (const operand of operands) {
      try {
        await action(operand);
      } catch (thrown) {
        if (!(thrown instanceof Errno) || thrown.code === 'EPIPE') throw thrown;
        await this.complain(`${describe(operand)}: ${thrown.message}`);
        status = 1;
      }
    }
    return status;
  }

  /** Runs a command and waits for it; 127 and 126 when it cannot be run. */
  async run(argv: string[], prepare: (proc: Process) => void = () => {}): Promise<number> {
    const child = this.start(argv, prepare);
    await this.proc.wait((wake) => child.onEnd(wake));
    return child.status ?? 0;
  }

  start(argv: string[], prepare: (proc: Process) => void = () => {}): Process {
    const { kernel } = this.machine;
    const child = kernel.fork(this.proc, argv);
    prepare(child);
    const { name } = this;
    void kernel.run(child, () => execOrComplain(this.machine, child, argv, name));
    return child;
  }
}

/** Runs a program in the process, with the complaint of env, xargs and their like when there is none. */
export async function execOrComplain(
  { kernel }: Machine,
  proc: Process,
  argv: string[],
  name: string,
): Promise<number> {
  let path: string;
  try {
    path = kernel.search(proc, argv[0] ?? '');
  } catch {
    await complain(proc, `${name}: ${argv[0]}: No such file or directory`);
    return 127;
  }
  return kernel.exec(proc, argv, path);
}

/** A wrong way to call a program: its message is printed after the program's name. */
export class UsageFault extends Error {
  constructor(
    message: string,
    readonly status = 1,
  ) {
    super(message);
  }
}

export type Tool = (call: Call) => Promise<number>;

/** A tool as a program of this host. */
export function toolProgram(machine: () => Machine, tool: Tool): Program {
  return async (proc, argv) => {
    const call = new Call(machine(), proc, argv);
    try {
      return await tool(call);
    } catch (thrown) {
      if (thrown instanceof UsageFault) {
        await call.complain(thrown.message);
        return thrown.status;
      }
      if (thrown instanceof Errno) {
        await call.complain(
          thrown.code === 'EPIPE' || thrown.code === 'ENOSPC' ? `write error: ${thrown.message}` : thrown.message,
        );
        return 1;
      }
      throw thrown;
    }
  };
}
