import type { z } from 'zod';
import type { Cluster } from '../cluster/cluster.js';
import type { Environment, Home } from '../home/home.js';
import type { Attachment } from '../model/attachment.js';
import type { Person, RunSource, TakesUp } from '../model/run.js';
import type { Address } from '../store/run-rows.js';
import { type Parsed, usageError } from './parse.js';
import type { Subject } from './subject.js';

/** A command with its words. `trusted` is false when any of them came from a chat. */
export type Meant = Parsed & { trusted: boolean } & TakesUp;

/** Everything it takes to do what somebody asked. */
export type Meaning = {
  parsed: Meant;
  /** As the command's own check gave them. */
  args: unknown;
  environment: Environment | undefined;
  person: Person;
  source: RunSource;
  /** Id and name of the channel it was asked in. */
  channel?: readonly string[] | undefined;
  /** Takes lines that are too long for an answer. */
  print?: ((line: string) => void) | undefined;
  /** Under which it stands in the inbox. */
  requestKey?: string | undefined;
  /** Where an answer was asked for; that of a run is recorded with it. */
  address?: Address | undefined;
  /** Takes the files of an answer. */
  files?: Attachment[] | undefined;
};

/** Whoever has a terminal can read and run everything there anyway; whoever has a chat cannot. */
export function isTrusted({ source }: { source: RunSource }): boolean {
  return source === 'terminal' || source === 'schedule';
}

/** The words as the command takes them. USAGE says which is wrong. */
export function validate({ command, input }: Parsed): unknown {
  const parsed = command.args.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw usageError(command, issue ? wordsOf(issue) : 'the arguments are wrong');
}

function wordsOf({ path, message }: z.core.$ZodIssue): string {
  const name = path.join('.');
  return name === '' ? message : `${name}: ${message}`;
}

type Sources = { home: Home; clusterOf(environment: Environment): Promise<Cluster> };

/** What a request is about, for rights that hang on it. */
export function subjectOf(
  { parsed: { command }, args, environment }: Pick<Meaning, 'parsed' | 'args' | 'environment'>,
  { home, clusterOf }: Sources,
): (() => Promise<Subject>) | undefined {
  if (!environment || !command.subject) return undefined;
  const about = { args: args as never, home, environment, cluster: () => clusterOf(environment) };
  return () => command.subject?.(about) ?? Promise.resolve({});
}
