import type { Transaction } from 'kysely';
import type { HostRecap, Person, RunError, RunEvent, RunEventBody, RunSource, RunState } from '../model/run.js';
import type { Tables } from './database.js';

/** Where the answer to a request belongs: a Slack channel, and the thread in it. */
export type Address = {
  channel: string;
  threadTs?: string | undefined;
  /** By which its asker can be told something for half an hour, also where Stars is no member. */
  responseUrl?: string | undefined;
};

/** What a run wants to do, for those who approve it: once there is a hash, that is what they approve. */
export type Proposal = {
  /** How many people other than the asker. */
  needed: number;
  hash?: string | undefined;
  text?: string | undefined;
};

/** A run as the history shows it. */
export type Run = {
  id: string;
  command: string;
  text: string;
  environment: string | null;
  person: Person;
  source: RunSource;
  state: RunState;
  requestedAt: string;
  finishedAt: string | undefined;
  ms: number | undefined;
  summary: string | undefined;
  error: RunError | undefined;
  hosts: Record<string, HostRecap> | undefined;
  /** The process that performs it or alone may; empty when any may. */
  owner: string;
  resources: string[];
  address: Address | undefined;
  proposal: Proposal | undefined;
  /** When it is given up should it still wait then. */
  waitUntil: string | undefined;
  fence: number | undefined;
  /** The last run that took it up after its end, by `resume` or `retry`. */
  takenUpBy: string | undefined;
  /** The run that was split by its hosts, of which this is a part. */
  partOf: string | undefined;
};

export type NewRun = Pick<
  Run,
  'id' | 'command' | 'text' | 'environment' | 'person' | 'source' | 'requestedAt' | 'owner'
> &
  Partial<Pick<Run, 'resources' | 'address' | 'proposal' | 'waitUntil' | 'partOf'>> & {
    requestKey?: string | undefined;
    /** The ended run that it takes up, from where that stopped or from its start. */
    takesUp?: string | undefined;
  };

/** Whether the next thing it does is to find out what it would do, which changes nothing. */
export function isProposing({ proposal }: Pick<Run, 'proposal'>): boolean {
  return proposal !== undefined && proposal.hash === undefined;
}

// SQLite takes 32,766 values in one statement, PostgreSQL 65,535; an event has five.
const MOST_EVENTS_IN_ONE_STATEMENT = 500;

export async function insertEvents(transaction: Transaction<Tables>, events: readonly RunEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += MOST_EVENTS_IN_ONE_STATEMENT) {
    const rows = events.slice(start, start + MOST_EVENTS_IN_ONE_STATEMENT).map(toEventRow);
    await transaction.insertInto('events').values(rows).execute();
  }
}

/** Adds events behind those that are there; the number of the last. What calls it has locked the run by a write. */
export async function addEvents(
  transaction: Transaction<Tables>,
  run: string,
  now: Date,
  bodies: readonly RunEventBody[],
): Promise<number> {
  const { last } = await transaction
    .selectFrom('events')
    .select(({ fn }) => fn.max('seq').as('last'))
    .where('run_id', '=', run)
    .executeTakeFirstOrThrow();
  const first = (last ?? 0) + 1;
  const events = bodies.map((body, index) => ({ run, seq: first + index, at: now.toISOString(), ...body }));
  await insertEvents(transaction, events);
  return first + events.length - 1;
}

export function toRow(run: NewRun): Tables['runs'] {
  return {
    id: run.id,
    command: run.command,
    text: run.text,
    environment: run.environment,
    person_id: run.person.id,
    person_name: run.person.name,
    source: run.source,
    state: 'queued',
    requested_at: run.requestedAt,
    finished_at: null,
    ms: null,
    summary: null,
    error: null,
    hosts: null,
    owner: run.owner,
    heartbeat_at: run.requestedAt,
    resources: run.resources ? JSON.stringify(run.resources) : null,
    address: run.address ? JSON.stringify(run.address) : null,
    proposal: run.proposal ? JSON.stringify(run.proposal) : null,
    wait_until: run.waitUntil ?? null,
    deadline_at: null,
    cancel: null,
    request_key: run.requestKey ?? null,
    resumed_by: null,
    family: null,
    fence: null,
    part_of: run.partOf ?? null,
  };
}

export function toRun(row: Tables['runs']): Run {
  return {
    id: row.id,
    command: row.command,
    text: row.text,
    environment: row.environment,
    person: { id: row.person_id, name: row.person_name },
    source: row.source as RunSource,
    state: row.state as RunState,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at ?? undefined,
    ms: row.ms ?? undefined,
    summary: row.summary ?? undefined,
    error: parsed(row.error) as RunError | undefined,
    hosts: parsed(row.hosts) as Record<string, HostRecap> | undefined,
    owner: row.owner,
    resources: (parsed(row.resources) as string[] | undefined) ?? [],
    address: parsed(row.address) as Address | undefined,
    proposal: parsed(row.proposal) as Proposal | undefined,
    waitUntil: row.wait_until ?? undefined,
    fence: row.fence ?? undefined,
    takenUpBy: row.resumed_by ?? undefined,
    partOf: row.part_of ?? undefined,
  };
}

/** What this very file has written. */
function parsed(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

function toEventRow({ run, seq, at, type, ...body }: RunEvent): Tables['events'] {
  return { run_id: run, seq, at, type, body: JSON.stringify(body) };
}

export function toEvent({ run_id, seq, at, type, body }: Tables['events']): RunEvent {
  return { run: run_id, seq, at, type, ...(JSON.parse(body) as object) } as RunEvent & RunEventBody;
}
