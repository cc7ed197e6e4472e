import { createHash, createHmac } from 'node:crypto';
import { dirname, relative } from 'node:path';
import { StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { RunEvent } from '../model/run.js';
import { createPlanRecorder, type PlanRecorder, type Seal } from '../provision/approval.js';
import { changedFiles, inventoryFiles, sealFiles } from '../provision/file-seals.js';
import type { PlaybookRequest, Provision } from '../provision/provision.js';
import type { ProvisionResult } from '../provision/provision-result.js';
import type { CommandContext } from './command.js';
import type { ReadableRuns } from './readable-runs.js';
import { type RecordedDeploy, recordedDeploy } from './recorded-deploy.js';

export type StoredPlan = Omit<Extract<RunEvent, { type: 'plan.made' }>, 'run' | 'seq' | 'at' | 'type'>;

/** What a plan is made for: the words of a deploy that decide what it does. */
export type PlanRequest = Pick<PlaybookRequest, 'target' | 'limit' | 'tags' | 'skipTags' | 'startAt' | 'serial'> & {
  extraVars: readonly string[];
};

type Surroundings = Pick<CommandContext<unknown>, 'home' | 'environment' | 'provision' | 'emit' | 'step'>;

/** The plan that a run made; undefined when it made none. What may be done with it is for others to say. */
export function planOf(events: readonly RunEvent[]): StoredPlan | undefined {
  return events.find((event) => event.type === 'plan.made');
}

/** Runs in check mode, with diffs since a plan is there to be looked at, and records what would change, unless a host failed: the plan of it would be cut short. */
export async function makePlan(
  request: PlaybookRequest & PlanRequest,
  { home, environment, provision, emit }: Surroundings,
): Promise<{ result: ProvisionResult; plan: StoredPlan | undefined }> {
  const { seal, key } = sealOf(home);
  const recorder = createPlanRecorder(seal);
  const result = await provision.run({ ...request, check: true, diff: true, watch: recorder.watch });
  if (result.failed) return { result, plan: undefined };
  const contents = {
    hosts: recorder.changes(),
    files: sealFiles(result.files, seal),
    inventory: sealFiles(filesOfInventory(environment, home, request), seal),
    extraVars: seal(JSON.stringify(request.extraVars)),
  };
  const hash = createHash('sha256')
    .update(JSON.stringify([wordsOf(request, environment), contents]))
    .digest('hex')
    .slice(0, 16);
  const plan = { hash, key, ...contents };
  emit({ type: 'plan.made', ...plan });
  return { result, plan };
}

/** The recorded plan of a run's id, `last`, or a plan's hash. */
export async function findPlan(
  runs: ReadableRuns,
  name: string,
): Promise<{ deploy: RecordedDeploy; plan: StoredPlan }> {
  const deploy = await recordedDeploy(runs, name);
  const plan = planOf(deploy.events);
  if (plan) return { deploy, plan };
  const applied = deploy.input['plan'];
  if (typeof applied === 'string') throw appliedBefore(deploy, applied);
  throw new StarsError('USAGE', `The run ${deploy.run.id} made no plan: ${deploy.run.text}.`, {
    hint: 'A plan is what “plan”, or deploy with --check, makes when no host fails.',
  });
}

/** `apply last` just after an apply, which is a run of its own. */
function appliedBefore({ run, input, environment }: RecordedDeploy, applied: string): StarsError {
  return new StarsError('USAGE', `The run ${run.id} applied the plan of ${applied} and made none itself.`, {
    hint: `“plan ${String(input['target'])} ${environment}” makes a new one; “apply ${applied}” does that one again, should something be left.`,
  });
}

/**
 * Does what the plan says and nothing else: PLAN_STALE when files, inventory or variables are others by now; a host on which
 * something else would change is stopped before anything is done there.
 */
export async function applyPlan(
  request: PlaybookRequest & PlanRequest,
  plan: StoredPlan,
  { home, environment, provision, step }: Surroundings,
): Promise<ProvisionResult> {
  const { seal } = sealOf(home);
  await compareWithPlan(request, plan, { home, environment, step });
  const recorder = createPlanRecorder(seal);
  await step(
    'Look at the hosts once more',
    () => lookAgain(request, plan, { home, provision, recorder }),
    (words) => words,
  );
  // Diffs are what the comparison looks at.
  return provision.run({ ...request, diff: true, watch: recorder.guard(plan.hosts) });
}

/** PLAN_STALE when the plan was made by another Stars, or files, inventory or variables are others by now. */
export async function compareWithPlan(
  request: PlanRequest,
  plan: StoredPlan,
  { home, environment, step }: Pick<Surroundings, 'home' | 'environment' | 'step'>,
): Promise<void> {
  const { seal, key } = sealOf(home);
  if (key !== plan.key)
    throw new StarsError('PLAN_STALE', `The plan ${plan.hash} was sealed with another key.`, {
      hint: 'It was made by another Stars, or its data folder is a new one. Make a new plan.',
    });
  await step('Compare files, inventory and variables with the plan', async () => {
    requireSameInput(request, plan, { home, environment, seal });
  });
}

function requireSameInput(
  request: PlanRequest & Pick<PlaybookRequest, 'target'>,
  plan: StoredPlan,
  { home, environment, seal }: { home: Home; environment: Environment; seal: Seal },
): void {
  const changed = [
    ...changedFiles(plan.files, [], seal),
    ...changedFiles(plan.inventory, filesOfInventory(environment, home, request), seal),
  ];
  if (changed.length > 0)
    throw stale(
      plan,
      changed.map((file) => relative(home.folder, file)),
    );
  if (seal(JSON.stringify(request.extraVars)) !== plan.extraVars) throw stale(plan, ['what -e says']);
}

/** Finds the plan again, so that what differs now is known before anything is done; in one sentence what was found. */
async function lookAgain(
  request: PlaybookRequest,
  plan: StoredPlan,
  { home, provision, recorder }: { home: Home; provision: Provision; recorder: PlanRecorder },
): Promise<string> {
  const { files } = await provision.run({ ...request, check: true, diff: true, quiet: true, watch: recorder.watch });
  const more = files.filter((file) => !Object.hasOwn(plan.files, file));
  if (more.length > 0)
    throw stale(
      plan,
      more.map((file) => relative(home.folder, file)),
    );
  const drifted = [...recorder.beyond(plan.hosts).keys()].sort();
  if (drifted.length === 0) return 'as the plan saw them';
  return `no more as the plan saw them: ${drifted.slice(0, 5).join(', ')}${drifted.length > 5 ? ` and ${drifted.length - 5} more` : ''}`;
}

function stale({ hash }: StoredPlan, what: readonly string[]): StarsError {
  const shown = what.slice(0, 5).join(', ');
  const more = what.length > 5 ? ` and ${what.length - 5} more` : '';
  return new StarsError('PLAN_STALE', `The plan ${hash} is stale: since it was made, ${shown}${more} changed.`, {
    hint: 'Nothing was done. Make a new plan and look at it.',
  });
}

function sealOf({ planKey }: Home): { seal: Seal; key: string } {
  const secret = planKey();
  const seal: Seal = (text) => createHmac('sha256', secret).update(text).digest('hex');
  return { seal, key: seal('which key').slice(0, 8) };
}

function filesOfInventory(
  { inventorySources, folder, files }: Environment,
  home: Home,
  { target }: PlanRequest,
): string[] {
  const playbooks = 'playbook' in target ? dirname(target.playbook) : home.stackFolder;
  return [...inventoryFiles(inventorySources, [folder, playbooks]), files.environment];
}

/** What the same words always say, in one order. */
function wordsOf({ target, limit, tags, skipTags, startAt, serial }: PlanRequest, { name }: Environment): unknown {
  return [name, target, limit ?? '', tags ?? [], skipTags ?? [], startAt ?? '', serial ?? ''];
}

/** USAGE when a deploy asks for something else than its plan. */
export function requireSameWords(
  request: PlanRequest,
  environment: Environment,
  planned: PlanRequest & { environment: string },
): void {
  const [now, then] = [wordsOf(request, environment), wordsOf(planned, { ...environment, name: planned.environment })];
  if (JSON.stringify(now) === JSON.stringify(then)) return;
  throw new StarsError('USAGE', 'The plan was made for something else than this deploy.', {
    hint: 'Say the same target, environment, limit and tags, or “apply” the plan, which takes them from it.',
  });
}
