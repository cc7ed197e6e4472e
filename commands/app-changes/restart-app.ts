import type { CommandContext } from '../../src/bot/command.js';
import { askFirst } from '../../src/bot/confirm.js';
import { PreFlight, preFlightOfRestart } from '../../src/cluster/pre-flight.js';
import type { App } from '../../src/cluster/marathon/schema.js';
import { StarsError } from '../../src/errors.js';
import { askMarathon } from './ask-marathon.js';
import { followChange } from './follow-change.js';

export type RestartArgs = { force: boolean; queue: boolean; yes: boolean; wait: number; task?: string | undefined };

/** Restarts an app and waits until its new tasks are healthy, in its closing words. */
export async function restartApp(app: App, args: RestartArgs, context: CommandContext<unknown>): Promise<string> {
  const { cluster, environment, clock, signal } = context;
  const { id } = app;
  if (app.instances === 0)
    throw new StarsError('USAGE', `${id} is suspended: it wants no tasks, so there is nothing to restart.`, {
      hint: `Start it: start ${id} ${environment.name}`,
    });
  if (args.task !== undefined) return restartTask(app, args.task, args.wait, context);
  const words = `restart ${id} ${environment.name}`;
  await requireRoom({ words, label: 'Restart all the same', yes: args.yes }, context, () =>
    preFlightOfRestart(cluster, app, app, { signal, now: clock.now() }),
  );
  const ticket = await askMarathon(
    {
      title: `Ask Marathon to restart ${id}`,
      app: id,
      words: args.yes ? `${words} --yes` : words,
      queue: args.queue,
      waitMs: args.wait,
      change: () => cluster.marathon.restart(id, { force: args.force, signal }),
    },
    context,
  );
  const health = await followChange(ticket, args.wait, context);
  return `Restarted ${id}: ${health.words}.`;
}

type Question = { words: string; label: string; yes: boolean };

/** Looks before anything is changed whether the new tasks have room; asks when they have not. */
export async function requireRoom(
  { words, label, yes }: Question,
  { once, note }: CommandContext<unknown>,
  look: () => Promise<PreFlight>,
): Promise<void> {
  // Once: when the run is resumed, its own new tasks take the room.
  const found = await once('Look whether there is room for the new tasks', look, PreFlight);
  if ('unknown' in found) note(`Whether there is room could not be found out: ${found.unknown}.`);
  else if (!found.fits && yes) note(`Going on although it may hang: ${found.says}`);
  else if (!found.fits) askFirst({ says: found.says, hint: found.hint, words, label });
}

/** Kills one task; Marathon starts another in its place. */
async function restartTask(app: App, name: string, waitMs: number, context: CommandContext<unknown>): Promise<string> {
  const { cluster, step, note, signal } = context;
  const [task, another] = app.tasks.filter(({ id }) => id === name || id.startsWith(name) || id.includes(`.${name}`));
  if (!task || another)
    throw new StarsError('USAGE', `${app.id} has ${task ? 'several tasks' : 'no task'} ${name}.`, {
      hint: `Its tasks: ${app.tasks
        .slice(0, 10)
        .map(({ id }) => id)
        .join(', ')}.`,
    });
  await step(`Kill ${task.id} on ${task.host ?? 'its host'}`, async () => {
    const { unknown } = await cluster.marathon.killTasks([task.id], { signal });
    if (unknown.length > 0) throw new StarsError('USAGE', `${task.id} was gone already: Marathon killed nothing.`);
  });
  const ticket = { app: app.id, deploymentId: undefined, version: app.version ?? '' };
  const onWaiting = ({ words }: { words: string }) => note(`Still waiting: ${words}.`);
  const health = await step('Check that another task takes its place', () =>
    cluster.marathon.requireHealthy(ticket, { timeoutMs: waitMs, signal, onWaiting }),
  );
  return `Restarted one task of ${app.id}: ${health.words}.`;
}
