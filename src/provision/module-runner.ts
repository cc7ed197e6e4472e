import type { Become, ExecResult } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { protect } from '../templating/unsafe.js';
import { moduleArguments } from './arguments.js';
import { becomeOf } from './become.js';
import { unifiedDiff } from './diff.js';
import { addFacts, type HostRun } from './host-run.js';
import type { HostSession, Question } from './host-session.js';
import { createLocalFiles } from './local-files.js';
import type { Action, AnyModule, Fact, ModuleContext, Plan } from './module.js';
import { templatedArguments } from './task-arguments.js';
import { definedOnly, environmentOf, keywordOf, reachOf } from './task-keywords.js';
import { isTrue } from './task-result.js';
import type { Task } from './task.js';
import { type PlayRun, searchFolders, templarFor, type VariableWorld } from './variables.js';
import { pythonText } from './python-text.js';

export type ModuleRunnerOptions = {
  world: VariableWorld;
  modules: ReadonlyMap<string, AnyModule>;
  setupFact: Fact<Dict>;
  signal: AbortSignal;
  /** Distinguishes the temporary names of this run on the hosts. */
  runId: string;
};

/** Where a task acts: its own host, or the one it is delegated to. */
export type Place = {
  host: HostRun;
  session: HostSession;
  become: Become | undefined;
  variable(name: string): Value | undefined;
};

/** What a task will ask of its host first, and whether it is certain to change something. */
export type Foreseen = { questions: Question[]; acts: boolean };

export type ModuleRunner = ReturnType<typeof createModuleRunner>;

const ACTION_TIMEOUT_MS = 3_600_000;
const MOST_QUESTIONS = 8;

/** Plans modules and performs their plans. */
export function createModuleRunner({ world, modules, setupFact, signal, runId }: ModuleRunnerOptions) {
  let temporaryNames = 0;
  let actions = 0;

  function placeFor(task: Task, host: HostRun, play: PlayRun, templar: Templar): Place {
    const doer = delegateOf(task, host, templar);
    const looking = doer === host ? templar : templarFor(world, play, doer, task);
    const variable = (name: string) => definedOnly(looking, name);
    world.hidePasswords(looking);
    return {
      host: doer,
      session: doer.session(reachOf(task, templar)),
      become: becomeOf((name) => keywordOf(task, templar, name), variable),
      variable,
    };
  }

  function delegateOf(task: Task, host: HostRun, templar: Templar): HostRun {
    const to = keywordOf(task, templar, 'delegate_to');
    if (to === undefined || to === '' || to === host.name) return host;
    const other = world.hostRun(pythonText(to));
    if (other) return other;
    throw new StarsError(
      'PLAYBOOK',
      `delegate_to names ${pythonText(to)}, which is not a host of the inventory.`,
      task.where ? { where: task.where } : {},
    );
  }

  /** The registered result of a module and what it changed, as a diff. */
  async function run(task: Task, templar: Templar, place: Place): Promise<{ result: Dict; diff: string | undefined }> {
    const module = modules.get(task.module);
    if (!module) throw new StarsError('UNSUPPORTED', `The module ${task.module} is not one that Stars runs.`);
    const context = contextFor(task, templar, place);
    const plan = await planOf(module, { task, templar, context });
    const diff = context.diffMode || context.checkMode ? unifiedDiff(plan.diff) : undefined;
    return { result: await resultOf(plan, place, { task, templar, context }), diff };
  }

  async function resultOf(plan: Plan, place: Place, setting: Setting): Promise<Dict> {
    if (plan.failed !== undefined) return merged(plan.result, { failed: true, changed: false, msg: plan.failed });
    if (plan.skipped !== undefined) return merged(plan.result, { skipped: true, changed: false, msg: plan.skipped });
    if (plan.setFacts) addFacts(place.host, protectAll(plan.setFacts));
    const changed = plan.changed ?? plan.actions.length > 0;
    if (!setting.context.checkMode && plan.actions.length > 0) return act(plan, changed, place, setting);
    const end = setting.context.checkMode ? undefined : plan.finish?.([]);
    return merged(plan.result, { changed, failed: false }, end);
  }

  async function act(plan: Plan, changed: boolean, place: Place, { task, templar }: Setting): Promise<Dict> {
    const seconds = Number(keywordOf(task, templar, 'timeout') ?? 0);
    const timeoutMs = seconds > 0 ? seconds * 1000 : ACTION_TIMEOUT_MS;
    const results: ExecResult[] = [];
    actions += 1;
    place.host.forget();
    try {
      for (const action of plan.actions) {
        const result = await perform(action, place, timeoutMs);
        if (result) results.push(result);
        if (result && result.code !== 0) break;
      }
    } finally {
      // What others asked while this was going on may show it half done.
      place.host.forget();
    }
    return actedResult(plan, changed, results);
  }

  async function perform(action: Action, place: Place, timeoutMs: number): Promise<ExecResult | undefined> {
    const connection = await place.session.connection();
    const how = { become: place.become, signal, timeoutMs };
    if (action.kind === 'run') return connection.exec(action.command.text, how);
    await connection.upload(action.content, action.path, how);
    return undefined;
  }

  function contextFor(task: Task, templar: Templar, { session, become, variable }: Place): ModuleContext {
    const files = createLocalFiles((kind) =>
      searchFolders(kind, task.scope.role, world.playbookFolder, task.where?.file),
    );
    return {
      fact: (fact) => session.fact(fact, become, signal),
      variable,
      renderFile: (text, file) => templar.renderTemplate(text, file),
      readLocal: files.read,
      listLocal: files.list,
      temporaryPath,
      become,
      checkMode: isTrue(keywordOf(task, templar, 'check_mode') ?? world.checkMode),
      diffMode: isTrue(keywordOf(task, templar, 'diff') ?? world.diffMode),
      environment: environmentOf(task, templar),
      signal,
    };
  }

  function temporaryPath(path?: string): string {
    temporaryNames += 1;
    const folder = path === undefined ? '/tmp' : path.replace(/\/[^/]*$/, '') || '/';
    return `${folder === '/' ? '' : folder}/.stars-${runId}-${temporaryNames}`;
  }

  async function gather({ host, session, become }: Place): Promise<Dict> {
    const facts = await session.fact(setupFact, become, signal);
    addFacts(host, protectAll(facts));
    return facts;
  }

  /** The facts a task will ask for first, found by planning it without answers; nothing when that needs what is not known yet. */
  async function foresee(task: Task, templar: Templar, place: Place): Promise<Foreseen> {
    const questions: Question[] = [];
    const ask = ({ script }: { script: string }) => void questions.push({ script, become: place.become });
    if (task.module === 'setup' || task.module === 'gather_facts') ask(setupFact);
    const module = modules.get(task.module);
    if (!module) return { questions, acts: false };
    try {
      const context: ModuleContext = {
        ...contextFor(task, templar, place),
        fact: (fact) => {
          ask(fact);
          return Promise.reject(new StarsError('INTERNAL', 'This fact is not read yet.'));
        },
      };
      const plan = await planOf(module, { task, templar, context });
      return { questions, acts: plan.actions.length > 0 };
    } catch {
      // Whatever is wrong shows again, with its place, when the task runs.
      return { questions: questions.slice(0, MOST_QUESTIONS), acts: false };
    }
  }

  /** How many tasks acted on a host so far. */
  return { placeFor, run, gather, foresee, actions: () => actions };
}

type Setting = { task: Task; templar: Templar; context: ModuleContext };

function planOf(module: AnyModule, { task, templar, context }: Setting): Promise<Plan> {
  const args = templatedArguments(task, templar, { freeText: true });
  const given = Object.fromEntries([...args].map(([name, value]) => [pythonText(name), value]));
  return module.plan(moduleArguments(module, given) as never, context);
}

/** The registered result after acting: the module's own words about failure win over the exit code. */
function actedResult(plan: Plan, changed: boolean, results: ExecResult[]): Dict {
  const last = results.at(-1);
  const ended = plan.finish?.(results);
  const broken = last !== undefined && last.code !== 0;
  const failed = ended?.has('failed') ? isTrue(ended.get('failed')) : broken;
  const words: Record<string, Value> =
    broken && failed
      ? { msg: (last.stderr.trim() || last.stdout.trim() || `exit code ${last.code}`).slice(0, 4000), rc: last.code }
      : {};
  return merged(plan.result, { changed, failed, ...words }, ended);
}

function merged(first: Dict | undefined, second: Record<string, Value>, third?: Dict): Dict {
  return new Map<Value, Value>([...(first ?? []), ...Object.entries(second), ...(third ?? [])]);
}

function protectAll(facts: Dict): Dict {
  return new Map([...facts].map(([name, value]) => [name, protect(value)]));
}
