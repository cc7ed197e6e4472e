import { randomUUID } from 'node:crypto';
import type { StartPractice } from '../backup/drill.js';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Person, RunEvent, RunSource } from '../model/run.js';
import type { Provision } from '../provision/provision.js';
import type { RunHandle, RunResult } from '../runs/runs.js';
import type { Audit } from '../store/audit.js';
import type { FileStore } from '../store/files.js';
import type { Address, RunStore } from '../store/runs.js';
import type { IncidentStore } from '../store/incidents.js';
import type { SampleStore } from '../store/samples.js';
import type { ScheduleStore } from '../store/schedules.js';
import type { TimerStore } from '../store/timers.js';
import { createAttach } from './attach.js';
import type { AnyCommand, CommandContext, Later } from './command.js';
import type { Control } from './control.js';
import type { Meaning } from './meaning.js';
import type { Division, PartsResult } from './parts.js';
import { createReadableAudit } from './readable-audit.js';
import { createReadableRuns } from './readable-runs.js';
import type { Rights } from './rights.js';
import { addRecaps } from '../model/run-view.js';
import { eventsBefore, takeUpWords } from './recorded-run.js';
import { createSteps } from './step.js';

export type CommandWorkOptions = {
  commands: readonly AnyCommand[];
  home: Home;
  store: RunStore;
  timers: TimerStore;
  files: FileStore;
  schedules: ScheduleStore;
  incidents: IncidentStore;
  samples: SampleStore;
  rights: Rights;
  audit: Audit;
  controlOf(person: Person, source: RunSource, requestKey?: string): Control;
  clusterOf(environment: Environment): Promise<Cluster>;
  provisionOf(environment: Environment, run: RunHandle, person: Person): Provision;
  inParts(run: RunHandle, division: Division): Promise<PartsResult>;
  dataFolder: string;
  /** Where files go for whoever has no chat. */
  filesFolder: string;
  startPractice: StartPractice;
  clock: Clock;
  log: Log;
};

export type CommandWork = ReturnType<typeof createCommandWork>;

/** Gives a command what it needs, and lets it run. */
export function createCommandWork(options: CommandWorkOptions) {
  const { commands, home, rights } = options;

  /** `earlier`: the events of the runs that it resumes. */
  type Asked = Meaning & { run: RunHandle; earlier?: readonly RunEvent[] };

  /** What a playbook left behind, gathered while a command runs. */
  type Played = Pick<RunResult, 'hosts' | 'failed' | 'brokenOff'>;

  async function perform(asked: Meaning & { run: RunHandle }): Promise<RunResult> {
    const played: Played = {};
    const { resumes } = asked.parsed;
    const earlier = await eventsBefore(resumes, options.store.events);
    const context = await contextOf({ ...asked, earlier }, played);
    const words = await takeUpWords(asked.parsed, earlier, options.store.request);
    if (words !== undefined) context.note(words);
    const summary = await asked.parsed.command.run(context as CommandContext<never>);
    return { summary, ...played };
  }

  async function contextOf(asked: Asked, played: Played = {}): Promise<CommandContext<unknown>> {
    const { parsed, args, environment, person, source, channel = [], print, files, run, earlier = [] } = asked;
    const provision = () => options.provisionOf(required(environment, parsed.command), run, person);
    const cluster =
      environment && (await usesCluster(parsed.command, args)) ? await options.clusterOf(environment) : undefined;
    return {
      args,
      rest: parsed.rest,
      get environment() {
        return required(environment, parsed.command);
      },
      environmentName: environment?.name ?? parsed.environment,
      get cluster() {
        if (cluster) return cluster;
        throw new StarsError('CONFIG', `${parsed.command.name} does not use the cluster.`);
      },
      provision: {
        run: async (asked) => {
          const result = await provision().run({ ...asked, trusted: parsed.trusted });
          if (!asked.quiet)
            Object.assign(played, { hosts: addRecaps(played.hosts, result.hosts), failed: result.failed });
          if (result.broken && !asked.quiet) played.brokenOff = true;
          return result;
        },
        ask: (asked) => provision().ask(asked),
        lookAt: (id, names) => provision().lookAt(id, names),
        halt: (id, names) => provision().halt(id, names),
        divide: (asked, count) => provision().divide({ ...asked, trusted: parsed.trusted }, count),
      },
      inParts: async (division) => {
        const result = await options.inParts(run, division);
        Object.assign(played, { ...result, hosts: addRecaps(played.hosts, result.hosts) });
        return result;
      },
      home,
      runs: createReadableRuns(options.store, rights, { person, source }),
      audit: createReadableAudit({ audit: options.audit, rights, home }, { person, source }),
      rights,
      environmentHere: home.defaultEnvironment(...channel),
      commands,
      person,
      source,
      run: { id: run.id },
      startPractice: options.startPractice,
      dataFolder: options.dataFolder,
      clock: options.clock,
      log: options.log.child({ run: run.id }),
      control: options.controlOf(person, source, asked.requestKey),
      schedules: options.schedules,
      watch: {
        ...options.incidents,
        mute: (what) => options.incidents.mute(what, asked.requestKey),
        unmute: (name, now) => options.incidents.unmute(name, now, asked.requestKey),
      },
      samples: options.samples,
      approved: run.approved,
      signal: run.signal,
      emit: run.emit,
      ...createSteps({ run, earlier, redact: home.redactor.redact }),
      later: (what) => setTimer(what, { environment: environment?.name, person, run: run.id }, asked.address),
      note: (message) => run.emit({ type: 'note', message }),
      offer: (what) => run.emit({ type: 'offer', ...what }),
      attach: createAttach({
        run,
        hasChat: () => hasChat(run.id, source),
        answer: files,
        files: options.files,
        redactor: home.redactor,
        folder: options.filesFolder,
        clock: options.clock,
      }),
      print,
    };
  }

  async function usesCluster({ cluster = false }: AnyCommand, args: unknown): Promise<boolean> {
    return typeof cluster === 'boolean' ? cluster : cluster({ args: args as never, home });
  }

  /** What a schedule asks for has a thread only where there is a channel for it. */
  async function hasChat(run: string, source: RunSource): Promise<boolean> {
    return source === 'slack' || (source === 'schedule' && (await options.store.find(run))?.address !== undefined);
  }

  type Whose = { environment: string | undefined; person: Person; run: string };

  async function setTimer(
    { at, subject, words, says }: Later,
    whose: Whose,
    asked: Address | undefined,
  ): Promise<void> {
    const now = options.clock.now();
    const address = asked ?? (await options.store.find(whose.run))?.address;
    const dueAt = at.toISOString();
    const remindAt = new Date(at.getTime() - reminderMs(at.getTime() - now.getTime())).toISOString();
    const timer = { id: `t-${randomUUID().slice(0, 8)}`, ...whose, subject, words, says, address, remindAt, dueAt };
    await options.audit.record({
      kind: 'timer',
      ...whose,
      text: words,
      reason: says,
      details: { timer: timer.id, due: dueAt },
    });
    await options.timers.add(timer, now);
  }

  return { perform, contextOf };
}

/** How long before: ten minutes, or half of a shorter time. */
function reminderMs(lastsMs: number): number {
  return Math.min(10 * 60_000, lastsMs / 2);
}

function required(environment: Environment | undefined, command: AnyCommand): Environment {
  if (environment) return environment;
  throw new StarsError('CONFIG', `${command.name} was not given an environment.`);
}
