import type { Clock } from '../../clock.js';
import type { Chronos } from '../../cluster/chronos/client.js';
import { differences } from '../../cluster/differences.js';
import type { Definition } from '../../cluster/normalise.js';
import type { Marathon } from '../../cluster/marathon/client.js';
import { asStarsError, StarsError } from '../../errors.js';
import { poll } from '../../poll.js';
import { allGroups, type Group } from '../contents.js';
import { readGroups } from './live.js';
import { type Item, nameOf, type Plan } from './plan.js';

export type Outcome = {
  done: Item[];
  failed: { item: Item; error: StarsError }[];
  /** Not begun, because of one that failed or because nobody answers any more. */
  left: Item[];
};

export type RestoreOptions = {
  plan: Plan;
  marathon: Marathon | undefined;
  chronos: Chronos | undefined;
  clock: Clock;
  force: boolean;
  /** How long one app or pod may take until it is healthy. */
  waitMs: number;
  /** Shows a piece of work, and what it came to in the words of `describe`; between pieces the restore can be cancelled. */
  step: <T>(title: string, action: () => Promise<T>, describe?: (result: T) => string) => Promise<T>;
  onWaiting?: ((waiting: { words: string }) => void) | undefined;
  signal: AbortSignal;
};

/** One that was sent, and how to see it through. */
type Sent = { item: Item } & Begun;

type Begun = {
  follow: (() => Promise<unknown>) | undefined;
  /** Of Marathon, when it told one. */
  deployment?: string | undefined;
};

// From 1.6 on Marathon refuses more than a hundred deployments at a time.
const AT_ONCE = 20;
const LOOK_EVERY_MS = 1_000;
const GONE_WITHIN_MS = 120_000;

/**
 * Does what a plan says, row by row: what others need is healthy before they are begun. One that fails keeps back only those that
 * need it. What is there already is not done again, so that a restore that was cut short can be asked for once more.
 */
export async function performRestore(options: RestoreOptions): Promise<Outcome> {
  const outcome: Outcome = { done: [], failed: [], left: [] };
  const work = createWork(options);
  for (const row of options.plan.rows) {
    const doing = row.filter(({ action, underWay }) => action !== 'refused' && (action !== 'unchanged' || underWay));
    if (doing.some(({ kind }) => kind === 'job')) await chronosAnswers(options);
    for (let at = 0; at < doing.length; at += AT_ONCE)
      await inOneGo(doing.slice(at, at + AT_ONCE), outcome, work, options);
  }
  return outcome;
}

/** Chronos may be an app that was restored a moment ago. Whether it answers in the end is for the jobs to find out. */
async function chronosAnswers({ chronos, clock, waitMs, step, signal }: RestoreOptions): Promise<void> {
  const answers = () => chronos?.leader({ signal }).then(() => true, orSilent);
  if (!chronos || (await answers())) return;
  const polling = { clock, everyMs: LOOK_EVERY_MS, timeoutMs: waitMs, signal, what: 'That Chronos answers' };
  await step('Wait until Chronos answers', () => poll(async () => answers(), polling)).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
}

function orSilent(error: unknown): undefined {
  if (error instanceof StarsError && error.code === 'API_UNREACHABLE') return undefined;
  throw error;
}

async function inOneGo(
  items: readonly Item[],
  outcome: Outcome,
  work: Work,
  { step, signal }: RestoreOptions,
): Promise<void> {
  const sent: Sent[] = [];
  for (const item of items) {
    if (isKeptBack(item, outcome)) outcome.left.push(item);
    else
      await attempt(item, async () => {
        sent.push({ item, ...(await step(titleOf(item), () => work.send(item), begunWords)) });
      });
  }
  for (const { item, follow } of sent)
    await attempt(item, async () => {
      if (follow) await step(`Wait until ${nameOf(item)} is healthy`, follow);
      await work.readBack(item);
      outcome.done.push(item);
    });

  async function attempt(item: Item, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (thrown) {
      const error = asStarsError(thrown);
      if (signal.aborted || error.code === 'CANCELLED') throw thrown;
      outcome.failed.push({ item, error });
    }
  }
}

/** Nobody answers any more, or something that it needs failed or was kept back itself. */
function isKeptBack({ kind, after }: Item, { failed, left }: Outcome): boolean {
  const bad = new Set([...failed.map(({ item }) => item.key), ...left.map(({ key }) => key)]);
  const silent = failed.filter(({ error }) => error.code === 'API_UNREACHABLE').map(({ item }) => item.kind === 'job');
  return after.some((key) => bad.has(key)) || silent.includes(kind === 'job');
}

type Work = ReturnType<typeof createWork>;

function createWork({ marathon, chronos, clock, force, waitMs, onWaiting, signal }: RestoreOptions) {
  const apps = () => marathon ?? missing('Marathon');
  const jobs = () => chronos ?? missing('Chronos');
  const changing = { force, signal };
  const following = { timeoutMs: waitMs, signal, onWaiting };

  /** Sends it; what comes back sees it through. */
  async function send(item: Item): Promise<Begun> {
    if (item.action === 'remove') return remove(item);
    switch (item.kind) {
      case 'group':
        return item.action === 'create' ? begun(await apps().createGroup(item.body, changing)) : NOTHING;
      case 'app':
        return sendApp(item);
      case 'pod':
        return sendPod(item);
      case 'job':
        if (item.action !== 'unchanged') await jobs().put(item.body, { signal });
        return NOTHING;
    }
  }

  async function sendApp({ id, action, body }: Item): Promise<Begun> {
    const ticket = action === 'unchanged' ? await ticketOf(id) : await sentApp(id, action, body);
    const follow = async () => {
      await apps().waitFor(ticket, following);
      if (body['instances'] !== 0) await apps().requireHealthy(ticket, following);
    };
    return { follow, deployment: action === 'unchanged' ? undefined : ticket.deploymentId };
  }

  function sentApp(id: string, action: Item['action'], body: Item['body']) {
    return action === 'create' ? apps().create(body, changing) : apps().replace(id, body, changing);
  }

  /** Of what somebody else has sent, or we ourselves before we were cut short. */
  async function ticketOf(id: string) {
    const { version = '', deployments } = await apps().app(id, { signal });
    return { app: id, deploymentId: deployments[0]?.id, version };
  }

  async function sendPod({ id, action, body }: Item): Promise<Begun> {
    if (action === 'create') await apps().createPod(body, changing);
    if (action === 'update') await apps().replacePod(id, body, changing);
    const stable = async () => {
      const { status } = await apps().podStatus(id, { signal });
      const busy = (await apps().deployments({ signal })).some(({ affectedPods }) => affectedPods.includes(id));
      return status === 'STABLE' && !busy ? true : undefined;
    };
    const follow = () =>
      poll(stable, { clock, everyMs: LOOK_EVERY_MS, timeoutMs: waitMs, signal, what: `That the pod ${id} is stable` });
    return { follow };
  }

  async function remove({ kind, id }: Item): Promise<Begun> {
    if (kind === 'job') {
      await jobs().remove(id, { signal });
      return NOTHING;
    }
    if (kind === 'group') return removeGroup(id);
    if (kind === 'app') return begun(await apps().remove(id, changing));
    await apps().removePod(id, changing);
    return NOTHING;
  }

  /** With a group Marathon removes all that is in it, and somebody may have put something there meanwhile. */
  async function removeGroup(id: string): Promise<Begun> {
    const group = await groupOf(id);
    if (!group) return NOTHING;
    if (group.apps.length + group.pods.length + group.groups.length > 0)
      throw new StarsError('BACKUP', `The group ${id} is not empty, so it stays.`);
    return begun(await apps().removeGroup(id, changing));
  }

  async function groupOf(id: string): Promise<Group | undefined> {
    return allGroups(await readGroups(apps(), signal)).find((group) => group.id === id);
  }

  /** Throws when what is there is not what was wanted. */
  async function readBack(item: Item): Promise<void> {
    if (item.action === 'remove') return requireGone(item);
    if (item.kind === 'group') return;
    const live = await look(item);
    const changes = live && differences(item.kind, item.body, live);
    if (changes?.length === 0) return;
    const words = changes
      ? `it was sent, but is kept otherwise (${changes.join(', ')})`
      : 'it was sent, but is not there';
    throw new StarsError('BACKUP', `${nameOf(item)}: ${words}.`);
  }

  function look({ kind, id }: Item): Promise<Definition | undefined> {
    if (kind === 'group') return groupOf(id);
    if (kind === 'app') return apps().definition(id, { signal });
    return kind === 'pod' ? apps().podDefinition(id, { signal }) : jobs().definition(id, { signal });
  }

  async function requireGone(item: Item): Promise<void> {
    const gone = async () => ((await look(item)) === undefined ? true : undefined);
    await poll(gone, {
      clock,
      everyMs: LOOK_EVERY_MS,
      timeoutMs: GONE_WITHIN_MS,
      signal,
      what: `That ${nameOf(item)} is gone`,
    });
  }

  return { send, readBack };
}

const NOTHING: Begun = { follow: undefined };

function begun({ deploymentId }: { deploymentId: string }): Begun {
  return { follow: undefined, deployment: deploymentId };
}

/** Whoever finds the deployment in their way can be told whose it is. */
function begunWords({ deployment }: Begun): string {
  return deployment ? `deployment ${deployment}` : '';
}

const VERBS = {
  create: 'Create',
  update: 'Change',
  remove: 'Remove',
  unchanged: 'Look at',
  refused: 'Leave',
} satisfies Record<Item['action'], string>;

function titleOf(item: Item): string {
  return `${VERBS[item.action]} ${nameOf(item)}`;
}

function missing(service: string): never {
  throw new StarsError('CONFIG', `The environment does not say where ${service} is.`);
}
