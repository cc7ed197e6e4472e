import type { FileSystem } from '../fs/file-system.js';
import { ROOT } from '../fs/inode.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Process } from '../kernel/process.js';
import { SIGNALS } from '../kernel/signals.js';
import type { Users } from '../users.js';
import type { Journal } from './journal.js';
import { startCommand } from './unit-command.js';
import type { CommandContext, CommandEnd } from './unit-command.js';
import { durationMs, readUnit, setting, settings, unitName } from './unit-file.js';
import type { UnitFile } from './unit-file.js';

export type ActiveState = 'active' | 'inactive' | 'failed' | 'activating' | 'deactivating';

export type ServiceChange = { unit: string; state: ActiveState };

export type UnitState = {
  definition: UnitFile;
  active: ActiveState;
  sub: string;
  main: Process | undefined;
  /** systemd's Result: success, exit-code, signal, start-limit … */
  result: string;
  exitStatus: number;
  /** `203/EXEC` and the like. */
  exitName: string | undefined;
  since: Date;
  starts: number[];
  cancelRestart: (() => void) | undefined;
  stopping: boolean;
};

/** How a job ended: `failed` is what systemctl says and exits with. */
export type JobResult =
  | { ok: true }
  | {
      ok: false;
      kind: 'not-found' | 'masked' | 'failed' | 'dependency' | 'reported';
      code: 'exit-code' | 'start-limit';
    };

const START_LIMIT = 5;
const START_INTERVAL_MS = 10_000;
const STOP_TIMEOUT_MS = 90_000;
const CLEAN_SIGNALS: readonly number[] = [SIGNALS.HUP, SIGNALS.INT, SIGNALS.TERM, SIGNALS.PIPE];
const MAX_DEPTH = 10;

/** systemd of one host: units from its file system, their processes in its process table. */
export class ServiceManager {
  readonly #units = new Map<string, UnitState>();
  readonly #listeners = new Set<(change: ServiceChange) => void>();

  constructor(
    readonly kernel: Kernel,
    readonly users: Users,
    readonly journal: Journal,
  ) {}

  get fs(): FileSystem {
    return this.kernel.fs;
  }

  onChange(listener: (change: ServiceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts what is enabled, as at boot. */
  async boot(): Promise<void> {
    for (const name of this.#wantedAtBoot()) await this.start(name);
  }

  #wantedAtBoot(): string[] {
    const folder = this.fs.find('/etc/systemd/system/multi-user.target.wants');
    return folder?.kind === 'dir' ? this.fs.names(folder).sort() : [];
  }

  /** Powers the host's services off without their consent. */
  killAll(): void {
    for (const [name, unit] of this.#units) {
      unit.cancelRestart?.();
      // Nobody is left who would start it again.
      unit.stopping = true;
      for (const proc of this.processes(name)) proc.signal(SIGNALS.KILL);
    }
    this.#units.clear();
  }

  /** What systemd knows of a unit now; undefined when there is no such unit anywhere. */
  state(text: string): UnitState | undefined {
    const name = unitName(text);
    const known = this.#units.get(name);
    if (known && this.#staysLoaded(known)) return known;
    const definition = readUnit(this.fs, name);
    if (!definition) {
      this.#units.delete(name);
      return undefined;
    }
    const unit = known ?? this.#newUnit(definition);
    unit.definition = definition;
    this.#units.set(name, unit);
    return unit;
  }

  // systemd drops idle units from memory and reads them afresh; the others keep what they were loaded with until a reload.
  #staysLoaded(unit: UnitState): boolean {
    return unit.active !== 'inactive' || this.#wantedAtBoot().includes(unit.definition.name);
  }

  #newUnit(definition: UnitFile): UnitState {
    return {
      definition,
      active: 'inactive',
      sub: 'dead',
      main: undefined,
      result: 'success',
      exitStatus: 0,
      exitName: undefined,
      since: this.kernel.clock.now(),
      starts: [],
      cancelRestart: undefined,
      stopping: false,
    };
  }

  needsReload(unit: UnitState): boolean {
    return readUnit(this.fs, unit.definition.name)?.fingerprint !== unit.definition.fingerprint;
  }

  reloadDefinitions(): void {
    for (const [name, unit] of this.#units) {
      const definition = readUnit(this.fs, name);
      if (definition) unit.definition = definition;
      else if (unit.active === 'inactive') this.#units.delete(name);
    }
  }

  /** Names of all units that are loaded or on disk. */
  loaded(): UnitState[] {
    return [...this.#units.values()];
  }

  processes(text: string): Process[] {
    const name = unitName(text);
    return [...this.kernel.processes.values()].filter((proc) => proc.unit === name);
  }

  async start(text: string, depth = 0): Promise<JobResult> {
    const unit = this.state(text);
    if (!unit) return { ok: false, kind: 'not-found', code: 'exit-code' };
    return this.#begin(unit, depth);
  }

  async #begin(unit: UnitState, depth = 0): Promise<JobResult> {
    if (unit.definition.masked) return { ok: false, kind: 'masked', code: 'exit-code' };
    if (unit.active === 'active') return { ok: true };
    unit.cancelRestart?.();
    unit.cancelRestart = undefined;
    if (!(await this.#startDependencies(unit, depth))) return { ok: false, kind: 'dependency', code: 'exit-code' };
    if (!this.#conditionsHold(unit)) return { ok: true };
    if (!this.#mayStart(unit)) {
      this.#enter(unit, 'failed', 'failed', 'start-limit');
      this.#note(unit, `start request repeated too quickly for ${unit.definition.name}`);
      return { ok: false, kind: 'failed', code: 'start-limit' };
    }
    return this.#launch(unit);
  }

  async #startDependencies({ definition }: UnitState, depth: number): Promise<boolean> {
    if (depth > MAX_DEPTH) return true;
    const names = (key: string) => settings(definition, `Unit.${key}`).flatMap((value) => value.split(/\s+/));
    for (const name of names('Wants'))
      if (name.endsWith('.service') && this.state(name)) await this.start(name, depth + 1);
    for (const name of [...names('Requires'), ...names('BindsTo')]) {
      if (!name.endsWith('.service')) continue;
      const result = await this.start(name, depth + 1);
      if (!result.ok) return false;
    }
    return true;
  }

  #conditionsHold({ definition }: UnitState): boolean {
    return settings(definition, 'Unit.ConditionPathExists').every((value) => {
      const negated = value.startsWith('!');
      return (this.fs.find(value.replace(/^!/, '')) !== undefined) !== negated;
    });
  }

  #mayStart(unit: UnitState): boolean {
    const now = this.kernel.clock.now().getTime();
    unit.starts = unit.starts.filter((at) => now - at < START_INTERVAL_MS);
    if (unit.starts.length >= START_LIMIT) return false;
    unit.starts.push(now);
    return true;
  }

  async #launch(unit: UnitState): Promise<JobResult> {
    const { definition } = unit;
    unit.stopping = false;
    unit.exitName = undefined;
    unit.exitStatus = 0;
    this.#enter(unit, 'activating', 'start', 'success');
    const context = this.#commandContext(unit);
    for (const line of settings(definition, 'Service.ExecStartPre')) {
      const end = await startCommand(line, context).ended;
      if (!end.ok) return this.#launchFailed(unit, end);
    }
    const type = setting(definition, 'Service.Type') ?? 'simple';
    if (type === 'oneshot') return this.#runOnce(unit, context);
    const started = startCommand(settings(definition, 'Service.ExecStart').at(-1) ?? '', context);
    // A daemon that forks is simulated as the process that stays.
    if (type === 'forking' && !started.staysInForeground) return this.#runForking(unit, started.ended);
    if (type !== 'simple' && type !== 'idle' && !started.process) return this.#launchFailed(unit, await started.ended);
    unit.main = started.process;
    this.#enter(unit, 'active', 'running', 'success');
    this.#note(unit, `Started ${setting(definition, 'Unit.Description') ?? definition.name}.`);
    void started.ended.then((end) => this.#mainEnded(unit, end));
    await turns();
    return this.#active(unit) || type === 'simple' || type === 'idle'
      ? { ok: true }
      : { ok: false, kind: 'failed', code: 'exit-code' };
  }

  #active(unit: UnitState): boolean {
    return unit.active === 'active';
  }

  #commandContext({ definition }: UnitState): CommandContext {
    return {
      definition,
      kernel: this.kernel,
      users: this.users,
      log: (source, text) => this.journal.add(definition.name, source, text),
    };
  }

  async #runOnce(unit: UnitState, context: CommandContext): Promise<JobResult> {
    for (const line of settings(unit.definition, 'Service.ExecStart')) {
      const end = await startCommand(line, context).ended;
      if (!end.ok) return this.#launchFailed(unit, end);
    }
    const remains = /^(yes|true|1|on)$/.test(setting(unit.definition, 'Service.RemainAfterExit') ?? '');
    this.#enter(unit, remains ? 'active' : 'inactive', remains ? 'exited' : 'dead', 'success');
    return { ok: true };
  }

  async #runForking(unit: UnitState, ended: Promise<CommandEnd>): Promise<JobResult> {
    const end = await ended;
    if (!end.ok) return this.#launchFailed(unit, end);
    const [remaining] = this.processes(unit.definition.name);
    unit.main = remaining;
    if (remaining) {
      this.#enter(unit, 'active', 'running', 'success');
      remaining.onEnd(() =>
        this.#mainEnded(unit, {
          ok: remaining.status === 0,
          status: remaining.status ?? 0,
          name: undefined,
          signal: remaining.killedBy,
        }),
      );
    } else this.#enter(unit, 'active', 'exited', 'success');
    return { ok: true };
  }

  #launchFailed(unit: UnitState, end: CommandEnd): JobResult {
    this.#recordEnd(unit, end);
    this.#enter(unit, 'failed', 'failed', 'exit-code');
    this.#note(unit, `Failed to start ${setting(unit.definition, 'Unit.Description') ?? unit.definition.name}.`);
    return { ok: false, kind: 'failed', code: 'exit-code' };
  }

  #mainEnded(unit: UnitState, end: CommandEnd): void {
    if (unit.stopping || unit.active === 'inactive') return;
    this.#recordEnd(unit, end);
    unit.main = undefined;
    for (const proc of this.processes(unit.definition.name)) proc.signal(SIGNALS.TERM);
    const clean = end.ok || (end.signal !== undefined && CLEAN_SIGNALS.includes(end.signal));
    if (!clean)
      this.#note(
        unit,
        `${unit.definition.name}: main process exited, code=exited, status=${end.status}${end.name ? `/${end.name}` : '/FAILURE'}`,
      );
    if (!this.#restartsAfter(unit, clean))
      return this.#enter(
        unit,
        clean ? 'inactive' : 'failed',
        clean ? 'dead' : 'failed',
        clean ? 'success' : 'exit-code',
      );
    this.#enter(unit, 'activating', 'auto-restart', clean ? 'success' : 'exit-code');
    const delayMs = durationMs(setting(unit.definition, 'Service.RestartSec'), 100);
    unit.cancelRestart = this.kernel.clock.after(delayMs, () => {
      void this.#begin(unit);
    });
  }

  #recordEnd(unit: UnitState, end: CommandEnd): void {
    unit.exitStatus = end.status;
    unit.exitName = end.name;
  }

  #restartsAfter({ definition }: UnitState, clean: boolean): boolean {
    const policy = setting(definition, 'Service.Restart') ?? 'no';
    return (
      policy === 'always' || (clean ? policy === 'on-success' : policy.startsWith('on-') && policy !== 'on-success')
    );
  }

  async stop(text: string): Promise<JobResult> {
    const unit = this.state(text);
    if (!unit) return { ok: false, kind: 'not-found', code: 'exit-code' };
    unit.cancelRestart?.();
    unit.cancelRestart = undefined;
    if (unit.active === 'inactive' || unit.active === 'failed') return { ok: true };
    unit.stopping = true;
    this.#enter(unit, 'deactivating', 'stop', 'success');
    for (const line of settings(unit.definition, 'Service.ExecStop'))
      await startCommand(line, this.#commandContext(unit)).ended;
    await this.#terminate(unit);
    unit.main = undefined;
    this.#enter(unit, 'inactive', 'dead', 'success');
    this.#note(unit, `Stopped ${setting(unit.definition, 'Unit.Description') ?? unit.definition.name}.`);
    return { ok: true };
  }

  async #terminate({ definition }: UnitState): Promise<void> {
    const processes = this.processes(definition.name);
    for (const proc of processes) proc.signal(SIGNALS.TERM);
    const timeoutMs = durationMs(setting(definition, 'Service.TimeoutStopSec'), STOP_TIMEOUT_MS);
    const cancel = this.kernel.clock.after(timeoutMs, () => {
      for (const proc of processes) proc.signal(SIGNALS.KILL);
    });
    await Promise.all(processes.map((proc) => new Promise<void>((resolve) => proc.onEnd(resolve))));
    cancel();
  }

  async restart(text: string): Promise<JobResult> {
    const unit = this.state(text);
    const stopped = await this.stop(text);
    // A restart does not read the unit anew: only a reload does.
    return unit && stopped.ok ? this.#begin(unit) : stopped;
  }

  /** ExecReload; a unit without one cannot be reloaded. */
  async reload(text: string): Promise<JobResult | { ok: false; kind: 'not-applicable' | 'not-active' }> {
    const unit = this.state(text);
    if (!unit) return { ok: false, kind: 'not-found', code: 'exit-code' };
    if (unit.active !== 'active') return { ok: false, kind: 'not-active' };
    const lines = settings(unit.definition, 'Service.ExecReload');
    if (lines.length === 0) return { ok: false, kind: 'not-applicable' };
    for (const line of lines) {
      const end = await startCommand(
        line.replaceAll('$MAINPID', String(unit.main?.pid ?? 0)),
        this.#commandContext(unit),
      ).ended;
      if (!end.ok) return { ok: false, kind: 'failed', code: 'exit-code' };
    }
    return { ok: true };
  }

  /** Ends a unit's processes with a signal, as `systemctl kill` or a crash does. */
  kill(text: string, signal: number = SIGNALS.TERM): void {
    for (const proc of this.processes(text)) proc.signal(signal);
  }

  /** Forgets failures, as `systemctl reset-failed`. */
  resetFailed(text?: string): void {
    for (const unit of text === undefined ? this.#units.values() : [this.state(text)]) {
      if (!unit) continue;
      unit.starts = [];
      if (unit.active === 'failed') this.#enter(unit, 'inactive', 'dead', 'success');
    }
  }

  /** `enabled`, `disabled`, `static` or `masked`; undefined without such a unit. */
  enablement(text: string): 'enabled' | 'disabled' | 'static' | 'masked' | undefined {
    const name = unitName(text);
    const definition = readUnit(this.fs, name);
    if (!definition) return undefined;
    if (definition.masked) return 'masked';
    if (this.installLinks(definition).some((path) => this.fs.find(path, ROOT, false))) return 'enabled';
    return definition.settings.has('Install.WantedBy') ||
      definition.settings.has('Install.RequiredBy') ||
      definition.settings.has('Install.Alias')
      ? 'disabled'
      : 'static';
  }

  /** The links that enabling makes. */
  installLinks(definition: UnitFile): string[] {
    const targets = (key: string) => settings(definition, `Install.${key}`).flatMap((value) => value.split(/\s+/));
    return [
      ...targets('WantedBy').map((target) => `/etc/systemd/system/${target}.wants/${definition.name}`),
      ...targets('RequiredBy').map((target) => `/etc/systemd/system/${target}.requires/${definition.name}`),
      ...targets('Alias').map((alias) => `/etc/systemd/system/${alias}`),
    ];
  }

  #enter(unit: UnitState, active: ActiveState, sub: string, result: string): void {
    const changed = unit.active !== active;
    unit.active = active;
    unit.sub = sub;
    unit.result = result;
    unit.since = this.kernel.clock.now();
    if (!changed) return;
    for (const listener of this.#listeners) listener({ unit: unit.definition.name, state: active });
  }

  #note({ definition }: UnitState, text: string): void {
    this.journal.add(definition.name, 'systemd[1]', text);
  }
}

/** Lets a process that fails at once fail before its unit is looked at. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
