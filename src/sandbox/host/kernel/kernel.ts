import type { Clock } from '../../../clock.js';
import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import { allowed, fileBytes, READ, ROOT, SEARCH } from '../fs/inode.js';
import type { FileNode } from '../fs/inode.js';
import { MAGIC } from './magic.js';
import { absolutePath } from './path.js';
import { FORK_STEPS, OutOfSteps, Turns } from './budget.js';
import { Process } from './process.js';
import { Killed } from './signals.js';

const MAX_PROCESSES = 512;
const FIRST_PID = 1201;
const MAX_PID = 32_768;

/** What runs in a process: gets the arguments with its own name first, returns the exit status. */
export type Program = (proc: Process, argv: string[]) => Promise<number>;

/** A command that cannot be run: 127 when there is none, 126 when it may not. */
export class ExecFailure extends Error {
  constructor(
    readonly status: 126 | 127,
    message: string,
  ) {
    super(message);
  }
}

/** The processes of one host and how programs are found and started. */
export class Kernel {
  readonly processes = new Map<number, Process>();
  readonly init: Process;
  readonly turns = new Turns();
  #nextPid = FIRST_PID;

  constructor(
    readonly fs: FileSystem,
    readonly clock: Clock,
    readonly programs: ReadonlyMap<string, Program>,
    readonly bootedAt: Date,
  ) {
    this.init = new Process(
      { pid: 1, parent: undefined, argv: ['/usr/lib/systemd/systemd'], user: ROOT, cwd: '/', umask: 0o22 },
      clock,
      this.turns,
    );
    this.init.environment.set('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin');
    this.processes.set(1, this.init);
  }

  /** A child that shares its parent's open files; nothing runs in it yet. */
  fork(parent: Process, argv: string[] = parent.argv): Process {
    if (this.processes.size >= MAX_PROCESSES) throw new Errno('EAGAIN');
    if (parent !== this.init) parent.budget.spend(FORK_STEPS);
    const { user, cwd, umask } = parent;
    const child = new Process({ pid: this.#pid(), parent, argv, user, cwd, umask }, this.clock, this.turns);
    child.environment = new Map(parent.environment);
    for (const [fd, file] of parent.files) child.files.set(fd, file.share());
    for (const signal of parent.ignored) child.ignored.add(signal);
    this.processes.set(child.pid, child);
    return child;
  }

  /** Runs the body as the whole life of the process; whatever it throws becomes an exit status and at most one line of text. */
  async run(proc: Process, body: () => Promise<number>): Promise<number> {
    let status: number;
    try {
      status = (await body()) & 255;
    } catch (thrown) {
      status = await this.#failed(proc, thrown);
    }
    if (proc.killedBy !== undefined) status = 128 + proc.killedBy;
    this.processes.delete(proc.pid);
    for (const child of this.processes.values()) if (child.parent === proc) child.parent = this.init;
    proc.finish(status);
    return status;
  }

  /** Replaces what runs in the process, as execve does: the file decides which program it is. */
  async exec(proc: Process, argv: string[], file = this.search(proc, argv[0] ?? '')): Promise<number> {
    proc.argv = argv;
    return this.#load(proc, argv, file, 0);
  }

  /** The path of a command by PATH, or as it stands when it has a slash. */
  search(proc: Process, name: string, path = proc.environment.get('PATH') ?? '/usr/bin:/bin'): string {
    if (name.includes('/')) return name;
    let denied: string | undefined;
    for (const folder of name === '' ? [] : path.split(':')) {
      const candidate = `${folder || '.'}/${name}`;
      const node = this.fs.find(absolutePath(candidate, proc.cwd), proc.user);
      if (node?.kind !== 'file') continue;
      if (allowed(node, proc.user, SEARCH)) return candidate;
      denied = candidate;
    }
    if (denied) throw new ExecFailure(126, 'Permission denied');
    throw new ExecFailure(127, 'command not found');
  }

  async #load(proc: Process, argv: string[], file: string, depth: number): Promise<number> {
    const node = this.#executable(proc, file);
    const head = fileBytes(node).subarray(0, 256).toString('latin1');
    if (head.startsWith(MAGIC)) return this.#program(head)(proc, argv);
    if (head.startsWith('#!')) {
      if (depth > 3) throw new ExecFailure(126, 'Too many levels of symbolic links');
      const [interpreter = '', option] = (head.slice(2).split('\n')[0] ?? '').trim().split(/[ \t]+(.*)/s);
      const next = [interpreter, ...(option ? [option.trim()] : []), file, ...argv.slice(1)];
      proc.argv = next;
      return this.#load(proc, next, interpreter, depth + 1).catch((thrown: unknown) => {
        if (!(thrown instanceof ExecFailure) || thrown.message.includes('bad interpreter')) throw thrown;
        throw new ExecFailure(126, `${interpreter}: bad interpreter: ${thrown.message}`);
      });
    }
    if (head.includes('\0')) throw new ExecFailure(126, 'cannot execute binary file');
    // A file without a magic number is a shell script: every shell falls back to this.
    return this.#shell(proc, ['sh', file, ...argv.slice(1)]);
  }

  #executable(proc: Process, file: string): FileNode {
    let node;
    try {
      node = this.fs.stat(absolutePath(file, proc.cwd), proc.user);
    } catch (thrown) {
      if (thrown instanceof Errno) throw new ExecFailure(thrown.code === 'ENOENT' ? 127 : 126, thrown.message);
      throw thrown;
    }
    if (node.kind === 'dir') throw new ExecFailure(126, 'Is a directory');
    if (node.kind !== 'file' || !allowed(node, proc.user, SEARCH)) throw new ExecFailure(126, 'Permission denied');
    return node;
  }

  #program(head: string): Program {
    const name = head.slice(MAGIC.length).split('\n')[0] ?? '';
    const program = this.programs.get(name);
    if (!program) throw new ExecFailure(126, 'cannot execute binary file');
    return program;
  }

  #shell(proc: Process, argv: string[]): Promise<number> {
    const node = this.fs.find(absolutePath(argv[1] ?? '', proc.cwd), proc.user);
    if (node && !allowed(node, proc.user, READ)) throw new ExecFailure(126, 'Permission denied');
    return this.#program(`${MAGIC}sh\n`)(proc, argv);
  }

  async #failed(proc: Process, thrown: unknown): Promise<number> {
    if (thrown instanceof Killed) return 128 + thrown.signal;
    const name = proc.argv[0] ?? 'program';
    if (thrown instanceof Errno) return this.#complain(proc, `${name}: ${thrown.message}`, 1);
    if (thrown instanceof ExecFailure) return this.#complain(proc, `${name}: ${thrown.message}`, thrown.status);
    if (thrown instanceof OutOfSteps) return this.#complain(proc, `${name}: ${thrown.message}`, 2);
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return this.#complain(proc, `${name}: fault in the simulated host: ${message}`, 70);
  }

  async #complain(proc: Process, line: string, status: number): Promise<number> {
    try {
      await proc.files.get(2)?.write(Buffer.from(`${line}\n`, 'latin1'), proc);
    } catch {
      // Nobody reads standard error any more.
    }
    return status;
  }

  #pid(): number {
    do {
      this.#nextPid = this.#nextPid >= MAX_PID ? 300 : this.#nextPid + 1;
    } while (this.processes.has(this.#nextPid));
    return this.#nextPid;
  }
}
