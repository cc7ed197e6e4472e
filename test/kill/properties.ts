import { systemClock } from '../../src/clock.js';
import type { RunEvent } from '../../src/model/run.js';
import { hasEnded } from '../../src/model/run-states.js';
import { toPlain } from '../../src/slack/messages/plain.js';
import { stateIcon } from '../../src/slack/messages/run.js';
import { createRedactor } from '../../src/secret.js';
import { createAudit } from '../../src/store/audit.js';
import { type Run, toEvent, toRun } from '../../src/store/run-rows.js';
import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import type { Wish } from './wishes.js';
import { scheduledOnce, TIMED_CHANNEL } from './schedules.js';
import { APP, channelOf, ENVIRONMENTS, STEPS, taskOf, type World } from './world.js';

/** What has to be true once everything has settled; `wrong` names each case in which it is not. */
export type Property = { name: string; wrong: string[] };

type Seen = {
  world: World;
  wishes: readonly Wish[];
  runs: (Run & { key: string | null })[];
  events: ReadonlyMap<string, RunEvent[]>;
  messages: FakeMessage[];
};

/** `mayFail`: hosts or the store were away, for which runs may fail. */
export async function checkAll(
  world: World,
  wishes: readonly Wish[],
  { rounds, mayFail, asOf }: { rounds: number; mayFail: boolean; asOf: Date },
): Promise<Property[]> {
  const seen = await seenBy(world, wishes, { rounds, asOf });
  return [
    { name: 'what was acknowledged was done once or answered', wrong: doneOrAnswered(seen) },
    { name: 'a request made one run', wrong: oneRunEach(seen) },
    {
      name: 'each step ran once on each host, and again only where a run goes on with one that was at it',
      wrong: stepsOnce(seen),
    },
    { name: 'of what goes on with a run one came to something', wrong: goneOnWithOnce(seen) },
    { name: 'Marathon was asked once for each restart', wrong: await restartsOnce(seen) },
    { name: 'a lock is not in the way of whoever put it', wrong: locksOnce(seen) },
    { name: 'runs came one after the other on each host, with rising fences', wrong: oneAfterTheOther(seen) },
    { name: 'runs ended as they may', wrong: endedWell(seen, mayFail) },
    { name: 'events have no gaps and end with the end', wrong: eventsWhole(seen) },
    { name: 'no lease is left', wrong: await leasesLeft(seen) },
    { name: 'the audit is whole', wrong: await auditWhole(seen) },
    { name: 'each run has one message that shows its end', wrong: oneMessageEach(seen) },
    { name: 'no answer in a thread is doubled', wrong: nothingDoubled(seen) },
    ...(await scheduledOnce(world, asOf)),
  ];
}

type Until = { rounds: number; asOf: Date };

/** A schedule may ask for something at any time: what came after everything had settled is left for the next round. */
async function seenBy(world: World, wishes: readonly Wish[], { rounds, asOf }: Until): Promise<Seen> {
  const runs = (await runsOf(world)).filter(
    ({ source, requestedAt }) => source !== 'schedule' || requestedAt < asOf.toISOString(),
  );
  const rows = await world.database.selectFrom('events').selectAll().orderBy('run_id').orderBy('seq').execute();
  const events = new Map<string, RunEvent[]>(runs.map(({ id }) => [id, []]));
  for (const event of rows.map(toEvent)) events.get(event.run)?.push(event);
  return { world, wishes, runs, events, messages: messagesOf(world, rounds) };
}

/** What is under way in the store, or not shown in Slack yet. */
export async function underWay(world: World, rounds: number): Promise<string[]> {
  const requests = await world.database.selectFrom('inbox').select('key').where('settled_at', 'is', null).execute();
  const runs = await runsOf(world);
  return [
    ...requests.map(({ key }) => `nobody answers ${key}`),
    ...runs.filter(({ state }) => !hasEnded(state)).map(({ id, text, state }) => `${id} “${text}” stays ${state}`),
    ...oneMessageEach({ runs, messages: messagesOf(world, rounds) }),
  ];
}

async function runsOf({ database }: World): Promise<Seen['runs']> {
  const rows = await database.selectFrom('runs').selectAll().orderBy('requested_at').execute();
  return rows.map((row) => ({ ...toRun(row), key: row.request_key }));
}

function messagesOf({ sandbox: { slack } }: World, rounds: number): FakeMessage[] {
  const names = [...Array.from({ length: rounds }, (_, index) => channelOf(index + 1)), TIMED_CHANNEL];
  return names.flatMap((name) => slack.messages(name));
}

function answersTo({ person }: Wish, { world: { sandbox }, messages }: Seen): string[] {
  const direct = sandbox.slack.channels.some(({ name }) => name === person) ? [] : directMessages(person, sandbox);
  return [...messages, ...direct].filter(({ onlyFor }) => onlyFor === person).map((message) => toPlain(message));
}

function directMessages(person: string, { slack }: World['sandbox']): FakeMessage[] {
  try {
    return slack.messages(`dm-${person}`).map((message) => ({ ...message, onlyFor: person }));
  } catch {
    return [];
  }
}

function runsFor({ person }: Wish, { runs }: Seen): Seen['runs'] {
  return runs.filter((run) => run.person.id === person && run.partOf === undefined);
}

function doneOrAnswered(seen: Seen): string[] {
  return seen.wishes
    .filter(({ acked }) => acked)
    .filter((wish) => runsFor(wish, seen).length === 0 && answersTo(wish, seen).length === 0)
    .map(({ words, person }) => `nothing came of “${words}” by ${person}`);
}

function oneRunEach(seen: Seen): string[] {
  const keys = seen.runs.map(({ key }) => key).filter((key) => key !== null);
  return [
    ...seen.wishes
      .filter((wish) => runsFor(wish, seen).length > 1)
      .map((wish) => `“${wish.words}” has the runs ${ids(runsFor(wish, seen))}`),
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `two runs of ${key}`),
    ...seen.wishes
      .filter(
        (wish) => runsFor(wish, seen).length > 0 && answersTo(wish, seen).some((text) => /was not run/.test(text)),
      )
      .map((wish) => `“${wish.words}” was answered as not run, and has ${ids(runsFor(wish, seen))}`),
  ];
}

function ids(runs: readonly Run[]): string {
  return runs.map(({ id, state }) => `${id} (${state})`).join(', ');
}

function stepsOnce(seen: Seen): string[] {
  const { world, wishes, runs } = seen;
  const wrong: string[] = [];
  for (const environment of ENVIRONMENTS)
    for (const { host, marks } of world.marks(environment)) {
      for (const [index, { token, step, run }] of marks.entries()) {
        const before = marks.slice(0, index).filter((mark) => mark.token === token && mark.step === step);
        const wrongly = before.find((mark) => !mayRepeat(step, { now: run, before: mark.run }, seen));
        if (wrongly) wrong.push(`${token} ${step} came on ${host} of ${wrongly.run} and again of ${run}`);
      }
      for (const { token, person } of wishes) {
        const run = runs.find((one) => one.person.id === person);
        if (!token || run?.environment !== environment || run.state !== 'succeeded') continue;
        const count = marks.filter((mark) => mark.token === token).length;
        if (count !== STEPS.length) wrong.push(`${run.id} succeeded with ${count} steps of ${token} on ${host}`);
      }
      const wholes = runs.filter((one) => one.environment === environment && one.partOf === undefined);
      for (const run of wholes.filter((one) => one.state === 'succeeded')) {
        const token = tokenOfFirst(run, seen);
        const steps = new Set(marks.filter((mark) => mark.token === token).map(({ step }) => step));
        if (token && steps.size !== STEPS.length)
          wrong.push(`${run.id} ended what ${token} began with ${[...steps].join(', ')} on ${host}`);
      }
    }
  return wrong;
}

/** The token of the deploy that a run went on with. */
function tokenOfFirst(run: Pick<Run, 'id'>, seen: Seen): string | undefined {
  let id = goesOnWith(requestOf(run.id, seen));
  for (let earlier = id; earlier !== undefined; earlier = goesOnWith(requestOf(earlier, seen))) id = earlier;
  const person = seen.runs.find((one) => one.id === id)?.person.id;
  return seen.wishes.find((wish) => wish.person === person)?.token;
}

/** A retry begins anew; a resume with the task at which the run before was cut off. */
function mayRepeat(step: string, { now, before }: { now: string; before: string }, seen: Seen): boolean {
  const last = seen.runs.find((run) => run.id === before)?.partOf ?? before;
  for (let id: string | undefined = now; id !== undefined && id !== last; ) {
    const asked = requestOf(id, seen);
    if (asked?.text.startsWith('retry ')) return true;
    id = goesOnWith(asked);
    if (id === undefined) return false;
    if (STEPS.findIndex((name) => name === step) < stepAt(id, seen)) return false;
  }
  return now !== before;
}

/** The number of the step at which a run was cut off, or the first of its parts was; -1 before there was any. */
function stepAt(id: string, { runs, events }: Seen): number {
  const parts = runs.filter(({ partOf }) => partOf === id).map((part) => part.id);
  const steps = (parts.length > 0 ? parts : [id]).map((one) => {
    const last = events.get(one)?.findLast(({ type }) => type === 'task.started');
    return STEPS.findIndex((name) => last?.type === 'task.started' && taskOf(name) === last.task);
  });
  return Math.min(...steps);
}

type Requested = Extract<RunEvent, { type: 'run.requested' }>;

function requestOf(run: string, { events }: Pick<Seen, 'events'>): Requested | undefined {
  const first = events.get(run)?.[0];
  return first?.type === 'run.requested' ? first : undefined;
}

function goesOnWith(request: Requested | undefined): string | undefined {
  const { continues } = request?.args ?? {};
  return request?.resumes ?? (typeof continues === 'string' ? continues : undefined);
}

function goneOnWithOnce(seen: Seen): string[] {
  const good = seen.runs
    .filter(({ state, partOf }) => state === 'succeeded' && partOf === undefined)
    .map(({ id }) => [id, goesOnWith(requestOf(id, seen))]);
  return good.flatMap(([id, earlier], index) =>
    earlier !== undefined && good.slice(0, index).some(([, other]) => other === earlier)
      ? [`${earlier} was gone on with twice, the second time by ${id}`]
      : [],
  );
}

const ASKS = `Ask Marathon to restart ${APP}`;

/** A run that died between asking and noting asks again when it is resumed: so it is at most once for each run that came to it. */
async function restartsOnce({ world, runs, events }: Seen): Promise<string[]> {
  const steps = runs.flatMap(({ id }) =>
    (events.get(id) ?? []).filter((event) => 'step' in event && event.step === ASKS),
  );
  const begun = steps.filter(({ type }) => type === 'step.started').length;
  const known = steps.filter((event) => event.type === 'step.finished' && event.message?.startsWith('done in run'));
  const done = steps.filter((event) => event.type === 'step.finished' && event.ok).length - known.length;
  const asked = await world.restarts();
  return asked >= done && asked <= begun - known.length
    ? []
    : [
        `Marathon was asked ${asked} times; ${begun} runs came to it, ${known.length} of them did not have to, ${done} noted it`,
      ];
}

function locksOnce(seen: Seen): string[] {
  return seen.wishes.flatMap((wish) =>
    answersTo(wish, seen)
      .filter((text) => new RegExp(`locked already, by ${wish.name}\\b`).test(text))
      .map((text) => `“${wish.words}” was answered “${text}”`),
  );
}

function oneAfterTheOther({ world }: Seen): string[] {
  const wrong: string[] = [];
  for (const environment of ENVIRONMENTS)
    for (const { host, marks } of world.marks(environment)) {
      const over = new Set<string>();
      for (const [index, mark] of marks.entries()) {
        const before = marks[index - 1];
        if (before && before.run !== mark.run) over.add(before.run);
        if (over.has(mark.run)) wrong.push(`${mark.run} worked on ${host} after ${before?.run}`);
        if (before && before.fence > mark.fence)
          wrong.push(`the fence fell from ${before.fence} to ${mark.fence} on ${host}`);
      }
    }
  return wrong;
}

const EXPECTED_FAILURE = /failed|unreachable|could not reach|not be recorded|ended by somebody else|no plan to approve/;

function endedWell(seen: Seen, mayFail: boolean): string[] {
  return seen.runs.flatMap((run) => {
    const { id, text, state, error } = run;
    if (!hasEnded(state)) return [`${id} “${text}” is ${state}`];
    if (state === 'interrupted' && !/in flight|nothing was done|died|took its locks over/i.test(error?.message ?? ''))
      return [`${id} was interrupted, and says only “${error?.message}”`];
    if (state === 'failed' && (wasOverridden(run, seen) || metWhatWasCutOff(run, seen))) return [];
    if (state === 'failed' && mayFail && EXPECTED_FAILURE.test(error?.message ?? '')) return [];
    return state === 'failed' || state === 'expired' ? [`${id} “${text}” ${state}: ${error?.message}`] : [];
  });
}

const LOCKED = new RegExp(`^${APP} is locked by deployment .* \\(run ([\\w-]+)\\)\\.$`);

/** Whether Marathon was still busy with the restart of a run that ended before it: what was asked of Marathon outlives who asked. */
function metWhatWasCutOff({ command, error }: Run, seen: Seen): boolean {
  const beginner = LOCKED.exec(error?.message ?? '')?.[1];
  const cutOff = seen.runs.find(({ id }) => id === beginner)?.state ?? '';
  return command === 'restart' && ['interrupted', 'cancelled'].includes(cutOff);
}

const OVERRIDDEN = new RegExp(
  `^The deployment of ${APP} was overridden[^:]*: the app has version \\S+, not (\\S+)\\.$`,
);

/** Whether it went on with a restart after which another run had restarted the app: it follows a deployment that is no more. */
function wasOverridden({ id, command, error }: Run, seen: Seen): boolean {
  const version = OVERRIDDEN.exec(error?.message ?? '')?.[1];
  if (command !== 'restart' || version === undefined || goesOnWith(requestOf(id, seen)) === undefined) return false;
  return seen.runs.some((other) => other.id !== id && askedAfter(version, seen.events.get(other.id) ?? []));
}

function askedAfter(time: string, events: readonly RunEvent[]): boolean {
  const steps = events.filter((event) => 'step' in event && event.step === ASKS);
  const isKnown = steps.some((event) => event.type === 'step.finished' && event.message?.startsWith('done in run'));
  return !isKnown && steps.some(({ type, at }) => type === 'step.started' && at > time);
}

function eventsWhole({ runs, events: byRun }: Seen): string[] {
  return runs.flatMap(({ id, state }) => {
    const events = byRun.get(id) ?? [];
    const gap = events.find(({ seq }, index) => seq !== index + 1);
    const ends = events.filter(({ type }) => type === 'run.finished').length;
    const last = events.at(-1);
    const told = last?.type === 'run.finished' ? last.state : 'no end';
    return [
      ...(events[0]?.type === 'run.requested' ? [] : [`${id} begins with ${events[0]?.type}`]),
      ...(gap ? [`${id} has a gap before ${gap.seq}`] : []),
      ...(hasEnded(state) && (ends !== 1 || told !== state)
        ? [`${id} is ${state} and tells ${told}, ${ends} times`]
        : []),
    ];
  });
}

async function leasesLeft({ world: { database } }: Seen): Promise<string[]> {
  // A lock that a person put stays until its end.
  const rows = await database
    .selectFrom('leases')
    .selectAll()
    .where('environment', '!=', '')
    .where('run_id', 'is not', null)
    .execute();
  return rows.map(({ environment, resource, run_id }) => `${resource} of ${environment} is held by ${run_id}`);
}

async function auditWhole({ world: { database } }: Seen): Promise<string[]> {
  const { broken } = await createAudit(database, { clock: systemClock, redactor: createRedactor() }).verify();
  return broken ? [broken.says] : [];
}

function partOf({ metadata }: FakeMessage): { run: string; part: string } | undefined {
  const { event_type: type, event_payload: payload } = (metadata ?? {}) as {
    event_type?: string;
    event_payload?: { run: string; part: string };
  };
  return type === 'stars_run' ? payload : undefined;
}

function oneMessageEach({ runs, messages }: Pick<Seen, 'runs' | 'messages'>): string[] {
  return runs
    .filter(({ address }) => address !== undefined)
    .flatMap(({ id, text, state }) => {
      const roots = messages.filter((message) => partOf(message)?.run === id && partOf(message)?.part === 'run');
      if (roots.length !== 1) return [`${id} “${text}” (${state}) has ${roots.length} messages`];
      const words = toPlain(roots[0] ?? { text: '' });
      return words.startsWith(stateIcon(state))
        ? []
        : [`${id} is ${state}, and its message says ${words.slice(0, 80)}`];
    });
}

function nothingDoubled({ messages }: Seen): string[] {
  const seen = new Set<string>();
  return messages.flatMap((message) => {
    const mark = partOf(message);
    if (!mark) return [];
    const name = `${mark.run} ${mark.part}`;
    if (seen.has(name)) return [`${name} stands there twice`];
    seen.add(name);
    return [];
  });
}

/** What became of each wish, for people who look why. */
export async function story(world: World, wishes: readonly Wish[], rounds: number): Promise<string> {
  const seen = await seenBy(world, wishes, { rounds, asOf: new Date() });
  return wishes
    .map((wish) => {
      const became = runsFor(wish, seen).map(({ id, state, error }) => `${id} ${state} ${error?.message ?? ''}`);
      const answers = answersTo(wish, seen).map((text) => text.replaceAll('\n', ' ').slice(0, 150));
      return [`${wish.acked ? 'taken' : 'lost '} ${wish.how} ${wish.words}`, ...became, ...answers].join('\n      ');
    })
    .join('\n');
}
