import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { askFirst } from '../src/bot/confirm.js';
import { diffFields } from '../src/cluster/diff.js';
import { App } from '../src/cluster/marathon/schema.js';
import { type Definition, normaliseApp } from '../src/cluster/normalise.js';
import { preFlightOfRestart } from '../src/cluster/pre-flight.js';
import { StarsError } from '../src/errors.js';
import { utcWords } from '../src/model/utc-words.js';
import { appResource } from './app-changes/app-resource.js';
import { findApp } from './app-changes/find-app.js';
import { askMarathon } from './app-changes/ask-marathon.js';
import { followChange } from './app-changes/follow-change.js';
import { requireRoom } from './app-changes/restart-app.js';
import { counted } from '../src/model/figures.js';
import { ChangeArgs, CHANGE_FLAGS } from './app-changes/change-args.js';

const SHOWN = 10;

const RollbackArgs = z.strictObject({
  app: z.string().min(1),
  version: z
    .string()
    .regex(/^(?:previous|\d{4}-[\d:.TZ-]*)$/, 'must be a version as “rollback <app>” shows it, or previous')
    .optional(),
  keepInstances: z.boolean().default(false),
  ...ChangeArgs,
});

export const rollback = defineCommand({
  name: 'rollback',
  summary: 'Bring an earlier version of an app back; without a version, show what there is and how it differs.',
  words: ['<app>', '[version]'],
  environment: 'required',
  flags: {
    ...CHANGE_FLAGS,
    'keep-instances': { says: 'keep as many instances as there are now, whatever the version had' },
  },
  args: RollbackArgs,
  permission: 'operate',
  reads: ({ args: { version } }) => version === undefined,
  cluster: true,
  kind: 'run',
  examples: ['rollback zeppelin production', 'rollback zeppelin previous production'],

  resources: ({ args: { app } }) => [appResource(app)],
  async subject({ args: { app }, cluster }) {
    const { id } = await (await cluster()).marathon.find(app);
    return { targets: [{ kind: 'app', name: id }] };
  },

  async run(context) {
    const { args, cluster, step, signal } = context;
    const app = await step(`Find ${args.app} in Marathon`, () => findApp(args.app, context));
    const versions = await cluster.marathon.versions(app.id, { signal });
    if (args.version === undefined) return listed(app, versions, context);
    return rolledBack(app, pick(args.version, app, versions), context);
  },
});

type Context = CommandContext<z.infer<typeof RollbackArgs>>;

/** The one version that is meant. */
function pick(text: string, app: App, versions: readonly string[]): string {
  const earlier = versions.filter((version) => version !== app.version);
  const found = text === 'previous' ? earlier.slice(0, 1) : earlier.filter((version) => version.startsWith(text));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (app.version !== undefined && text !== 'previous' && app.version.startsWith(text) && found.length === 0)
    throw new StarsError('USAGE', `${app.id} has the version ${app.version} already.`);
  throw new StarsError('USAGE', `${app.id} has ${found.length === 0 ? 'no' : 'several'} earlier versions ${text}.`, {
    hint: earlier.length === 0 ? 'Marathon keeps no other.' : `There are: ${earlier.slice(0, SHOWN).join(', ')}.`,
  });
}

async function listed(app: App, versions: readonly string[], { cluster, environment, signal }: Context) {
  const live = await cluster.marathon.definition(app.id, { signal });
  const shown = versions.slice(0, SHOWN);
  const lines: string[] = [];
  for (const version of shown) {
    if (version === app.version) lines.push(`• \`${version}\` is live, with ${counted(app.instances, 'instance')}`);
    else lines.push(lineOf(version, await cluster.marathon.version(app.id, version, { signal }), live));
  }
  const more = versions.length > SHOWN ? [`… and ${versions.length - SHOWN} older ones`] : [];
  if (versions.length < 2) return `${app.id} has only the version that is live.`;
  return [
    `Versions of ${app.id}, the newest first, and what each would change now:`,
    ...lines,
    ...more,
    `\`rollback ${app.id} <version> ${environment.name}\` brings one back.`,
  ].join('\n');
}

function lineOf(version: string, definition: Definition | undefined, live: Definition = {}): string {
  if (!definition) return `• \`${version}\` is not kept any more`;
  const changes = changesTo(live, definition);
  return `• \`${version}\` ${changes.length === 0 ? 'is the same' : changes.join(', ')}`;
}

/** What becomes otherwise, a phrase each, without secrets. */
function changesTo(live: Definition, definition: Definition): string[] {
  return diffFields(normaliseApp(live), normaliseApp(definition));
}

async function rolledBack(app: App, version: string, context: Context): Promise<string> {
  const { args, cluster, environment, step, note, clock, signal } = context;
  const then = await step(`Read version ${version}`, () => cluster.marathon.version(app.id, version, { signal }));
  const live = await cluster.marathon.definition(app.id, { signal });
  if (!then || !live)
    throw new StarsError('USAGE', `Marathon does not keep the version ${version} of ${app.id} any more.`);
  const instances = Number(then['instances'] ?? 1);
  const keeps = args.keepInstances || instances === app.instances;
  const definition = { ...normaliseApp(then), id: app.id, ...(keeps && { instances: app.instances }) };
  const changes = changesTo(live, definition);
  if (changes.length === 0) return `${app.id} is as it was at ${utcWords(version)} already.`;
  note(`Rolling back to ${version}: ${changes.join(', ')}.`);
  const words = `rollback ${app.id} ${version} ${environment.name}`;
  if (!keeps && !args.yes)
    askFirst({
      says: `That version of ${app.id} had ${counted(instances, 'instance')}; now it has ${app.instances}. Rolling back brings the old number back${instances === 0 ? ', which suspends the app' : ''}.`,
      hint: `To keep the ${app.instances} say --keep-instances.`,
      words,
      label: `Back to ${counted(instances, 'instance')}`,
      others: [
        { words: `${words} --keep-instances`, label: `Keep ${counted(app.instances, 'instance')}`, style: 'primary' },
      ],
    });
  if (instances > 0 || keeps)
    await requireRoom({ words, label: 'Roll back all the same', yes: args.yes }, context, () =>
      preFlightOfRestart(cluster, app, App.parse(definition), { signal, now: clock.now() }),
    );
  const ticket = await askMarathon(
    {
      title: `Ask Marathon for version ${version} of ${app.id}`,
      app: app.id,
      words: args.yes ? `${words} --yes` : words,
      queue: args.queue,
      waitMs: args.wait,
      change: () =>
        instances === app.instances || !keeps
          ? cluster.marathon.rollBack(app.id, version, { force: args.force, signal })
          : cluster.marathon.replace(app.id, definition, { force: args.force, signal }),
    },
    context,
  );
  const health = await followChange(ticket, args.wait, context);
  return `${app.id} is back at ${version} (${changes.join(', ')}): ${health.words}.`;
}
