import { Errno } from '../fs/errno.js';
import { complain } from '../kernel/io.js';
import { SinkFile } from '../kernel/open-file.js';
import { Pipe } from '../kernel/pipe.js';
import type { Process } from '../kernel/process.js';
import { Interrupted, signalName } from '../kernel/signals.js';
import type { Command, List, Redirect } from './ast.js';
import { Expansion } from './expansion.js';
import { compilePattern, matchesPattern } from './pattern.js';
import { applyRedirects, RedirectFailure } from './redirects.js';
import type { Redirected } from './redirects.js';
import type { Shell } from './shell.js';
import { runSimple } from './simple-command.js';
import { ExpansionFailure, ShellExit } from './state.js';
import type { ShellState } from './state.js';
import { runTrapAction } from './trap-action.js';

/** What one command costs: some 150,000 are too many between two lines of a session. */
const COMMAND_STEPS = 20;
const MAX_SUBSTITUTION = 64 * 1024 * 1024;

/** Runs parsed commands in one process. */
export class Interpreter implements Shell {
  readonly expansion: Expansion;
  #inTrap = false;

  constructor(readonly state: ShellState) {
    this.expansion = new Expansion(state, (body) => this.#commandOutput(body));
    state.proc.trap = (signal) => this.#trapped(signal);
  }

  get proc(): Process {
    return this.state.proc;
  }

  /** The life of a shell or subshell around `body`: how it ends, with its EXIT trap. */
  async main(body: () => Promise<unknown>): Promise<number> {
    let status = await this.#untilExit(body);
    this.state.status = status;
    const action = this.state.traps.get('EXIT');
    if (action !== undefined && action !== '') {
      this.state.traps.delete('EXIT');
      this.state.jump = undefined;
      status = await this.#untilExit(async () => {
        await runTrapAction(this, action);
        this.state.status = status;
      });
    }
    return status;
  }

  async #untilExit(body: () => Promise<unknown>): Promise<number> {
    try {
      await body();
      await this.runTraps();
      return this.state.status;
    } catch (thrown) {
      if (thrown instanceof ShellExit) return thrown.status;
      if (thrown instanceof ExpansionFailure) {
        await this.complain(thrown.message);
        return thrown.status;
      }
      throw thrown;
    }
  }

  complain(message: string): Promise<void> {
    return complain(this.proc, `${this.state.name}: line ${this.state.line}: ${message}`);
  }

  async runList(list: List): Promise<number> {
    for (const { command, background } of list) {
      if (background) await this.#inBackground(command);
      else await this.run(command);
      if (this.state.jump) break;
    }
    return this.state.status;
  }

  async run(command: Command): Promise<number> {
    const pause = this.proc.step(COMMAND_STEPS);
    if (pause) await pause;
    if (this.state.options.noexec) return 0;
    this.state.status = await this.#dispatch(command);
    if (this.state.pendingSignals.length > 0) await this.runTraps();
    this.#endOnFailure(command);
    return this.state.status;
  }

  #endOnFailure(command: Command): void {
    const { options, conditionDepth, status, jump } = this.state;
    if (!options.errexit || status === 0 || conditionDepth > 0 || jump) return;
    if (command.kind === 'simple' || command.kind === 'subshell' || (command.kind === 'pipeline' && !command.negated))
      throw new ShellExit(status);
  }

  #dispatch(command: Command): Promise<number> {
    switch (command.kind) {
      case 'simple':
        return runSimple(this, command, false);
      case 'pipeline':
        return this.#pipeline(command);
      case 'and-or':
        return this.#andOr(command);
      case 'function':
        this.state.functions.set(command.name, command.body);
        return Promise.resolve(0);
      default:
        return this.#redirected(command);
    }
  }

  async #redirected(
    command: Exclude<Command, { kind: 'simple' | 'pipeline' | 'and-or' | 'function' }>,
  ): Promise<number> {
    if (command.kind === 'subshell')
      return this.waitFor(this.subshell((child) => child.#inSubshell(command.body, command.redirects)));
    if (command.redirects.length === 0) return this.#compound(command);
    const redirected = await this.redirect(command.redirects);
    if (!redirected) return 1;
    try {
      return await this.#compound(command);
    } finally {
      redirected.undo();
    }
  }

  async #inSubshell(body: List, redirects: Redirect[]): Promise<number> {
    const redirected = await this.redirect(redirects);
    if (!redirected) return (this.state.status = 1);
    redirected.keep();
    return this.runList(body);
  }

  /** Makes redirections; undefined after a complaint when one fails. */
  async redirect(redirects: readonly Redirect[]): Promise<Redirected | undefined> {
    const { proc, expansion, state } = this;
    try {
      return await applyRedirects(redirects, {
        proc,
        fs: state.kernel.fs,
        expansion,
        noclobber: state.options.noclobber,
      });
    } catch (thrown) {
      if (!(thrown instanceof RedirectFailure)) throw thrown;
      await this.complain(thrown.message);
      return undefined;
    }
  }

  async #compound(
    command:
      | Exclude<Command, { kind: 'simple' | 'pipeline' | 'and-or' | 'function' | 'subshell' }>
      | { kind: 'subshell'; body: List },
  ): Promise<number> {
    switch (command.kind) {
      case 'if':
        return this.#if(command);
      case 'loop':
        return this.#loop(command);
      case 'for':
        return this.#for(command);
      case 'case':
        return this.#case(command);
      default:
        return this.runList(command.body);
    }
  }

  async #andOr({ left, operator, right }: Command & { kind: 'and-or' }): Promise<number> {
    const status = await this.condition(() => this.run(left));
    if (this.state.jump || (status === 0) !== (operator === '&&')) return status;
    return this.run(right);
  }

  /** Runs something whose failure does not end a shell with `set -e`. */
  async condition(body: () => Promise<number>): Promise<number> {
    this.state.conditionDepth++;
    try {
      return await body();
    } finally {
      this.state.conditionDepth--;
    }
  }

  async #if({ branches, otherwise }: Command & { kind: 'if' }): Promise<number> {
    for (const { condition, body } of branches) {
      const status = await this.condition(() => this.runList(condition));
      if (this.state.jump) return status;
      if (status === 0) return this.runList(body);
    }
    this.state.status = 0;
    return otherwise ? this.runList(otherwise) : 0;
  }

  async #loop({ until, condition, body }: Command & { kind: 'loop' }): Promise<number> {
    let status = 0;
    this.state.loopDepth++;
    try {
      for (;;) {
        const pause = this.proc.step();
        if (pause) await pause;
        const holds = (await this.condition(() => this.runList(condition))) === 0;
        if (this.state.jump ? this.#leavesLoop() : holds === until) break;
        status = await this.runList(body);
        if (this.#leavesLoop()) break;
      }
    } finally {
      this.state.loopDepth--;
    }
    return status;
  }

  async #for({ name, words, body, line }: Command & { kind: 'for' }): Promise<number> {
    this.state.line = line;
    const values = words ? await this.expansion.arguments(words) : [...this.state.params];
    let status = 0;
    this.state.loopDepth++;
    try {
      for (const value of values) {
        const pause = this.proc.step();
        if (pause) await pause;
        this.state.set(name, value);
        status = await this.runList(body);
        if (this.#leavesLoop()) break;
      }
    } finally {
      this.state.loopDepth--;
    }
    return status;
  }

  /** Settles a break or continue that is under way for the loop at hand. */
  #leavesLoop(): boolean {
    const { jump } = this.state;
    if (!jump) return false;
    if (jump.kind === 'return') return true;
    if (jump.levels > 1) {
      jump.levels--;
      return true;
    }
    this.state.jump = undefined;
    return jump.kind === 'break';
  }

  async #case({ subject, arms, line }: Command & { kind: 'case' }): Promise<number> {
    this.state.line = line;
    const text = await this.expansion.text(subject);
    let through = false;
    let status = 0;
    for (const { patterns, body, fallThrough } of arms) {
      if (!through && !(await this.#anyMatches(patterns, text))) continue;
      this.state.status = 0;
      status = await this.runList(body);
      through = fallThrough;
      if (!through) break;
    }
    return status;
  }

  async #anyMatches(
    patterns: (Command & { kind: 'case' })['arms'][number]['patterns'],
    text: string,
  ): Promise<boolean> {
    for (const pattern of patterns) {
      if (matchesPattern(compilePattern(await this.expansion.pattern(pattern)), text)) return true;
    }
    return false;
  }

  async #pipeline({ stages, negated }: Command & { kind: 'pipeline' }): Promise<number> {
    const [only] = stages;
    let status: number;
    if (stages.length === 1 && only) status = await (negated ? this.condition(() => this.run(only)) : this.run(only));
    else status = await this.#stages(stages, negated);
    return negated && !this.state.jump ? Number(status === 0) : status;
  }

  async #stages(stages: Command[], negated: boolean): Promise<number> {
    const children: Process[] = [];
    let input: Pipe | undefined;
    for (const [index, stage] of stages.entries()) {
      const output = index < stages.length - 1 ? new Pipe() : undefined;
      const reader = input?.reader();
      const writer = output?.writer();
      children.push(
        this.subshell(
          (child) => (negated ? child.condition(() => child.runInPlace(stage)) : child.runInPlace(stage)),
          (proc) => {
            if (reader) proc.install(0, reader);
            if (writer) proc.install(1, writer);
          },
        ),
      );
      input = output;
    }
    const statuses: number[] = [];
    for (const child of children) statuses.push(await this.waitFor(child));
    const failed = this.state.options.pipefail ? statuses.findLast((status) => status !== 0) : undefined;
    return failed ?? statuses.at(-1) ?? 0;
  }

  /** The last command of a process: a program takes its place instead of becoming its child. */
  async runInPlace(command: Command): Promise<number> {
    if (command.kind !== 'simple' || this.state.traps.size > 0) return this.run(command);
    return (this.state.status = await runSimple(this, command, true));
  }

  /** A subshell that is under way; `prepare` sets its descriptors before it starts. */
  subshell(body: (child: Interpreter) => Promise<unknown>, prepare: (proc: Process) => void = () => {}): Process {
    const proc = this.state.kernel.fork(this.proc);
    prepare(proc);
    const child = new Interpreter(this.state.fork(proc));
    void this.state.kernel.run(proc, () => child.main(() => body(child)));
    return proc;
  }

  async waitFor(child: Process): Promise<number> {
    await this.proc.wait((wake) => child.onEnd(wake));
    return child.status ?? 0;
  }

  async #commandOutput(body: List): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    let closed = false;
    const waiting = new Set<() => void>();
    const sink = new SinkFile(
      (bytes) => {
        size += bytes.length;
        if (size > MAX_SUBSTITUTION) throw new Errno('ENOMEM');
        chunks.push(Buffer.from(bytes));
      },
      () => {
        closed = true;
        for (const wake of waiting) wake();
      },
    );
    const child = this.subshell(
      (shell) => shell.#substitution(body),
      (proc) => proc.install(1, sink),
    );
    // Whoever still holds the output open, a background job too, keeps the substitution waiting.
    await this.proc.wait((wake) => {
      if (closed) wake();
      waiting.add(wake);
      return () => waiting.delete(wake);
    });
    this.state.status = this.state.substitutionStatus = await this.waitFor(child);
    return Buffer.concat(chunks).toString('latin1');
  }

  async #substitution(body: List): Promise<number> {
    const [first] = body;
    const command = first?.command;
    if (body.length !== 1 || !first || first.background || command?.kind !== 'simple') return this.runList(body);
    const reading =
      command.words.length === 0 &&
      command.assignments.length === 0 &&
      command.redirects.length === 1 &&
      command.redirects[0]?.operator === '<';
    if (!reading) return this.runInPlace(command);
    const cat = { ...command, words: [{ parts: [{ kind: 'text' as const, text: 'cat', quoted: true }] }] };
    return this.runInPlace(cat);
  }

  async #inBackground(command: Command): Promise<void> {
    const { state } = this;
    const child = this.subshell(
      (shell) => shell.runInPlace(command),
      (proc) => {
        if (state.options.monitor) proc.group = proc.pid;
        else this.#silence(proc);
      },
    );
    state.lastBackground = child.pid;
    state.status = 0;
    const job = {
      number: (state.jobs.at(-1)?.number ?? 0) + 1,
      process: child,
      command: child.argv.join(' '),
      done: false,
    };
    state.jobs = [...state.jobs.filter(({ done }) => !done), job].slice(-1000);
    child.onEnd(() => {
      job.done = true;
    });
  }

  /** Without job control a background command must not take the shell's input. */
  #silence(proc: Process): void {
    proc.install(0, new SinkFileAtEnd());
    proc.ignored.add(2);
    proc.ignored.add(3);
  }

  #trapped(signal: number): boolean {
    const action = this.state.traps.get(signalName(signal) ?? '');
    if (action === undefined || action === '') return false;
    if (this.state.pendingSignals.length < 100) this.state.pendingSignals.push(signal);
    return true;
  }

  /** Runs the actions of the signals that came in meanwhile. */
  async runTraps(): Promise<void> {
    if (this.#inTrap) return;
    while (this.state.pendingSignals.length > 0) {
      const action = this.state.traps.get(signalName(this.state.pendingSignals.shift() as number) ?? '');
      if (!action) continue;
      this.#inTrap = true;
      try {
        await runTrapAction(this, action);
      } finally {
        this.#inTrap = false;
      }
    }
  }

  /** Repeats a wait that trapped signals break off, running their actions in between. */
  async patiently<T>(wait: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await wait();
      } catch (thrown) {
        if (!(thrown instanceof Interrupted)) throw thrown;
        await this.runTraps();
      }
    }
  }
}

class SinkFileAtEnd extends SinkFile {
  constructor() {
    super(() => {
      throw new Errno('EBADF');
    });
  }

  override async read(): Promise<Buffer> {
    return Buffer.alloc(0);
  }
}
