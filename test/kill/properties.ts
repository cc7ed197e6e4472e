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
import { channelOf, ENVIRONMENTS, STEPS_OF_A_RUN, type World } from './world.js';

/** What has to be true once everything has settled; `wrong` names each case in which it is not. */
export type Property = { name: string; wrong: string[] };

type Seen = { world: World; wishes: readonly Wish[]; runs: (Run & { key: string | null })[]; messages: FakeMessage[] };

/** `mayFail`: hosts or the store were away, for which runs may fail. */
export async function checkAll(
  world: World,
  wishes: readonly Wish[],
  { rounds, mayFail }: { rounds: number; mayFail: boolean },
): Promise<Property[]> {
  const seen = { world, wishes, runs: await runsOf(world), messages: messagesOf(world, rounds) };
  return [
    { name: 'what was acknowledged was done once or answered', wrong: doneOrAnswered(seen) },
    { name: 'a request made one run', wrong: oneRunEach(seen) },
    { name: 'each step ran once on each host', wrong: stepsOnce(seen) },
    { name: 'runs came one after the other on each host, with rising fences', wrong: oneAfterTheOther(seen) },
    { name: 'runs ended as they may', wrong: endedWell(seen, mayFail) },
    { name: 'events have no gaps and end with the end', wrong: await eventsWhole(seen) },
    { name: 'no lease is left', wrong: await leasesLeft(seen) },
    { name: 'the audit is whole', wrong: await auditWhole(seen) },
    { name: 'each run has one message that shows its end', wrong: oneMessageEach(seen) },
    { name: 'no answer in a thread is doubled', wrong: nothingDoubled(seen) },
  ];
}

/** What is under way in the store, or not shown in Slack yet. */
export async function underWay(world: World, rounds: number): Promise<string[]> {
  const requests = await world.database.selectFrom('inbox').select('key').where('settled_at', 'is', null).execute();
  const runs = await runsOf(world);
  return [
    ...requests.map(({ key }) => `nobody answers ${key}`),
    ...runs.filter(({ state }) => !hasEnded(state)).map(({ id, text, state }) => `${id} “${text}” stays ${state}`),
    ...oneMessageEach({ world, wishes: [], runs, messages: messagesOf(world, rounds) }),
  ];
}

async function runsOf({ database }: World): Promise<Seen['runs']> {
  const rows = await database.selectFrom('runs').selectAll().orderBy('requested_at').execute();
  return rows.map((row) => ({ ...toRun(row), key: row.request_key }));
}

function messagesOf({ sandbox: { slack } }: World, rounds: number): FakeMessage[] {
  return Array.from({ length: rounds }, (_, index) => slack.messages(channelOf(index + 1))).flat();
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
  return runs.filter((run) => run.person.id === person);
}

function doneOrAnswered(seen: Seen): string[] {
  const asked = seen.wishes.filter(({ acked, how }) => acked && how !== 'click');
  return asked
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

function stepsOnce({ world, wishes, runs }: Seen): string[] {
  const wrong: string[] = [];
  for (const environment of ENVIRONMENTS)
    for (const { host, marks } of world.marks(environment)) {
      const seen = new Set<string>();
      for (const { token, step, run } of marks) {
        const mark = `${token} ${step}`;
        if (seen.has(mark)) wrong.push(`${mark} came twice on ${host}, of ${run}`);
        seen.add(mark);
      }
      for (const { token, person } of wishes) {
        const run = runs.find((one) => one.person.id === person);
        if (!token || run?.environment !== environment || run.state !== 'succeeded') continue;
        const count = marks.filter((mark) => mark.token === token).length;
        if (count !== STEPS_OF_A_RUN) wrong.push(`${run.id} succeeded with ${count} steps of ${token} on ${host}`);
      }
    }
  return wrong;
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

function endedWell({ runs }: Seen, mayFail: boolean): string[] {
  return runs.flatMap(({ id, text, state, error }) => {
    if (!hasEnded(state)) return [`${id} “${text}” is ${state}`];
    if (state === 'interrupted' && !/in flight|nothing was done|died/i.test(error?.message ?? ''))
      return [`${id} was interrupted, and says only “${error?.message}”`];
    if (state === 'failed' && mayFail && EXPECTED_FAILURE.test(error?.message ?? '')) return [];
    return state === 'failed' || state === 'expired' ? [`${id} “${text}” ${state}: ${error?.message}`] : [];
  });
}

async function eventsWhole({ world: { database }, runs }: Seen): Promise<string[]> {
  const rows = await database.selectFrom('events').selectAll().orderBy('run_id').orderBy('seq').execute();
  const byRun = new Map<string, RunEvent[]>(runs.map(({ id }) => [id, []]));
  for (const event of rows.map(toEvent)) byRun.get(event.run)?.push(event);
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
  const rows = await database.selectFrom('leases').selectAll().where('environment', '!=', '').execute();
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

function oneMessageEach({ runs, messages }: Seen): string[] {
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
  const seen = { world, wishes, runs: await runsOf(world), messages: messagesOf(world, rounds) };
  return wishes
    .map((wish) => {
      const became = runsFor(wish, seen).map(({ id, state, error }) => `${id} ${state} ${error?.message ?? ''}`);
      const answers = answersTo(wish, seen).map((text) => text.replaceAll('\n', ' ').slice(0, 150));
      return [`${wish.acked ? 'taken' : 'lost '} ${wish.how} ${wish.words}`, ...became, ...answers].join('\n      ');
    })
    .join('\n');
}
