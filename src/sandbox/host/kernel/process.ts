import type { Clock } from '../../../clock.js';
import { Errno } from '../fs/errno.js';
import type { Credentials } from '../fs/inode.js';
import { Budget } from './budget.js';
import type { Turns } from './budget.js';
import type { OpenFile } from './open-file.js';
import { Interrupted, Killed, signalName, SIGNALS } from './signals.js';

// Timers know no longer ones.
const MAX_SLEEP_MS = 2 ** 31 - 1;
const IGNORED_BY_DEFAULT: readonly number[] = [SIGNALS.CHLD, SIGNALS.WINCH, SIGNALS.CONT];
const STOPS: readonly number[] = [SIGNALS.STOP, SIGNALS.TSTP, SIGNALS.TTIN, SIGNALS.TTOU];

export type ProcessOptions = {
  pid: number;
  parent: Process | undefined;
  argv: string[];
  user: Credentials;
  cwd: string;
  umask: number;
};

/** One process of a simulated host. Its program is an async function that does all its waiting through `wait` and counts its work with `step`. */
export class Process {
  readonly pid: number;
  readonly startedAt: Date;
  parent: Process | undefined;
  group: number;
  session: number;
  argv: string[];
  #user: Credentials;
  cwd: string;
  umask: number;
  /** The systemd unit it belongs to, as its cgroup says. */
  unit: string | undefined;
  environment = new Map<string, string>();
  readonly files = new Map<number, OpenFile>();
  readonly ignored = new Set<number>();
  /** A shell's traps: says whether the signal is taken care of. */
  trap: ((signal: number) => boolean) | undefined;
  /** A number as a shell sees it, 128 + n after signal n; undefined while it runs. */
  status: number | undefined;
  killedBy: number | undefined;
  #stopped = false;
  readonly budget: Budget;
  readonly #interrupts = new Set<(reason: Killed | Interrupted) => void>();
  readonly #whenEnded = new Set<() => void>();

  constructor(
    { pid, parent, argv, user, cwd, umask }: ProcessOptions,
    readonly clock: Clock,
    readonly turns: Turns,
  ) {
    this.pid = pid;
    this.parent = parent;
    this.group = parent?.group ?? pid;
    this.session = parent?.session ?? pid;
    this.argv = argv;
    this.#user = { ...user, pid };
    this.cwd = cwd;
    this.umask = umask;
    this.budget = parent && parent.pid !== 1 ? parent.budget : new Budget();
    this.unit = parent?.unit;
    this.startedAt = clock.now();
  }

  get user(): Credentials {
    return this.#user;
  }

  set user(user: Credentials) {
    this.#user = { ...user, pid: this.pid };
  }

  /** Delivers a signal: to the trap, by its default action, or not at all. */
  signal(number: number): void {
    if (this.status !== undefined || number === 0) return;
    if (number === SIGNALS.CONT) this.#resume();
    if (number !== SIGNALS.KILL && number !== SIGNALS.STOP) {
      if (this.ignored.has(number)) return;
      if (this.trap?.(number)) return this.#interrupt(new Interrupted());
      if (IGNORED_BY_DEFAULT.includes(number)) return;
    }
    if (STOPS.includes(number)) {
      this.#stopped = true;
      return;
    }
    this.killedBy = number;
    this.#stopped = false;
    this.#interrupt(new Killed(number));
  }

  /** Throws when a signal has ended this process meanwhile. */
  check(): void {
    if (this.killedBy !== undefined) throw new Killed(this.killedBy);
  }

  /** Waits until `subscribe` is told to wake up; ends early by a deadly signal, and if `interruptible` by a trapped one. */
  async wait(subscribe: (wake: () => void) => () => void, interruptible = false): Promise<void> {
    this.check();
    await new Promise<void>((resolve, reject) => {
      let over = false;
      let cancel: (() => void) | undefined;
      const finish = (settle: () => void) => {
        if (over) return;
        over = true;
        this.#interrupts.delete(interrupt);
        cancel?.();
        settle();
      };
      const interrupt = (reason: Killed | Interrupted) => {
        if (reason instanceof Killed || interruptible) finish(() => reject(reason));
      };
      this.#interrupts.add(interrupt);
      cancel = subscribe(() => finish(resolve));
      if (over) cancel();
    });
    this.check();
  }

  sleep(ms: number, interruptible = false): Promise<void> {
    // Whoever sleeps does not run away.
    if (ms > 0) this.budget.renew();
    return this.wait((wake) => this.clock.after(Math.min(ms, MAX_SLEEP_MS), wake), interruptible);
  }

  /** Counts one piece of work. Now and then it returns a promise, which gives everybody else a turn. */
  step(cost = 1): Promise<void> | undefined {
    this.count(cost);
    if (this.#stopped) return this.wait((wake) => this.#onInterrupt(wake));
    const pause = this.turns.step();
    return pause && this.#after(pause);
  }

  /** Counts work where nothing can wait. */
  count(cost = 1): void {
    this.check();
    this.budget.spend(cost);
  }

  file(fd: number): OpenFile {
    const file = this.files.get(fd);
    if (!file) throw new Errno('EBADF');
    return file;
  }

  /** Puts an open file, which it takes over, at a descriptor, closing what was there. */
  install(fd: number, file: OpenFile): void {
    this.files.get(fd)?.close();
    this.files.set(fd, file);
  }

  closeFile(fd: number): void {
    this.files.get(fd)?.close();
    this.files.delete(fd);
  }

  /** Called by the kernel when the program is over. */
  finish(status: number): void {
    if (this.status !== undefined) return;
    this.status = status;
    for (const fd of this.files.keys()) this.closeFile(fd);
    for (const action of this.#whenEnded) action();
    this.#whenEnded.clear();
  }

  onEnd(action: () => void): () => void {
    if (this.status !== undefined) {
      action();
      return () => {};
    }
    this.#whenEnded.add(action);
    return () => this.#whenEnded.delete(action);
  }

  async #after(pause: Promise<void>): Promise<void> {
    await pause;
    this.check();
  }

  #resume(): void {
    this.#stopped = false;
    for (const wake of this.#resumed) wake();
  }

  readonly #resumed = new Set<() => void>();

  #onInterrupt(wake: () => void): () => void {
    this.#resumed.add(wake);
    return () => this.#resumed.delete(wake);
  }

  #interrupt(reason: Killed | Interrupted): void {
    for (const interrupt of this.#interrupts) interrupt(reason);
  }

  describeEnd(): string {
    return this.killedBy === undefined ? `exit ${this.status}` : `signal ${signalName(this.killedBy) ?? this.killedBy}`;
  }
}
