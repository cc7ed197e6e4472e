import type { CommandContext } from '../../src/bot/command.js';
import { registerDefinitionSecrets, withoutNamedSecrets } from '../../src/bot/definition-secrets.js';
import { lastWordsOf, type LastWords } from '../../src/cluster/failing-task.js';
import type { AppHealth } from '../../src/cluster/marathon/app-health.js';
import type { Ticket } from '../../src/cluster/marathon/follow.js';
import { type Choice, StarsError } from '../../src/errors.js';

export type Following = Pick<
  CommandContext<unknown>,
  'cluster' | 'environment' | 'home' | 'step' | 'note' | 'clock' | 'signal'
>;

// Once its deployment is over an app gets a moment, however little of its time is left.
const LEAST_MS = 10_000;

/**
 * Follows a change that Marathon accepted to healthy tasks. What goes wrong is told with the last words of the failing task and with
 * what may be done next.
 */
export async function followChange(ticket: Ticket, waitMs: number, context: Following): Promise<AppHealth> {
  const { cluster, home, step, note, clock, signal } = context;
  const endMs = clock.now().getTime() + waitMs;
  const onWaiting = ({ words }: { words: string }) => note(`Still waiting: ${words}.`);
  try {
    const ended = await step('Wait for the deployment', () =>
      cluster.marathon.waitFor(ticket, { timeoutMs: waitMs, signal, onWaiting }),
    );
    const timeoutMs = Math.max(LEAST_MS, endMs - clock.now().getTime());
    return await step('Check that the new tasks are healthy', () =>
      cluster.marathon.requireHealthy(ticket, { timeoutMs, signal, onWaiting, ended }),
    );
  } catch (error) {
    const [last, app] = await Promise.all([
      lastWordsOf(cluster, ticket, signal),
      cluster.marathon.definition(ticket.app, { signal }).catch(() => undefined),
    ]);
    if (app) registerDefinitionSecrets(app, home.redactor);
    if (last) note(quoted(last));
    throw error instanceof StarsError ? await withChoices(error, ticket, context) : error;
  }
}

async function withChoices(told: StarsError, { app, deploymentId }: Ticket, context: Following): Promise<StarsError> {
  if (told.code !== 'TIMEOUT' && told.code !== 'UNHEALTHY') return told;
  const { cluster, environment, signal } = context;
  const running = await cluster.marathon.deployments({ signal }).catch(() => []);
  const goesOn = running.find(({ id, affectedApps }) => id === deploymentId || affectedApps.includes(app));
  if (goesOn) return told.with({ choices: choicesWhile(goesOn.id, app, environment.name) });
  return told.with({ choices: [{ words: `rollback ${app} ${environment.name}`, label: 'Earlier versions' }] });
}

/** What may be done with a deployment that goes on for too long. */
function choicesWhile(id: string, app: string, environment: string): Choice[] {
  return [
    {
      words: `deployments revert ${id} ${environment}`,
      label: 'Roll back',
      style: 'danger',
      asks: `Take back what the deployment of ${app} did, by a new deployment?`,
    },
    {
      words: `deployments cancel ${id} ${environment}`,
      label: 'Cancel',
      asks: `End the deployment of ${app} where it stands? Old and new tasks stay mixed.`,
    },
    { words: `deployments wait ${id} ${environment}`, label: 'Wait', style: 'primary' },
  ];
}

/** What a task wrote last, less what sounds like a password. */
export function quoted({ taskId, host, stream, lines }: LastWords): string {
  return withoutNamedSecrets([`The last lines of ${stream} of ${taskId} on ${host}:`, ...lines].join('\n'));
}
