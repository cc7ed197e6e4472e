import type { Framework, Mesos } from '../mesos/mesos.js';
import { appendLog, hasEnded, type MesosTask } from '../mesos/task.js';
import type { Delays, Timers } from '../timing.js';
import { isDependent, readCommand, type ChronosVersion, type Job } from './job.js';
import { formatSchedule, parseSchedule, skipForward, stepOn } from './schedule.js';

export type JobRun = { job: string; dueMs: number; attempt: number; args: string; task: MesosTask | undefined };

export type Chronos = ReturnType<typeof createChronos>;

export type ChronosDeps = {
  mesos: Mesos;
  framework: Framework;
  timers: Timers;
  delays: Delays;
  version: ChronosVersion;
};

/** Between two attempts of a failed job. */
const RETRY_MS = 60_000;
const DURATIONS_KEPT = 100;

/** Jobs, when they are due, and what became of them. */
export function createChronos({ mesos, framework, timers, delays, version: initialVersion }: ChronosDeps) {
  const jobs = new Map<string, Job>();
  const runs: JobRun[] = [];
  /** Parents that succeeded since the child ran. */
  const succeededParents = new Map<string, Set<string>>();
  const alarms = new Map<string, () => void>();
  const failing = new Set<string>();
  /** Jobs that the server accepted although their parents are unknown. */
  const unrooted = new Set<string>();
  const durations = new Map<string, number[]>();
  let version = initialVersion;
  let scheduling = true;
  /** After so many failures in a row a job is switched off; 0 = never, as by default. */
  let disableAfter = 0;

  /** Creates or replaces a job; a start in the past moves to the next due time. */
  function put(job: Job, { loaded = false } = {}): void {
    const replaced = jobs.get(job.name);
    jobs.set(job.name, loaded ? job : { ...job, ...movedSchedule(job) });
    if (replaced) dropQueued(job.name);
    if (isDependent(job) && job.parents?.some((parent) => !jobs.has(parent))) unrooted.add(job.name);
    setAlarm(job.name);
  }

  function dropQueued(name: string): void {
    for (const run of runs.filter(({ job, task }) => job === name && !task)) runs.splice(runs.indexOf(run), 1);
  }

  function movedSchedule(job: Job): { schedule?: string } {
    const schedule = scheduleOf(job);
    if (!schedule || isDependent(job)) return {};
    return { schedule: formatSchedule(lateButInTime(job) ? schedule : skipForward(schedule, timers.nowMs())) };
  }

  /** 2.x runs a job at once that is late by no more than its epsilon. */
  function lateButInTime(job: Job): boolean {
    const schedule = scheduleOf(job);
    if (version !== '2.5' || !schedule) return false;
    const epsilonMs = parseSchedule(`R//${job.epsilon ?? 'PT60S'}`, { now: timers.now() })?.period.toMillis() ?? 60_000;
    const lateMs = timers.nowMs() - schedule.start.toMillis();
    return lateMs >= 0 && lateMs <= epsilonMs;
  }

  function scheduleOf(job: Job) {
    return parseSchedule(job.schedule ?? '', { zone: job.scheduleTimeZone ?? '', now: timers.now() });
  }

  function setAlarm(name: string): void {
    alarms.get(name)?.();
    alarms.delete(name);
    const job = jobs.get(name);
    const schedule = job && scheduleOf(job);
    if (!job || !schedule || isDependent(job) || job.disabled) return;
    const due = lateButInTime(job) ? schedule : skipForward(schedule, timers.nowMs());
    alarms.set(
      name,
      waitUntil(due.start.toMillis(), () => fallDue(name, due.start.toMillis())),
    );
  }

  /** A timer takes 24 days at most. */
  function waitUntil(atMs: number, action: () => void): () => void {
    const leftMs = atMs - timers.nowMs();
    if (leftMs <= MAX_TIMER_MS) return timers.after(Math.max(0, leftMs), action);
    let cancel = timers.after(MAX_TIMER_MS, () => {
      cancel = waitUntil(atMs, action);
    });
    return () => cancel();
  }

  function fallDue(name: string, dueMs: number): void {
    const job = jobs.get(name);
    const schedule = job && scheduleOf(job);
    if (!job || !schedule || job.disabled || !scheduling) return;
    const next = stepOn(skipForward(schedule, dueMs));
    const over = next.repeats === 0;
    jobs.set(name, { ...job, schedule: formatSchedule(next), ...(over && { disabled: true }) });
    enqueue(job, { dueMs });
    setAlarm(name);
  }

  /** Queues one run, unless it would be there twice. */
  function enqueue(job: Job, { dueMs = timers.nowMs(), attempt = 0, args = '' } = {}): void {
    const busy = runs.some((run) => run.job === job.name && (!run.task || !job.concurrent));
    if (busy) return;
    runs.push({ job: job.name, dueMs, attempt, args: args.replaceAll(';', ''), task: undefined });
    timers.after(delays.offerMs, launchQueued);
  }

  /** PUT job/{name}: only queues; nothing happens to a disabled job. */
  function runNow(name: string, args: string): void {
    const job = jobs.get(name);
    if (job && !job.disabled) enqueue(job, { args });
  }

  function launchQueued(): void {
    if (!scheduling) return;
    for (const run of runs) if (!run.task) tryLaunch(run);
    if (runs.some(({ task }) => !task)) timers.after(delays.offerMs * 5, launchQueued);
  }

  function tryLaunch(run: JobRun): void {
    const job = jobs.get(run.job);
    if (!job) return;
    const offer = mesos.offers().find(({ cpus, mem, disk }) => job.cpus <= cpus && job.mem <= mem && job.disk <= disk);
    if (!offer) return;
    const command = run.args ? `${job.command} ${run.args}` : job.command;
    run.task = mesos.launch(framework, offer.agent, {
      id: `ct:${run.dueMs}:${run.attempt}:${job.name}:${run.args}`,
      name: `ChronosTask:${job.name}`,
      command,
      user: job.runAsUser,
      resources: { cpus: job.cpus, mem: job.mem, disk: job.disk, gpus: 0, ports: [] },
      ...(job.container && { container: { type: job.container.type, docker: { image: job.container.image ?? '' } } }),
    });
  }

  mesos.onUpdate(({ task, framework: owner }) => {
    if (owner !== framework) return;
    const run = runs.find((one) => one.task === task);
    if (!run) return;
    if (task.state === 'TASK_RUNNING') timers.after(readCommand(task.command, delays.jobMs).runMs, () => finish(run));
    if (hasEnded(task.state)) conclude(run, task);
  });

  function finish({ job, task }: JobRun): void {
    // An asynchronous job goes on after its command.
    if (task?.state !== 'TASK_RUNNING' || (version === '2.5' && jobs.get(job)?.async)) return;
    if (failing.has(job) || readCommand(task.command, 0).fails) {
      appendLog(task, 'stderr', ['Command exited with status 1'], timers.nowMs());
      mesos.update(task, 'TASK_FAILED', { message: 'Command exited with status 1' });
      return;
    }
    const echoed = /echo\s+([^;&|]+)/.exec(task.command)?.[1]?.trim();
    appendLog(
      task,
      'stdout',
      [...(echoed ? [echoed.replaceAll(/^['"]|['"]$/g, '')] : []), 'Command exited with status 0'],
      timers.nowMs(),
    );
    mesos.update(task, 'TASK_FINISHED');
  }

  /** The end of an asynchronous task, as the task itself tells it. */
  function report(taskId: string, statusCode: number): void {
    const task = runs.find((run) => run.task?.id === taskId)?.task;
    if (!task) return;
    if (statusCode === 0) mesos.update(task, 'TASK_FINISHED');
    else mesos.update(task, 'TASK_FAILED', { message: `Task reported ${statusCode}` });
  }

  function conclude(run: JobRun, task: MesosTask): void {
    runs.splice(runs.indexOf(run), 1);
    const job = jobs.get(run.job);
    if (!job) return;
    rememberDuration(job.name, task);
    if (task.state === 'TASK_FINISHED') succeed(job.name);
    else if (task.state !== 'TASK_KILLED') fail(job, run);
  }

  function rememberDuration(name: string, { statuses }: MesosTask): void {
    const tookMs = timers.nowMs() - (statuses[0]?.atMs ?? timers.nowMs());
    durations.set(name, [...(durations.get(name) ?? []), tookMs].slice(-DURATIONS_KEPT));
  }

  function succeed(name: string): void {
    const job = jobs.get(name);
    if (!job) return;
    const lastSuccess = timers.now().toISOString();
    jobs.set(name, { ...job, successCount: job.successCount + 1, errorsSinceLastSuccess: 0, lastSuccess });
    tellChildren(name);
  }

  function fail(job: Job, { attempt, dueMs, args }: JobRun): void {
    if (attempt < job.retries) {
      timers.after(RETRY_MS, () => enqueue(job, { dueMs, attempt: attempt + 1, args }));
      return;
    }
    const now = timers.now().toISOString();
    const current = jobs.get(job.name) ?? job;
    const inARow = current.errorsSinceLastSuccess + 1;
    jobs.set(job.name, {
      ...current,
      errorCount: current.errorCount + 1,
      errorsSinceLastSuccess: inARow,
      lastError: now,
      ...(disableAfter > 0 && inARow >= disableAfter && { disabled: true }),
    });
    setAlarm(job.name);
    if (job.softError) tellChildren(job.name);
  }

  function tellChildren(name: string): void {
    for (const child of childrenOf(name)) {
      const done = succeededParents.get(child.name) ?? new Set();
      succeededParents.set(child.name, done.add(name));
      if (!child.parents?.every((parent) => done.has(parent))) continue;
      succeededParents.delete(child.name);
      if (!child.disabled) enqueue(child);
    }
  }

  function childrenOf(name: string): Job[] {
    return [...jobs.values()].filter(({ parents }) => parents?.includes(name));
  }

  /** Deletes a job; its children take its place as Chronos has it, and lose what Chronos loses. */
  function remove(name: string): void {
    const job = jobs.get(name);
    if (!job) return;
    for (const child of childrenOf(name)) adopt(child, job);
    jobs.delete(name);
    alarms.get(name)?.();
    alarms.delete(name);
    killTasks(name);
  }

  function adopt(child: Job, gone: Job): void {
    const others = child.parents?.filter((parent) => parent !== gone.name) ?? [];
    if (isDependent(gone)) {
      jobs.set(child.name, { ...child, parents: [...new Set([...others, ...(gone.parents ?? [])])] });
      return;
    }
    if (others.length > 0) {
      jobs.set(child.name, { ...child, parents: others });
      return;
    }
    const { container: _container, parents: _parents, ...kept } = child;
    jobs.set(child.name, {
      ...kept,
      environmentVariables: [],
      constraints: [],
      schedule: gone.schedule ?? '',
      scheduleTimeZone: gone.scheduleTimeZone ?? '',
    });
    setAlarm(child.name);
  }

  function killTasks(name: string): void {
    for (const run of runs.filter(({ job }) => job === name)) {
      if (run.task) mesos.kill(run.task);
      else runs.splice(runs.indexOf(run), 1);
    }
  }

  function clearQueue(): void {
    for (const run of runs.filter(({ task }) => !task)) runs.splice(runs.indexOf(run), 1);
  }

  function stateOf(name: string): string {
    const own = runs.filter((run) => run.job === name);
    const running = own.filter(({ task }) => task).length;
    if (running > 0) return `${running} running`;
    return own.length > 0 ? 'queued' : 'idle';
  }

  return {
    jobs,
    failing,
    framework,
    put,
    runNow,
    remove,
    killTasks,
    report,
    clearQueue,
    succeed,
    stateOf,
    childrenOf,
    durations: (name: string) => durations.get(name) ?? [],
    version: () => version,
    /** As `--disable_after_failures` does. */
    disableAfterFailures(inARow: number) {
      disableAfter = inARow;
    },
    setVersion(value: ChronosVersion) {
      version = value;
    },
    /** While nobody leads nothing is scheduled; a new leader reads the graph, and jobs without parents are gone. */
    setScheduling(value: boolean) {
      scheduling = value;
      if (!value) return;
      for (const name of unrooted) if (jobs.get(name)?.parents?.some((parent) => !jobs.has(parent))) jobs.delete(name);
      unrooted.clear();
      for (const name of jobs.keys()) setAlarm(name);
      launchQueued();
    },
  };
}

const MAX_TIMER_MS = 2 ** 31 - 1;

export function statusOf({ lastSuccess, lastError }: Job): 'success' | 'failure' | 'fresh' {
  if (lastSuccess === '' && lastError === '') return 'fresh';
  return Date.parse(lastError || '1970-01-01') > Date.parse(lastSuccess || '1970-01-01') ? 'failure' : 'success';
}
