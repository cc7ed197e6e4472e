import type { CommandContext, Proposed } from '../../src/bot/command.js';
import { App } from '../../src/cluster/marathon/schema.js';
import { type Definition, normaliseApp } from '../../src/cluster/normalise.js';
import { preFlightOfRestart, preFlightOfScale } from '../../src/cluster/pre-flight.js';
import { newerWord } from '../../src/cluster/marathon/app-shape.js';
import { generationOf } from '../../src/cluster/marathon/generation.js';
import { StarsError } from '../../src/errors.js';
import type { Target } from '../../src/home/home.js';
import { askMarathon } from '../app-changes/ask-marathon.js';
import { followChange } from '../app-changes/follow-change.js';
import { requireRoom } from '../app-changes/restart-app.js';
import { inWords, isNeeded, type PlannedChange, planDefinitions } from './plan-definitions.js';
import { counted } from '../../src/model/figures.js';

export type DefinitionArgs = {
  target: string;
  check: boolean;
  diff: boolean;
  force: boolean;
  queue: boolean;
  yes: boolean;
  wait?: number | undefined;
};

const WAIT_MS = 600_000;

/** What deploying the apps or jobs of a file would do, for people to approve. */
export async function proposedDefinitions(target: Target, context: CommandContext<unknown>): Promise<Proposed> {
  const { changes, hash } = await planDefinitions(target, context);
  const needed = changes.filter(isNeeded);
  const where = `${target.name} on ${context.environment.name}`;
  if (needed.length === 0) return { done: `${where}: everything is as it should be, so nothing was asked of anybody.` };
  return { hash, text: [`${where}:`, ...needed.map((change) => `• ${inWords(change)}`)].join('\n') };
}

/** Brings the apps or jobs of a file to what it says, or tells what that would change; the closing words. */
export async function deployDefinitions(
  target: Target,
  args: DefinitionArgs,
  context: CommandContext<unknown>,
): Promise<string> {
  const { step, environment, approved } = context;
  const plan = await step(`Compare ${target.name} with what is live`, () => planDefinitions(target, context));
  if (approved && approved.hash !== plan.hash)
    throw new StarsError('PLAN_STALE', `${target.name} would change in another way by now than was approved.`, {
      hint: 'Nothing was done. Ask for it again and have that approved.',
    });
  // What a run that this one resumes asked for is live from then on, but may not be through.
  const needed = plan.changes.filter((change) => isNeeded(change) || askedBefore(change, context) !== undefined);
  const where = `${target.name} on ${environment.name}`;
  if (needed.length === 0) return `${where}: everything was as it should be already.`;
  const lines = needed.map((change) => `• ${inWords(change)}`);
  if (args.check) return [`${where}: this would change. Nothing was written.`, ...lines].join('\n');
  if (args.diff) for (const change of needed) context.note(inWords(change));
  const said: string[] = [];
  for (const change of needed) said.push(await applied(change, args, context));
  return [`${where}: ${counted(said.length, target.kind)} changed.`, ...said.map((words) => `• ${words}`)].join('\n');
}

/** The step in which a run that this one resumes asked Marathon for it. */
function askedBefore({ kind, name }: PlannedChange, { lastOnce }: CommandContext<unknown>): string | undefined {
  return kind === 'app' ? lastOnce(Object.values(titles(name))) : undefined;
}

function titles(app: string) {
  return { create: `Ask Marathon to create ${app}`, change: `Ask Marathon to change ${app}` };
}

function applied(change: PlannedChange, args: DefinitionArgs, context: CommandContext<unknown>): Promise<string> {
  return change.kind === 'job' ? appliedJob(change, context) : appliedApp(change, args, context);
}

async function appliedApp(
  change: PlannedChange,
  args: DefinitionArgs,
  context: CommandContext<unknown>,
): Promise<string> {
  const { cluster, environment, signal } = context;
  const { name, live, file } = change;
  const asked = isNeeded(change) ? undefined : askedBefore(change, context);
  const definition = { ...normaliseApp(change.definition), id: name };
  const words = `deploy ${args.target} ${environment.name}`;
  if (asked === undefined) {
    await requireTaken(definition, file, context);
    await requireRoomFor(change, definition, { words, yes: args.yes }, context);
  }
  const { force } = args;
  const ticket = await askMarathon(
    {
      title: asked ?? (live ? titles(name).change : titles(name).create),
      anew: asked === undefined,
      app: name,
      words: args.yes ? `${words} --yes` : words,
      queue: args.queue,
      waitMs: args.wait ?? WAIT_MS,
      change: () =>
        live
          ? cluster.marathon.replace(name, definition, { force, signal })
          : cluster.marathon.create(definition, { force, signal }),
    },
    context,
  );
  const health = await followChange(ticket, args.wait ?? WAIT_MS, context);
  return `${inWords(change)}; ${health.words}`;
}

/** What only later versions know would be passed over without a word. */
async function requireTaken(definition: Definition, file: string, { cluster, signal }: CommandContext<unknown>) {
  const info = await cluster.marathon.info({ signal }).catch(() => undefined);
  if (!info) return;
  const { hasNetworks, version } = generationOf(info);
  const word = newerWord(definition);
  if (hasNetworks || word === undefined) return;
  throw new StarsError('CONFIG', `${word} is known to Marathon from 1.5 on; this one is ${version}.`, {
    where: { file },
    hint: 'Write it as Marathon 1.4 does: container.docker.network and its portMappings, CLUSTER with a value.',
  });
}

async function requireRoomFor(
  { live }: PlannedChange,
  definition: Definition,
  { words, yes }: { words: string; yes: boolean },
  context: CommandContext<unknown>,
): Promise<void> {
  const { cluster, clock, signal } = context;
  const asking = { signal, now: clock.now() };
  const wanted = App.parse({ ...definition, tasks: [] });
  if (wanted.instances === 0) return;
  await requireRoom({ words, label: 'Deploy all the same', yes }, context, async () => {
    if (!live) return preFlightOfScale(cluster, wanted, wanted.instances, asking);
    return preFlightOfRestart(cluster, await cluster.marathon.app(wanted.id, { signal }), wanted, asking);
  });
}

async function appliedJob(change: PlannedChange, { cluster, step, signal }: CommandContext<unknown>): Promise<string> {
  const { name, live, definition } = change;
  // Counters, and when it ran last, belong to the job and not to its file.
  const kept = live ? Object.fromEntries(COUNTERS.map((key) => [key, live[key]])) : {};
  const title = live ? `Ask Chronos to change ${name}` : `Ask Chronos to create ${name}`;
  await step(title, () => cluster.chronos.put({ ...kept, ...withoutCounters(definition) }, { signal }));
  return inWords(change);
}

const COUNTERS = ['successCount', 'errorCount', 'errorsSinceLastSuccess', 'lastSuccess', 'lastError'];

function withoutCounters(definition: Definition): Definition {
  return Object.fromEntries(Object.entries(definition).filter(([name]) => !COUNTERS.includes(name)));
}
