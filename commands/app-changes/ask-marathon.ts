import type { CommandContext } from '../../src/bot/command.js';
import { Ticket } from '../../src/cluster/marathon/follow.js';
import { refusalOf } from '../../src/cluster/answer.js';
import { StarsError } from '../../src/errors.js';
import type { RunEvent } from '../../src/model/run.js';
import { poll } from '../../src/poll.js';

export type Asking = {
  title: string;
  app: string;
  /** The words of the command, so that it can be asked for again in another way. */
  words: string;
  /** Whether to wait first until nothing else changes the app. */
  queue: boolean;
  waitMs: number;
  /** Also when a run that this one resumes has asked. */
  anew?: boolean;
  change: () => Promise<Ticket>;
};

type Context = Pick<
  CommandContext<unknown>,
  'cluster' | 'environment' | 'runs' | 'step' | 'once' | 'note' | 'clock' | 'signal'
>;

export const LOCK_FLAGS = {
  force: { says: 'cancel the deployment that is in the way; what it has done so far stays as it is' },
  queue: { says: 'wait until the deployment that is in the way is over, then begin' },
};

const EVERY_MS = 2_000;
const LOOKED_AT = 30;

/** Sends a change of an app as one step. APP_LOCKED says who holds the app, and offers to wait. */
export async function askMarathon(asking: Asking, context: Context): Promise<Ticket> {
  if (asking.queue) await waitForTurn(asking, context);
  try {
    return await context.once(asking.title, asking.change, Ticket, { anew: asking.anew === true });
  } catch (error) {
    throw error instanceof StarsError && error.code === 'APP_LOCKED' ? await explained(error, asking, context) : error;
  }
}

async function waitForTurn({ app, waitMs }: Asking, { cluster, step, note, clock, signal }: Context): Promise<void> {
  const holders = async () => {
    const there = await cluster.marathon.definition(app, { signal });
    return (there?.['deployments'] as { id: string }[] | undefined) ?? [];
  };
  const first = await holders();
  if (first.length === 0) return;
  note(`Deployment ${first.map(({ id }) => id).join(', ')} holds ${app}: it comes first.`);
  const free = async () => ((await holders()).length === 0 ? true : undefined);
  const what = `The end of the deployment that holds ${app}`;
  await step(`Wait until nothing else changes ${app}`, () =>
    poll(free, { clock, everyMs: EVERY_MS, timeoutMs: waitMs, signal, what }),
  );
}

async function explained(told: StarsError, { words }: Asking, context: Context): Promise<StarsError> {
  const held = refusalOf(told)?.deployments ?? [];
  const by = await runThatBegan(held, context).catch(() => undefined);
  const who = by ?? 'It was begun outside of Stars, or long ago.';
  return new StarsError('APP_LOCKED', `${told.message} ${who}`, {
    hint: `Wait until it is over (--queue does), or use --force to cancel it (what it has done so far stays as it is).`,
    cause: told.cause,
    choices: [
      { words: `${words} --queue`, label: 'Wait, then do it', style: 'primary' },
      {
        words: `${words} --force`,
        label: 'Cancel the other',
        style: 'danger',
        asks: 'End the deployment that is in the way? What it has done so far stays as it is.',
      },
    ],
  });
}

/** A step that began one alone keeps its ticket; of a restore, which begins many, each step says its own. */
function began(event: RunEvent, deployment: string): boolean {
  if (event.type !== 'step.finished' || !event.ok) return false;
  return (
    Ticket.safeParse(event.result).data?.deploymentId === deployment || event.message === `deployment ${deployment}`
  );
}

/** Which run of Stars began one of these deployments, in a sentence. */
async function runThatBegan(ids: readonly string[], { runs, environment }: Context): Promise<string | undefined> {
  for (const run of await runs.list({ environment: environment.name, limit: LOOKED_AT })) {
    const events = await runs.events(run);
    if (events.some((event) => ids.some((id) => began(event, id))))
      return `It was begun by ${run.person.name} with “${run.text}” (run ${run.id}).`;
  }
  return undefined;
}
