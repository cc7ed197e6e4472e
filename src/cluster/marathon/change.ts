import { z } from 'zod';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { poll } from '../../poll.js';
import { mayHaveHappened, noAnswerYet } from '../answer.js';
import type { Definition } from '../normalise.js';
import { isNewShape, isOldShape, toNewShape } from './app-shape.js';
import type { Asking } from './asking.js';
import type { Accepted } from './schema.js';

/** A change that Marathon accepted: the deployment to follow, and the version its app has once it is done. */
export const Ticket = z.object({
  app: z.string(),
  /** Unknown when Marathon's answer was lost and the deployment was over before anybody could look. */
  deploymentId: z.string().optional(),
  version: z.string(),
});
export type Ticket = z.infer<typeof Ticket>;

export type Change = {
  id: string;
  /** What the app holds once it is done, as far as the change says it. */
  sent?: Definition;
  asking: Asking;
  call: () => Promise<Accepted>;
};

export type ChangeNeeds = {
  /** An app with all its fields; undefined when there is none. */
  look: (id: string, options: Asking) => Promise<Definition | undefined>;
  clock: Clock;
};

const LOOK_EVERY_MS = 1_000;
// A change whose answer was lost to a time-out of Marathon's store (10 s) may still take place for a while.
const LOOK_FOR_MS = 15_000;

/**
 * Sends a change once. When nobody knows whether it took place, the app is looked at until the change shows; API_UNREACHABLE says when
 * it did not.
 */
export async function sendChange({ id, sent = {}, asking, call }: Change, needs: ChangeNeeds): Promise<Ticket> {
  const before = await needs.look(id, asking);
  try {
    const { deploymentId, version } = await call();
    // A change of nothing is accepted as well; the app then keeps its older version.
    const now = await needs.look(id, asking).catch(() => undefined);
    const kept = before && now && now['version'] === before['version'] ? versionOf(now) : undefined;
    return { app: id, deploymentId, version: kept ?? version };
  } catch (error) {
    if (!mayHaveHappened(error)) throw error;
    return found({ id, sent, before, asking, error }, needs);
  }
}

type Lost = {
  id: string;
  sent: Definition;
  before: Definition | undefined;
  asking: Asking;
  error: unknown;
};

async function found({ id, sent, before, asking, error }: Lost, { look, clock }: ChangeNeeds): Promise<Ticket> {
  const shows = async () => {
    const now = await look(id, asking).catch(noAnswerYet);
    const asPrinted = now && isNewShape(now) && isOldShape(sent) ? toNewShape(sent) : sent;
    return now && now['version'] !== before?.['version'] && holds(now, asPrinted) ? now : undefined;
  };
  try {
    const waiting = {
      clock,
      everyMs: LOOK_EVERY_MS,
      timeoutMs: LOOK_FOR_MS,
      signal: asking.signal,
      what: 'The change',
    };
    const now = await poll(shows, waiting);
    return { app: id, deploymentId: newDeployment(before, now), version: versionOf(now) ?? '' };
  } catch (thrown) {
    if (!(thrown instanceof StarsError) || thrown.code !== 'TIMEOUT') throw thrown;
    throw lost(error, id);
  }
}

function lost(error: unknown, id: string): unknown {
  if (!(error instanceof StarsError)) return error;
  return error.with({
    hint: `Stars looked for ${LOOK_FOR_MS / 1_000} s and saw no change of ${id}. Marathon may still carry it out late: look at the app before you ask again.`,
  });
}

/** Whether everything that was sent stands in what is there; what is there besides was filled in by Marathon. */
function holds(there: unknown, sent: unknown): boolean {
  if (sent === null || sent === undefined) return true;
  if (Array.isArray(sent))
    return Array.isArray(there) && sent.length === there.length && sent.every((one, at) => holds(there[at], one));
  if (typeof sent !== 'object') return there === sent;
  if (typeof there !== 'object' || there === null) return Object.keys(sent).length === 0;
  return Object.entries(sent).every(([key, value]) => REWRITTEN.has(key) || holds((there as Definition)[key], value));
}

// Marathon chooses a port for 0, makes ids absolute, and turns older spellings into newer ones.
const REWRITTEN: ReadonlySet<string> = new Set([
  'id',
  'dependencies',
  'uris',
  'ports',
  'port',
  'servicePort',
  'hostPort',
]);

function newDeployment(before: Definition | undefined, now: Definition): string | undefined {
  const old = new Set(deploymentsOf(before));
  return deploymentsOf(now).find((id) => !old.has(id));
}

function deploymentsOf(app: Definition | undefined): string[] {
  const list = app?.['deployments'];
  return Array.isArray(list) ? list.map(({ id }: { id: unknown }) => String(id)) : [];
}

function versionOf(app: Definition): string | undefined {
  return typeof app['version'] === 'string' ? app['version'] : undefined;
}
