import { z } from 'zod';
import type { CommandContext } from '../src/bot/command.js';
import { askFirst } from '../src/bot/confirm.js';
import { describeSession } from '../src/cluster/services/livy.js';
import { StarsError } from '../src/errors.js';
import { waitUntil } from './host-services/wait-until.js';

/** A number that Livy gave. */
export const SessionId = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the number of a session or batch')
  .transform(Number);

type Context = Pick<CommandContext<unknown>, 'cluster' | 'environment' | 'step' | 'note' | 'clock' | 'signal'>;

const TIMEOUT_MS = 10_000;

/**
 * Waits until the service that an app is answers as such: a task may be healthy long before people can work. Undefined when the
 * environment names no service of the app's name.
 */
export async function requireService(app: string, timeoutMs: number, context: Context): Promise<string | undefined> {
  const { cluster, step, signal } = context;
  const name = app.slice(app.lastIndexOf('/') + 1);
  if (!cluster.has('services') || !cluster.services.names.includes(name)) return undefined;
  const look = async () => {
    const { state, reason } = await cluster.services.check(name, { signal, timeoutMs: TIMEOUT_MS });
    return state === 'up' || state === 'degraded' ? { reason } : reason;
  };
  const what = `An answer of ${cluster.services.urlOf(name)}`;
  const hint = `“status ${name}” and the log of its task say more.`;
  const { reason } = await step(
    `Wait until ${name} answers`,
    () => waitUntil(look, { what, hint, timeoutMs }, context),
    (found) => found.reason,
  );
  return reason;
}

/** Restarts an interpreter of Zeppelin. It asks first when people run something in notebooks now. */
export async function restartInterpreter(
  { service, interpreter, yes }: { service: string; interpreter: string; yes: boolean },
  context: Context,
): Promise<string> {
  const { cluster, environment, step, signal } = context;
  requireKind(service, 'zeppelin', '--interpreter');
  const zeppelin = cluster.services.of('zeppelin');
  const asking = { signal, timeoutMs: TIMEOUT_MS };
  const found = await step(`Find the interpreter ${interpreter}`, () => zeppelin.findInterpreter(interpreter, asking));
  const { paragraphs, looked, all } = await step('See what runs in notebooks', () => zeppelin.atWork(asking));
  if (!yes && (paragraphs.length > 0 || looked < all)) {
    const names = [...new Set(paragraphs.map(({ notebook }) => `“${notebook}”`))];
    const seen = looked < all ? ` Only ${looked} of ${all} notebooks were looked at.` : '';
    askFirst({
      says: `Restarting ${found.name} ends everybody’s work in it. At work now: ${names.slice(0, 5).join(', ') || 'nothing that was seen'}.${seen}`,
      hint: 'Ask those people first.',
      words: `restart ${service} ${environment.name} --interpreter ${interpreter}`,
      label: `Restart ${found.name}`,
    });
  }
  await step(`Restart ${found.name}`, () => zeppelin.restartInterpreter(found.id, { signal, timeoutMs: 60_000 }));
  const after = await step(`Look at ${found.name}`, () => zeppelin.findInterpreter(found.id, asking));
  if (after.status === 'ERROR')
    throw new StarsError('UNHEALTHY', `Zeppelin restarted ${found.name}, but says that it is in error.`, {
      hint: `Look at the log of its task: logs ${service} ${environment.name}`,
    });
  return `Restarted the interpreter ${found.name} of Zeppelin; what ran in it was ended.`;
}

/** Ends a session or batch of Livy, after asking. */
export async function stopSession(
  { service, kind, id, yes }: { service: string; kind: 'sessions' | 'batches'; id: number; yes: boolean },
  context: Context,
): Promise<string> {
  const { cluster, environment, step, signal } = context;
  const word = kind === 'sessions' ? 'session' : 'batch';
  requireKind(service, 'livy', `--${word}`);
  const livy = cluster.services.of('livy');
  const asking = { signal, timeoutMs: TIMEOUT_MS };
  const session = await step(`Find ${word} ${id}`, () => livy.find(kind, id, asking), describeSession);
  if (!yes)
    askFirst({
      says: `This ends ${describeSession(session)}, with all that runs in it.`,
      hint: session.owner === undefined ? 'Ask whose it is first.' : `Ask ${session.owner} first.`,
      words: `stop ${service} ${environment.name} --${word} ${id}`,
      label: `End ${word} ${id}`,
    });
  await step(`End ${word} ${id}`, () => livy.kill(session, asking));
  const look = async () => {
    const left = (await livy.sessions(asking)).some((one) => one.kind === kind && one.id === id);
    return left ? `${word} ${id} is still there` : true;
  };
  await waitUntil(look, { what: `The end of ${word} ${id}`, timeoutMs: 60_000 }, context);
  return `Ended ${word} ${id} of Livy.`;
}

function requireKind(service: string, kind: string, flag: string): void {
  if (service.replace(/^.*\//, '').toLowerCase() === kind) return;
  throw new StarsError('USAGE', `${flag} is for ${kind}, not for ${service}.`);
}
