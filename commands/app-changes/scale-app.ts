import { z } from 'zod';
import { momentOf } from '../../src/bot/moment.js';
import type { CommandContext } from '../../src/bot/command.js';
import { preFlightOfScale } from '../../src/cluster/pre-flight.js';
import { StarsError } from '../../src/errors.js';
import { utcWords } from '../../src/model/utc-words.js';
import { askMarathon } from './ask-marathon.js';
import { findApp } from './find-app.js';
import { followChange } from './follow-change.js';
import { requireRoom } from './restart-app.js';
import { tellStanding } from '../standing-timer.js';
import { counted } from '../../src/model/figures.js';

export type ScaleArgs = { instances: number; force: boolean; queue: boolean; yes: boolean; wait: number };

/** The app as it was, when it goes back, and to how many instances where that is not what it was: it was scaled for a time already. */
const Found = z.object({
  id: z.string(),
  instances: z.number(),
  until: z.string().optional(),
  goesBackTo: z.number().optional(),
});
export type Found = z.infer<typeof Found>;

/** Finds an app once: where it goes back to, and when, is what it was before the first try. */
export async function findOnce(
  name: string,
  until: string | undefined,
  context: CommandContext<unknown>,
): Promise<Found> {
  const { once, clock } = context;
  const found = async () => {
    const end = until === undefined ? undefined : momentOf(until, clock.now());
    const { id, instances } = await findApp(name, context);
    return { id, instances, until: end?.toISOString(), goesBackTo: await standing(id, until !== undefined, context) };
  };
  return once(`Find ${name} in Marathon`, found, Found);
}

/** How many instances a timer that stands already brings back; one that is not replaced now is told. */
async function standing(
  id: string,
  isReplaced: boolean,
  context: CommandContext<unknown>,
): Promise<number | undefined> {
  const { control, environment, clock } = context;
  const timers = await control.timers(environment.name);
  const timer = timers.find(({ subject }) => subject === subjectOf(id));
  if (!timer) return undefined;
  if (!isReplaced && new Date(timer.dueAt) > clock.now()) tellStanding(timer, context);
  const [, , instances] = timer.words.split(' ');
  return instances === undefined ? undefined : Number(instances);
}

function subjectOf(app: string): string {
  return `app:${app}`;
}

/** Sets how many instances of an app run, for good or until a moment, and waits until they do; the closing words. */
export async function scaleApp(app: Found, args: ScaleArgs, context: CommandContext<unknown>): Promise<string> {
  const { cluster, environment, clock, signal } = context;
  const { instances, wait, force } = args;
  const { id, until } = app;
  const words = `scale ${id} ${instances} ${environment.name}${until === undefined ? '' : ` until ${until}`}`;
  if (instances > app.instances)
    await requireRoom({ words, label: 'Scale all the same', yes: args.yes }, context, async () =>
      preFlightOfScale(cluster, await cluster.marathon.app(id, { signal }), instances, { signal, now: clock.now() }),
    );
  // Written first: what is done for a time must never stay because this process died in between.
  if (until !== undefined) await putOff(app, until, context);
  const ticket = await askMarathon(
    {
      title: `Ask Marathon for ${inWords(instances)} of ${id}`,
      app: id,
      words: args.yes ? `${words} --yes` : words,
      queue: args.queue,
      waitMs: wait,
      change: () => cluster.marathon.scale(id, instances, { force, signal }),
    },
    context,
  );
  const health = await followChange(ticket, wait, context);
  const done = `${id} has ${inWords(instances)}; it had ${app.instances}.`;
  const end = until === undefined ? '' : ` At ${utcWords(until)} it goes back.`;
  return instances === 0 ? `${done}${end}` : `${done} ${health.words}.${end}`;
}

async function putOff(
  { id, instances, goesBackTo = instances }: Found,
  until: string,
  { environment, later, clock }: CommandContext<unknown>,
): Promise<void> {
  const at = new Date(until);
  if (at <= clock.now())
    throw new StarsError('USAGE', `The time it was asked for was over at ${utcWords(until)}.`, {
      hint: 'Ask for it anew.',
    });
  await later({
    at,
    subject: subjectOf(id),
    words: `scale ${id} ${goesBackTo} ${environment.name}`,
    says: `${id} goes back to ${inWords(goesBackTo)} on ${environment.name}`,
  });
}

function inWords(instances: number): string {
  return counted(instances, 'instance');
}
