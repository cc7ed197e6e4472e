import type { z } from 'zod';
import type { StartPractice } from '../backup/drill.js';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { type Choice, StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Attachment } from '../model/attachment.js';
import type { Emit, Person, RunSource, TakesUp } from '../model/run.js';
import type { Provision } from '../provision/provision.js';
import type { Resource } from '../model/lease.js';
import type { Proposal } from '../store/runs.js';
import type { IncidentStore } from '../store/incidents.js';
import type { Control } from './control.js';
import type { SampleStore } from '../store/samples.js';
import type { ScheduleStore } from '../store/schedules.js';
import type { Division, PartsResult } from './parts.js';
import type { Permission } from './permission.js';
import type { ReadableAudit } from './readable-audit.js';
import type { ReadableRuns } from './readable-runs.js';
import type { Rights } from './rights.js';
import type { Subject } from './subject.js';

/** One flag of a command: a switch, or one that takes a value; `many` may be given several times. */
export type Flag = { takes?: string; many?: boolean; short?: string; says: string };

/** What a command's page gets: what was asked, ready-made clients, and nothing from the air. */
export type CommandContext<Args> = {
  args: Args;
  /** The text after `--`, as typed, for a command that `takesRest`. */
  rest: string | undefined;
  /** The environment asked for. Throws CONFIG when there is none. */
  environment: Environment;
  /** Its name alone; undefined when none was asked for. */
  environmentName: string | undefined;
  /** The clients of the environment; a missing endpoint throws CONFIG when it is used, saying what to add where. */
  cluster: Cluster;
  /** Runs playbooks and roles of the stack on the environment's hosts. */
  provision: Provision;
  /** Has the run done in parts by whatever processes are free, each part with hosts of its own, as if that had been asked for with these arguments. */
  inParts: (division: Division) => Promise<PartsResult>;
  home: Home;
  runs: ReadableRuns;
  rights: Rights;
  /** The environment that commands mean here when they name none. */
  environmentHere: string | undefined;
  audit: ReadableAudit;
  commands: readonly AnyCommand[];
  person: Person;
  source: RunSource;
  run: { id: string };
  /** Starts an empty cluster to try things on. Throws UNSUPPORTED where there is none. */
  startPractice: StartPractice;
  /** Where backups go: `<data>/backups`. */
  dataFolder: string;
  clock: Clock;
  log: Log;
  /** What this person may do with runs and locks, and does. */
  control: Control;
  /** What became of what the environments do by themselves. */
  schedules: Pick<ScheduleStore, 'last'>;
  /** What is wrong with the environments and for how long, and who wants to hear of it. */
  watch: Pick<IncidentStore, 'mute' | 'unmute' | 'muted' | 'load' | 'between'>;
  samples: Pick<SampleStore, 'since' | 'pictureBefore'>;
  /** What people approved, when that was needed: this alone may be done. */
  approved: Proposal | undefined;
  signal: AbortSignal;
  emit: Emit;
  /** One shown step of the run: started, then finished with the words that `describe` makes of its result. */
  step: <T>(title: string, action: () => Promise<T>, describe?: (result: T) => string) => Promise<T>;
  /**
   * A step that a run which resumes this one leaves out: what it gave, as the shape says, is noted before anything follows. For what must not be
   * asked for twice, such as a deployment. `anew`: it has to be done all the same, since what was done is gone.
   */
  once: <T>(title: string, action: () => Promise<T>, shape: z.ZodType<T>, how?: { anew: boolean }) => Promise<T>;
  /** Of the steps of these titles the one that the runs which this one resumes did last; undefined when they did none. */
  lastOnce: (titles: readonly string[]) => string | undefined;
  /** Has a command run later, in the place of this person; one about the same subject takes the place of an earlier one. */
  later: (what: Later) => Promise<void>;
  /** A remark for the person in the run's thread. */
  note: (message: string) => void;
  /** A button below the run, once it has ended, for what may be wanted next. */
  offer: (what: Choice) => void;
  /**
   * Shows a file: in the run's thread, or with an answer to the person alone; whoever has no chat is told where it was put. Resolves when it
   * is sure to arrive. Secrets are removed from a text. USAGE when it is too large.
   */
  attach: (file: Attachment) => Promise<void>;
  /** Writes a line as it is, for what is too long for an answer; only a terminal can take that. */
  print: ((line: string) => void) | undefined;
};

/** `words` is the command, empty when the moment is only told; `says` tells people what happens then. */
export type Later = { at: Date; subject: string; words: string; says: string };

/** What is run in the place of a command, as if it had been asked for: with its rights, and recorded under its name. */
export type StandIn = {
  command: string;
  /** Words and flags by name, as in a recorded request. */
  input: Record<string, unknown>;
  environment: string | undefined;
  /** The text after `--`. */
  rest?: string | undefined;
  /** False for what once came from a chat. */
  trusted: boolean;
} & TakesUp;

export type SubjectOf<Args> = { args: Args; home: Home; environment: Environment; cluster: () => Promise<Cluster> };

/** From what a command tells what it changes: its words, and where. */
export type ResourcesOf<Args> = { args: Args; home: Home; environment: Environment | undefined };

/** What a command would do, with a hash of all of it; or closing words when there is nothing to do. */
export type Proposed = { hash: string; text: string } | { done: string };

export type CommandDefinition<Args> = {
  name: string;
  /** One sentence that starts with a verb. */
  summary: string;
  /** Words before the environment: `<target>`, `[subject]`. The environment itself is `environment` below. */
  words?: readonly string[];
  /** `required`: named, or the default of the channel or home; `optional`: a name that narrows down; `none`: the command knows no environment. */
  environment: 'required' | 'optional' | 'none';
  flags?: Record<string, Flag>;
  /** Whether it may end with `for 2h` or `until 18:00`, which becomes the argument `until`. */
  takesEnd?: boolean;
  /** What follows `--` is text for somebody else (a shell on the hosts), not words of this command. */
  takesRest?: boolean;
  /** Validates words and flags by name (`<target>` is `target`, `--start-at` is `startAt`). */
  args: z.ZodType<Args>;
  permission: Permission;
  /** What it would touch, for rights that are given for that alone; without it such rights do not cover the command. */
  subject?(asked: SubjectOf<Args>): Promise<Subject>;
  /** Whether it talks to Marathon and its kin: their clients are made, with their passwords looked up, only then. */
  cluster?: boolean | ((asked: { args: Args; home: Home }) => Promise<boolean>);
  /** `run` is recorded and has a thread; `answer` replies to the person alone and leaves no trace in the history. */
  kind: 'run' | 'answer';
  examples?: readonly string[];
  /** For a command that stands for another one, such as `retry` for the run it names; its own `run` is only called when it stands for none. */
  standsFor?(asked: {
    args: Args;
    runs: ReadableRuns;
    control: Control;
    commands: readonly AnyCommand[];
  }): Promise<StandIn | undefined>;
  /** The name of the command it stands for, under which rights are given. */
  standsForCommand?: string;
  /** Looks at the words once more before anything is recorded, for what only the home knows. Throws what is wrong with them. */
  check?(asked: {
    args: Args;
    /** The text after `--`, for a command that `takesRest`. */
    rest: string | undefined;
    home: Home;
    /** As typed. */
    text: string;
    /** False for what comes from a chat. */
    trusted: boolean;
  }): Promise<void>;
  /** Whether it only looks with these words: then the right to read is enough, and nothing of the environment is changed. */
  reads?(asked: { args: Args }): boolean;
  /** What of the environment a run of it changes: of two that want the same one waits. By default everything, unless it only reads. */
  resources?(asked: ResourcesOf<Args>): readonly Resource[] | Promise<readonly Resource[]>;
  /** What it would do, found out before people are asked to approve it, and once more when they have: with another hash nothing is done. */
  propose?(context: CommandContext<Args>): Promise<Proposed>;
  /** Its `run` sees to it that only what was approved is done. */
  comparesItself?: true;
  /** After so long a run of it is given up; 4 hours when not said. */
  deadlineMinutes?: number;
  /** The closing words, as Slack's mrkdwn. A StarsError is the run's failure. */
  run(context: CommandContext<Args>): Promise<string>;
};

// The argument type is only known inside the command; dispatch validates with `args` and hands on what came out.
export type AnyCommand = Omit<CommandDefinition<never>, 'args'> & { args: z.ZodType };

export function defineCommand<Args>(definition: CommandDefinition<Args>): CommandDefinition<Args> {
  return definition;
}

/** A command that only stands for another one. */
export function defineStandIn<Args>(
  definition: Omit<CommandDefinition<Args>, 'run' | 'kind' | 'environment' | 'standsFor'> &
    Required<Pick<CommandDefinition<Args>, 'standsFor' | 'standsForCommand'>>,
): CommandDefinition<Args> {
  const run = () => Promise.reject(new StarsError('INTERNAL', `${definition.name} stands for another command.`));
  return { ...definition, environment: 'none', kind: 'run', run };
}

/** The right that these words need. */
export function permissionFor(command: AnyCommand, args: unknown): Permission {
  return command.reads?.({ args: args as never }) ? 'read' : command.permission;
}

/** What these words change. */
export async function resourcesOf(
  command: AnyCommand,
  { args, home, environment }: ResourcesOf<unknown>,
): Promise<readonly Resource[]> {
  if (permissionFor(command, args) === 'read') return [];
  return (await command.resources?.({ args: args as never, home, environment })) ?? ['*'];
}

/** Whether the command of this name is recorded and has a thread. */
export function isRun(commands: readonly AnyCommand[], name: string): boolean {
  return commands.find((command) => command.name === name)?.kind === 'run';
}
