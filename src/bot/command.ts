import type { z } from 'zod';
import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Emit, Person, RunSource } from '../model/run.js';
import type { Provision } from '../provision/provision.js';
import type { Permission } from './permission.js';
import type { ReadableRuns } from './readable-runs.js';

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
  home: Home;
  runs: ReadableRuns;
  commands: readonly AnyCommand[];
  person: Person;
  source: RunSource;
  run: { id: string };
  /** Where backups go: `<data>/backups`. */
  dataFolder: string;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  emit: Emit;
  /** One shown step of the run: started, then finished with the words that `describe` makes of its result. */
  step: <T>(title: string, action: () => Promise<T>, describe?: (result: T) => string) => Promise<T>;
  /** A remark for the person in the run's thread. */
  note: (message: string) => void;
};

export type CommandDefinition<Args> = {
  name: string;
  /** One sentence that starts with a verb. */
  summary: string;
  /** Words before the environment: `<target>`, `[subject]`. The environment itself is `environment` below. */
  words?: readonly string[];
  /** `required`: named, or the default of the channel or home; `optional`: a name that narrows down; `none`: the command knows no environment. */
  environment: 'required' | 'optional' | 'none';
  flags?: Record<string, Flag>;
  /** What follows `--` is text for somebody else (a shell on the hosts), not words of this command. */
  takesRest?: boolean;
  /** Validates words and flags by name (`<target>` is `target`, `--start-at` is `startAt`). */
  args: z.ZodType<Args>;
  permission: Permission;
  /** Whether it talks to Marathon and its kin: their clients are made, with their passwords looked up, only then. */
  cluster?: boolean;
  /** `run` is recorded and has a thread; `answer` replies to the person alone and leaves no trace in the history. */
  kind: 'run' | 'answer';
  examples?: readonly string[];
  /** Looks at the words once more before anything is recorded, for what only the home knows. Throws what is wrong with them. */
  check?(asked: {
    args: Args;
    home: Home;
    /** As typed. */
    text: string;
    /** False for what comes from a chat. */
    trusted: boolean;
  }): Promise<void>;
  /** The closing words, as Slack's mrkdwn. A StarsError is the run's failure. */
  run(context: CommandContext<Args>): Promise<string>;
};

// The argument type is only known inside the command; dispatch validates with `args` and hands on what came out.
export type AnyCommand = Omit<CommandDefinition<never>, 'args'> & { args: z.ZodType };

export function defineCommand<Args>(definition: CommandDefinition<Args>): CommandDefinition<Args> {
  return definition;
}

/** Whether the command of this name is recorded and has a thread. */
export function isRun(commands: readonly AnyCommand[], name: string): boolean {
  return commands.find((command) => command.name === name)?.kind === 'run';
}
