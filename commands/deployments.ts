import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import type { Subject } from '../src/bot/subject.js';
import type { Cluster } from '../src/cluster/cluster.js';
import { healthByTasks } from '../src/cluster/marathon/app-health.js';
import { explainWaiting } from '../src/cluster/marathon/waiting.js';
import type { Deployment } from '../src/cluster/marathon/schema.js';
import { StarsError } from '../src/errors.js';
import { utcWords } from '../src/model/utc-words.js';
import { followChange } from './app-changes/follow-change.js';
import { TimeSpan } from './time-span.js';
import { counted } from '../src/model/figures.js';

const SHOWN = 30;

export const deployments = defineCommand({
  name: 'deployments',
  summary: 'Show what Marathon is changing now; wait for a deployment, take it back, or end it where it stands.',
  words: ['[action]', '[deployment]'],
  environment: 'required',
  flags: { wait: { takes: 'TIME', says: 'how long to wait before giving up, 10m unless told' } },
  args: z.strictObject({
    action: z
      .enum(['list', 'wait', 'revert', 'cancel'], { error: 'must be list, wait, revert or cancel' })
      .default('list'),
    deployment: z.string().min(1).optional(),
    wait: TimeSpan.default(600_000),
  }),
  permission: 'operate',
  reads: ({ args: { action } }) => action === 'list' || action === 'wait',
  cluster: true,
  kind: 'run',
  examples: [
    'deployments production',
    'deployments wait 5ed4c0c5 production',
    'deployments revert 5ed4c0c5 production',
    'deployments cancel 5ed4c0c5 production',
  ],

  // It goes on beside the run that waits for this very deployment, but not where nothing may be changed.
  resources: ({ args: { deployment } }) => [`app:/deployment ${deployment ?? ''}`],
  async subject({ args, cluster }) {
    if (args.action === 'list') return {};
    return subjectOf(await find(await cluster(), args.deployment));
  },

  async run(context) {
    const { action, deployment: id } = context.args;
    if (action === 'list') return list(context);
    const found = await context.step(`Find ${id === undefined ? 'the deployment' : `deployment ${id}`}`, () =>
      find(context.cluster, id, context.signal),
    );
    if (action === 'cancel') return cancel(found, context);
    return action === 'revert' ? revert(found, context) : wait(found, context);
  },
});

type Context = CommandContext<{ wait: number }>;

function subjectOf({ affectedApps, affectedPods }: Deployment): Subject {
  return { targets: [...affectedApps, ...affectedPods].map((name) => ({ kind: 'app', name })) };
}

/** The running deployment whose id is or starts so. */
async function find({ marathon }: Cluster, id: string | undefined, signal?: AbortSignal): Promise<Deployment> {
  const running = await marathon.deployments({ signal });
  const found = id === undefined ? [] : running.filter((one) => one.id.startsWith(id));
  if (found.length === 1 && found[0]) return found[0];
  const all = running.map((one) => `${one.id} (${namesOf(one)})`).join(', ');
  const message =
    id === undefined
      ? 'Say which deployment.'
      : `Marathon has ${found.length === 0 ? 'no deployment' : 'several deployments'} ${id}${found.length === 0 ? ': it is over, or never was' : ''}.`;
  throw new StarsError('USAGE', message, { hint: all === '' ? 'None runs now.' : `Running: ${all}.` });
}

async function list({ cluster: { marathon }, environment, signal }: Context): Promise<string> {
  const [running, queue] = await Promise.all([marathon.deployments({ signal }), marathon.queue({ signal })]);
  if (running.length === 0) return `Marathon of ${environment.name} is changing nothing now.`;
  const lines = await Promise.all(
    running.slice(0, SHOWN).map(async (deployment) => {
      const [first] = deployment.affectedApps;
      const app = first === undefined ? undefined : await marathon.app(first, { signal }).catch(() => undefined);
      const waiting = app && explainWaiting({ app, queue, deployment });
      const health = app ? `; ${healthByTasks(app).words}` : '';
      return `• ${describe(deployment)}${health}${waiting ? `; waits: ${waiting.words}` : ''}`;
    }),
  );
  const more = running.length > SHOWN ? [`• and ${running.length - SHOWN} more`] : [];
  return [`${counted(running.length, 'deployment')} under way:`, ...lines, ...more].join('\n');
}

function describe({ id, version, currentStep, totalSteps, ...deployment }: Deployment): string {
  const since = version ? ` since ${utcWords(version)}` : '';
  return `\`${id}\` ${namesOf(deployment)}, step ${currentStep} of ${totalSteps}${since}`;
}

function namesOf({ affectedApps, affectedPods }: Pick<Deployment, 'affectedApps' | 'affectedPods'>): string {
  const names = [...affectedApps, ...affectedPods];
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
}

async function wait(deployment: Deployment, context: Context): Promise<string> {
  const said: string[] = [];
  for (const app of deployment.affectedApps) {
    const version = await versionOf(app, deployment, context);
    if (version === undefined) said.push(`${app} is gone.`);
    else {
      const health = await followChange({ app, deploymentId: deployment.id, version }, context.args.wait, context);
      said.push(`${app}: ${health.words}.`);
    }
  }
  return [`Deployment ${deployment.id} is over.`, ...said].join('\n');
}

/** The version of the app once it is done; an app that the deployment leaves as it is keeps its older one. */
async function versionOf(app: string, { version }: Deployment, { cluster, signal }: Context) {
  const now = await cluster.marathon.definition(app, { signal });
  const own = now?.['version'];
  return typeof own === 'string' ? own : now && version;
}

async function revert(deployment: Deployment, context: Context): Promise<string> {
  const { cluster, step, signal } = context;
  const back = await step(`Take deployment ${deployment.id} back`, () =>
    cluster.marathon.revertDeployment(deployment.id, { signal }),
  );
  const said = await wait({ ...deployment, id: back.deploymentId, version: back.version }, context);
  return `Took ${namesOf(deployment)} back to before deployment ${deployment.id}.\n${said}`;
}

async function cancel(deployment: Deployment, context: Context): Promise<string> {
  const { cluster, step, signal } = context;
  await step(`End deployment ${deployment.id} where it stands`, () =>
    cluster.marathon.abandonDeployment(deployment.id, { signal }),
  );
  const states = await Promise.all(
    deployment.affectedApps.map(async (id) => {
      const app = await cluster.marathon.app(id, { signal }).catch(() => undefined);
      return app
        ? `${id}: ${healthByTasks(app).words}, ${counted(app.tasks.length, 'task')} in all.`
        : `${id} is gone.`;
    }),
  );
  return [
    `Ended deployment ${deployment.id}. Nothing was taken back, and Marathon no longer works at it:`,
    ...states,
  ].join('\n');
}
