import type { CommandContext } from '../../src/bot/command.js';
import { asStarsError, StarsError } from '../../src/errors.js';
import { hostState } from '../../src/provision/facts/host-state.js';
import { type Check, CHECKS, requireMajority } from './checks.js';
import { leaderLast } from './leader-last.js';
import type { HostServices } from './meant.js';
import type { Roll, RollOptions, UnderWay } from './roll-options.js';
import { type Found, type Tier, tiersOf, type Verb, type Visit } from './visits.js';
import { requireRunning, serviceTask, workOn } from './work.js';
import { inBatches, visitWorkers } from './workers.js';

const LOOK_TIMEOUT_MS = 30_000;

/**
 * Restarts, stops or starts services of hosts in the order in which they need each other, one host after another, each only when the one
 * before is back. The first failure ends it; the error says what was done and what was not.
 */
export async function rollServices(roll: Roll, context: CommandContext<unknown>): Promise<string> {
  const { verb, meant, options } = roll;
  const found = await context.step(
    `Look at the hosts of ${meant.name}`,
    () => look(meant, options, context),
    (hosts) => `${hosts.length} answer`,
  );
  const tiers = tiersOf(verb, meant, found);
  if (tiers.length === 0) return nothingToDo(roll, found);
  const done: string[] = [];
  const all = tiers.flatMap(({ visits }) => visits.map(nameOf));
  try {
    await visitTiers(tiers, { roll, found, done }, context);
  } catch (thrown) {
    throw cutShort(asStarsError(thrown), { done, left: all.filter((one) => !done.includes(one)) });
  }
  return `${PAST[verb]} ${wordsOf(tiers)}.`;
}

const PAST: Record<Verb, string> = { restart: 'Restarted', stop: 'Stopped', start: 'Started' };

async function look(
  meant: HostServices,
  { limit }: RollOptions,
  { environment, provision }: CommandContext<unknown>,
): Promise<Found[]> {
  const { hosts } = (await environment.inventory()).match(meant.hosts, limit);
  if (hosts.length === 0) {
    const within = limit === undefined ? 'in the inventory' : `within --limit ${limit}`;
    throw new StarsError('UNKNOWN_HOST_PATTERN', `No host of ${meant.name} is ${within}, so there is nothing to do.`);
  }
  const units = meant.services.flatMap((service) => service.units);
  // What restarts with another service has to be known as well.
  const fact = hostState([...new Set([...units, 'docker', 'mesos-slave', 'mesos-agent'])]);
  const answers = await provision.ask({ hosts, fact, timeoutMs: LOOK_TIMEOUT_MS });
  const silent = answers.flatMap((answer) => ('error' in answer ? [answer] : []));
  const [first] = silent;
  if (first) throw notAsked(first.error, { meant, silent: silent.map(({ host }) => host), all: answers.length });
  return answers.flatMap((answer) => ('told' in answer ? [{ host: answer.host, state: answer.told }] : []));
}

function notAsked(
  { message, hint }: StarsError,
  { meant, silent, all }: { meant: HostServices; silent: readonly string[]; all: number },
): StarsError {
  const who = silent.length === all ? 'No host can be asked' : 'Not every host can be asked';
  const others = silent.length > 1 ? ` Nor do ${silent.slice(1).join(', ')} answer.` : '';
  const leftOut = `${silent.join(', ')} can be left out: --limit '${meant.hosts}:!${silent.join(':!')}'`;
  return new StarsError('UNREACHABLE', `${who}, so nothing was touched: ${message}${others}`, {
    hint: silent.length === all ? hint : leftOut,
  });
}

async function visitTiers(tiers: readonly Tier[], underWay: UnderWay, context: CommandContext<unknown>): Promise<void> {
  const workers = tiers.filter(isOfWorkers);
  let workersDone = false;
  for (const tier of tiers) {
    if (!isOfWorkers(tier)) await visitOneByOne(tier, underWay, context);
    else if (!workersDone) {
      workersDone = true;
      await visitWorkers(workers, underWay, context);
    }
  }
}

/** An agent and the Docker below it belong together: what is done to one is felt by the other. */
function isOfWorkers({ service }: Tier): boolean {
  return service.name === 'mesos-agent' || service.name === 'docker';
}

async function visitOneByOne(
  { service, visits }: Tier,
  { roll, done }: UnderWay,
  context: CommandContext<unknown>,
): Promise<void> {
  const { verb, options } = roll;
  const entry = Object.entries(CHECKS).find(([name]) => name === service.name)?.[1];
  const check: Check | undefined = entry && context.cluster.has(entry.part) ? entry.check : undefined;
  if (!check && verb !== 'stop') context.note(uncheckable(service.title, entry !== undefined));
  const known = entry !== undefined;
  const batches = known
    ? (await leaderLast(visits, context)).map((visit) => [visit])
    : inBatches(visits, options.serial);
  for (const batch of batches) {
    const title = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${batch[0]?.unit} on ${batch.map(({ host }) => host).join(', ')}`;
    await context.step(
      title,
      () => visit(batch, check),
      (words) => words,
    );
    done.push(...batch.map(nameOf));
  }

  async function visit(batch: readonly Visit[], checked: typeof check): Promise<string> {
    const hosts = batch.map(({ host }) => host);
    const units = [...new Set(batch.map(({ unit }) => unit))];
    const before = await checked?.living?.(context);
    if (before && !options.force && verb !== 'start')
      for (const { host, running } of batch) requireMajority(before, { host, title: service.title, running });
    for (const unit of units)
      await workOn(context, {
        name: `${verb} ${unit}`,
        hosts: batch.filter((one) => one.unit === unit).map(({ host }) => host),
        tasks: [serviceTask(verb, unit)],
        waitMs: options.waitMs,
      });
    if (verb === 'stop') return 'stopped';
    await requireRunning(context, { hosts, units });
    // While an ensemble starts, only with the last of it can it be whole.
    if (!checked || (verb === 'start' && visits.at(-1) !== batch.at(-1))) return 'it runs';
    const expected = before && before.living + batch.filter(({ running }) => !running).length;
    return checked.after({ timeoutMs: options.waitMs, expected }, context);
  }
}

function uncheckable(title: string, known: boolean): string {
  return known
    ? `environment.yml does not say where ${title} answers, so only its unit is looked at, not whether it serves.`
    : `Stars does not know how ${title} tells that it serves, so only its unit is looked at.`;
}

export function nameOf({ unit, host }: Pick<Visit, 'unit' | 'host'>): string {
  return `${unit} on ${host}`;
}

function wordsOf(tiers: readonly Tier[]): string {
  return tiers
    .map(({ visits }) => `${visits[0]?.unit} on ${visits.length === 1 ? visits[0]?.host : `${visits.length} hosts`}`)
    .join(', ');
}

function nothingToDo({ verb, meant }: Roll, found: readonly Found[]): string {
  const exists = found.some(({ state }) =>
    state.units.some(({ name }) => meant.services.some(({ units }) => units.includes(name))),
  );
  if (!exists)
    throw new StarsError(
      'USAGE',
      `None of ${found.length} hosts has ${meant.oneService ? meant.name : 'a service that Stars knows'}.`,
      {
        hint: '“status <host>” shows what a host has. Any unit can be named: unit:NAME.',
      },
    );
  if (verb === 'start') return `All of ${meant.name} runs already.`;
  return `Nothing of ${meant.name} runs or is meant to, so there was nothing to ${verb}.`;
}

function cutShort(error: StarsError, { done, left }: { done: readonly string[]; left: readonly string[] }): StarsError {
  const list = (names: readonly string[]) =>
    names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  const was = done.length === 0 ? 'Nothing was done before.' : `Done: ${list(done)}.`;
  return new StarsError(error.code, `${error.message} ${was} Not done: ${list(left)}.`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.choices ? { choices: error.choices } : {}),
    cause: error,
  });
}
