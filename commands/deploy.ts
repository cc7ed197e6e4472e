import { z } from 'zod';
import { type CommandContext, defineCommand, type Proposed } from '../src/bot/command.js';
import { YES_FLAG } from '../src/bot/confirm.js';
import {
  applyPlan,
  compareWithPlan,
  findPlan,
  makePlan,
  planOf,
  type PlanRequest,
  requireSameWords,
  type StoredPlan,
} from '../src/bot/plans.js';
import { decryptOf } from '../src/bot/provision-of.js';
import { recordedDeploy } from '../src/bot/recorded-deploy.js';
import type { ReadableRuns } from '../src/bot/readable-runs.js';
import { registerTypedSecrets } from '../src/bot/typed-secrets.js';
import { StarsError } from '../src/errors.js';
import type { Home } from '../src/home/home.js';
import type { RunEvent } from '../src/model/run.js';
import type { PlaybookRequest } from '../src/provision/provision.js';
import type { ProvisionResult } from '../src/provision/provision-result.js';
import { createVariablesReader } from '../src/provision/variables-reader.js';
import { LOCK_FLAGS } from './app-changes/ask-marathon.js';
import { deployDefinitions, proposedDefinitions } from './definitions/deploy-definitions.js';
import { deployResources, deploySubject, isDefinition, requireDeployable } from './deploy-subject.js';
import { TimeSpan } from './time-span.js';
import { waitFlag } from './wait-for-hosts.js';

const CommaList = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

const DeployArgs = z.strictObject({
  target: z.string(),
  check: z.boolean().default(false),
  diff: z.boolean().default(false),
  limit: z.string().optional(),
  tags: CommaList.default([]),
  skipTags: CommaList.default([]),
  startAt: z.string().optional(),
  serial: z
    .string()
    .regex(/^[1-9]\d*%?$/, 'must be a number of hosts or a percentage, such as 2 or 25%')
    .optional(),
  forks: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 9999')
    .transform(Number)
    .optional(),
  split: z
    .string()
    .regex(/^([2-9]|[1-9]\d)$/, 'must be a number of parts from 2 to 99')
    .transform(Number)
    .optional(),
  extraVars: z.array(z.string()).default([]),
  wait: TimeSpan.optional(),
  plan: z.string().optional(),
  /** The run that this one continues; nobody types it. */
  continues: z.string().optional(),
  /** The run that this one is a part of, with the hosts of `limit`; nobody types it. */
  partOf: z.string().optional(),
  force: z.boolean().default(false),
  queue: z.boolean().default(false),
  yes: z.boolean().default(false),
  /** Set when `extraVars` once came from a chat. */
  asData: z.boolean().default(false),
});

export type DeployArgs = z.infer<typeof DeployArgs>;

export const deploy = defineCommand({
  name: 'deploy',
  summary: 'Bring hosts to what a playbook or role of the stack says, or an app or job to its definition.',
  words: ['<target>'],
  environment: 'required',
  flags: {
    check: { says: 'Plan only: nothing is changed.' },
    diff: { says: 'Show what changes in files.' },
    limit: { takes: 'PATTERN', says: 'Only these hosts or groups.' },
    tags: { takes: 'a,b', says: 'Only tasks with one of these tags.' },
    'skip-tags': { takes: 'a,b', says: 'Without tasks that have one of these tags.' },
    'start-at': { takes: 'TASK', says: 'Leave out the tasks before the one of this name.' },
    plan: { takes: 'PLAN', says: 'Do what this plan says and nothing else: the run that made it, or its hash.' },
    serial: { takes: 'N', says: 'So many hosts (or percent) at a time.' },
    wait: waitFlag,
    forks: { takes: 'N', says: 'At most so many hosts at once.' },
    split: { takes: 'N', says: 'In so many parts of the hosts, each done by a process of Stars that is free.' },
    'extra-vars': { takes: 'KEY=VALUE', short: 'e', many: true, says: 'Set a variable.' },
    ...LOCK_FLAGS,
    ...YES_FLAG,
  },
  args: DeployArgs,
  permission: 'provision',
  subject: (asked) => deploySubject(asked),
  kind: 'run',
  examples: [
    'deploy workers staging',
    'deploy workers staging --check --diff',
    'deploy role:zookeeper production --limit masters',
    'deploy zeppelin production --check',
    'deploy job:reindex staging',
  ],

  async check({ args, home, text, trusted }) {
    const { target, extraVars, check, plan, split, serial } = args;
    if (check && plan !== undefined)
      throw new StarsError('USAGE', 'A plan is either made or applied: --check and --plan do not go together.');
    const found = await home.resolveTarget(target);
    if (isDefinition(found)) await requireDeployable(args, found);
    const readVariables = createVariablesReader({ decrypt: decryptOf(home), redactor: home.redactor });
    registerTypedSecrets({ extraVars, text, folder: home.stackFolder, trusted, readVariables }, home.redactor);
    if (split === undefined) return;
    if (serial !== undefined)
      throw new StarsError(
        'USAGE',
        '--serial counts hosts over all of them, so it does not go together with --split.',
        {
          hint: 'Leave one of them out.',
        },
      );
    if (home.redactor.redactValue(extraVars).some((shown, index) => shown !== extraVars[index]))
      throw new StarsError(
        'USAGE',
        '-e gives a secret, which is never written down, so no other process could do a part.',
        {
          hint: 'Put it into a vault, or leave --split out.',
        },
      );
  },

  cluster: async ({ args, home }) => isDefinition(await home.resolveTarget(args.target)),
  resources: ({ args, home }) => (args.check ? [] : deployResources(args.target, home)),
  comparesItself: true,
  propose: (context) => proposed(context.args, context),
  run: (context) => deployed(context.args, context),
});

/** What a deploy would do: its plan, whose diffs stand in the run's thread, or the plan that it was told. */
async function proposed(args: DeployArgs, context: CommandContext<unknown>): Promise<Proposed> {
  const found = await context.home.resolveTarget(args.target);
  if (isDefinition(found)) return proposedDefinitions(found, context);
  const what = `${args.target} on ${context.environment.name}`;
  if (args.plan !== undefined) {
    const { deploy: made, plan } = await findPlan(context.runs, args.plan);
    return { hash: plan.hash, text: `${what}: the plan ${plan.hash}, which the run ${made.run.id} made.` };
  }
  const request = await requestOf(args, context.home);
  if (args.split !== undefined) await context.provision.divide(request, args.split);
  const { result, plan } = await makePlan(request, context);
  const hosts = Object.entries(result.hosts);
  if (!plan)
    throw new StarsError('HOSTS_FAILED', `${what}: there is no plan to approve, since it failed on a host.`, {
      hint: 'The thread says where and why. Mend that and ask again.',
    });
  // Also commands, which check mode leaves out: nobody can say before what they change.
  const concerned = hosts.filter(([host]) => (plan.hosts[host] ?? []).length > 0);
  if (concerned.length === 0) return { done: `${what}: nothing would change, so nothing was asked of anybody.` };
  const lines = concerned.slice(0, MOST_LINES).map(([host, { changed }]) => `• ${host}: ${changesOf(changed)}`);
  const more = concerned.length > MOST_LINES ? [`… and ${concerned.length - MOST_LINES} more hosts`] : [];
  const changes = concerned.some(([, { changed }]) => changed > 0) ? 'would change' : 'would run commands';
  return {
    hash: plan.hash,
    text: [`${what}: ${ofHosts(concerned.length, hosts.length)} ${changes}.`, ...lines, ...more].join('\n'),
  };
}

function changesOf(count: number): string {
  if (count === 0) return 'commands, whose effect only shows when they run';
  return `${count} ${count === 1 ? 'change' : 'changes'}`;
}

const MOST_LINES = 15;

/** A deploy with these words, in its closing words. */
export async function deployed(args: DeployArgs, context: CommandContext<unknown>): Promise<string> {
  const { home, environment } = context;
  const found = await home.resolveTarget(args.target);
  if (isDefinition(found)) return deployDefinitions(found, args, context);
  const { target: name } = args;
  const { result, plan } = await perform(await requestOf(args, home), args, context);
  const hosts = Object.values(result.hosts);
  const changed = hosts.filter((recap) => recap.changed > 0).length;
  const done = hosts.filter((recap) => recap.failed === 0 && recap.unreachable === 0).length;
  const what = `${name} on ${environment.name}`;
  if (result.failed)
    return `${what}: ${ofHosts(done, hosts.length)} ${done === 1 ? 'is as it should be' : 'are as they should be'}.`;
  if (args.check)
    return [
      `${what}: ${changed === 0 ? 'nothing would change' : `${ofHosts(changed, hosts.length)} would change`}. Nothing was written.`,
      ...(plan ? [`Plan ${plan.hash}: \`apply ${context.run.id}\` does this and nothing else.`] : []),
    ].join('\n');
  if (hosts.length === 0) return `${what}: there was nothing to do on any host.`;
  const one = hosts.length === 1;
  if (changed === 0)
    return `${what}: ${one ? 'the one host was as it should be' : `all ${hosts.length} hosts were as they should be`} already.`;
  return `${what}: ${ofHosts(changed, hosts.length)} changed, ${one ? 'it is as it should be' : 'all are as they should be'}.`;
}

type Request = PlaybookRequest & PlanRequest;

/** What is run, in the words of playbooks. */
async function requestOf(args: DeployArgs, home: Home): Promise<Request> {
  const { target: name, limit, tags, skipTags, startAt, serial, forks, extraVars, check, diff, wait: waitMs } = args;
  const target = await playbookOrRole(name, home, limit);
  const words = { limit, tags, skipTags, startAt, serial, forks, extraVars, check, diff, waitMs };
  return { ...words, target, part: args.partOf !== undefined };
}

type Performed = { result: Pick<ProvisionResult, 'hosts' | 'failed'>; plan: StoredPlan | undefined };

/** Plans, applies a plan, or simply runs. */
async function perform(
  request: PlaybookRequest & PlanRequest,
  args: DeployArgs,
  context: CommandContext<unknown>,
): Promise<Performed> {
  const parts = args.split === undefined ? [] : await context.provision.divide(request, args.split);
  if (request.check) return makePlan(request, context);
  if (parts.length > 1) return { result: await inParts(parts, { request, args }, context), plan: undefined };
  if (args.partOf !== undefined)
    return { result: await performPart(args.partOf, { request, args }, context), plan: undefined };
  if (context.approved && args.plan === undefined)
    return { result: await applyApproved(request, context), plan: undefined };
  if (args.plan !== undefined)
    return { result: await applyPlan(request, await plannedFor(request, args, context), context), plan: undefined };
  const owed = await owedSince(args, context);
  return { result: await context.provision.run({ ...request, owed }), plan: undefined };
}

type Asked = { request: Request; args: DeployArgs };

/** Splits the run by its hosts, once it is sure that all of it is as it was planned. */
async function inParts(hosts: string[][], { request, args }: Asked, context: CommandContext<unknown>) {
  const plan = await planFor(context.run.id, { request, args }, context);
  if (plan) await compareWithPlan(request, plan, context);
  return context.inParts({
    hosts,
    asked: ({ split: _split, ...input }, own) => ({ ...input, limit: own.join(','), partOf: context.run.id }),
  });
}

/** The hosts of a part, as the whole was told and approved. */
async function performPart(whole: string, asked: Asked, context: CommandContext<unknown>) {
  const { request, args } = asked;
  const plan = await planFor(whole, asked, context);
  if (plan) return applyPlan(request, plan, context);
  return context.provision.run({ ...request, owed: await owedSince(args, context) });
}

/** The plan that a run was told, or that it made itself and people approved; undefined when it goes without. */
async function planFor(id: string, { request, args }: Asked, context: CommandContext<unknown>) {
  if (args.plan !== undefined) return plannedFor(request, args, context);
  const run = await context.runs.find(id);
  return run.proposal === undefined ? undefined : approvedPlan(await context.runs.events(run), run.proposal);
}

/** Does what this run itself has proposed and people have approved. */
async function applyApproved(request: Request, context: CommandContext<unknown>) {
  const events = await context.runs.events(await context.runs.find(context.run.id));
  return applyPlan(request, approvedPlan(events, context.approved), context);
}

function approvedPlan(events: readonly RunEvent[], approved: CommandContext<unknown>['approved']): StoredPlan {
  const plan = planOf(events);
  if (plan && plan.hash === approved?.hash) return plan;
  throw new StarsError('PLAN_STALE', 'The plan that was approved is not to be found.', {
    hint: 'Nothing was done. Ask for it again.',
  });
}

/** The plan of that name, when it was made for the same words. */
async function plannedFor(request: Request, args: DeployArgs, context: CommandContext<unknown>): Promise<StoredPlan> {
  const { deploy: made, plan } = await findPlan(context.runs, args.plan ?? '');
  const then = DeployArgs.parse(made.input);
  const target = await playbookOrRole(then.target, context.home, then.limit);
  // The hosts of a part are among those of the plan, which the whole has compared.
  const same = request.part ? { ...request, limit: then.limit, target } : request;
  requireSameWords(same, context.environment, { ...then, target, environment: made.environment });
  return plan;
}

/** What to run, found by its name in the stack. */
async function playbookOrRole(name: string, home: Home, hosts = 'all') {
  const { kind, path, name: role } = await home.resolveTarget(name);
  if (kind === 'playbook') return { playbook: path };
  if (kind === 'role') return { role, hosts };
  throw new StarsError('USAGE', `${name} is an ${kind}: no plan of hosts is made of it.`);
}

/** The handlers that are owed since the run that is continued. */
async function owedSince(
  { continues: continued, startAt }: { continues?: string | undefined; startAt?: string | undefined },
  { runs, note }: { runs: ReadableRuns; note: (message: string) => void },
) {
  if (continued === undefined) return [];
  const { owed } = await recordedDeploy(runs, continued);
  if (startAt !== undefined)
    note('Results that tasks registered before are not known any more; facts are gathered again.');
  if (owed.length > 0) note(`Handlers still owed: ${[...new Set(owed.map(({ handler }) => handler))].join(', ')}.`);
  return owed;
}

function ofHosts(number: number, all: number): string {
  return `${number} of ${all} ${all === 1 ? 'host' : 'hosts'}`;
}
