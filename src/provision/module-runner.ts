import type { Clock } from '../clock.js';
import type { ExecResult } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Dict } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { protect } from '../templating/unsafe.js';
import { createActing, uploadsFirst } from './acting.js';
import type { Touched } from './answers.js';
import { moduleArguments } from './arguments.js';
import { type Ahead, askingAhead } from './asking-ahead.js';
import { asyncWish } from './async-wish.js';
import { type AsyncWish, createAsyncJobs } from './async-jobs.js';
import { becomeOf } from './become.js';
import { changeOf, type Watch } from './change.js';
import { unifiedDiff } from './diff.js';
import { addFacts, type HostRun } from './host-run.js';
import type { Question } from './joint-questions.js';
import { filteredFacts, GATHERING, setupArguments } from './facts/setup-arguments.js';
import { setupFactFor } from './facts/setup.js';
import { createLocalFiles } from './local-files.js';
import type { AnyModule, ModuleContext, Plan } from './module.js';
import type { Place } from './place.js';
import { actedResult, endResult, idleResult } from './plan-result.js';
import { defaultsOf, templatedArguments } from './task-arguments.js';
import { environmentOf, keywordOf, reachOf } from './task-keywords.js';
import { isTrue } from './task-result.js';
import type { TaskJournal } from './task-journal.js';
import { templateVariables } from './template-variables.js';
import type { Task } from './task.js';
import { nearConnectionVariables, type PlayRun, searchFolders, templarFor, type VariableWorld } from './variables.js';
import { pythonText } from './python-text.js';

export type ModuleRunnerOptions = {
  world: VariableWorld;
  modules: ReadonlyMap<string, AnyModule>;
  decrypt(text: string, file: string, encoding?: 'utf8' | 'latin1'): string;
  signal: AbortSignal;
  clock: Clock;
  /** Distinguishes the temporary names of this run on the hosts. */
  runId: string;
  journal: TaskJournal;
  /** Told of changes before they are made; it may forbid them. */
  watch?: Watch | undefined;
};

/** A task that acted on a host, and what it touched there, when that is known. */
export type Act = { host: HostRun; touched: Touched | undefined; units?: Plan['units'] };

/** What a task will ask of its host first, and whether it is certain to change something. */
export type Foreseen = { questions: Question[]; acts: boolean };

/** `resultIsSeen`: see the context of modules. */
export type RunOptions = { ahead: Ahead; resultIsSeen: boolean; beforeActing(): void };

export type ModuleRunner = ReturnType<typeof createModuleRunner>;

const ACTION_TIMEOUT_MS = 3_600_000;
const MOST_QUESTIONS = 8;
const DIFF_OF_VAULT = 'The difference is hidden: the file is a vault.';
/** What these start is the playbook's own and may detach itself; what others start, such as a service, is meant to stay. */
export const RUNS_PROGRAMS_OF_OTHERS: ReadonlySet<string> = new Set(['command', 'shell', 'script', 'raw']);
// Made once: an error takes long to make, and this one only ends a plan.
const NOT_READ_YET = new StarsError('INTERNAL', 'This fact is not read yet.');

/** Plans modules and performs their plans. */
export function createModuleRunner(options: ModuleRunnerOptions) {
  const { world, modules, decrypt, signal, clock, runId, journal, watch } = options;
  const jobs = createAsyncJobs({ clock, signal });
  const acting = createActing({ signal, temporaryPath });
  let temporaryNames = 0;
  const actions: Act[] = [];

  function placeFor(task: Task, host: HostRun, play: PlayRun, templar: Templar): Place {
    const doer = delegateOf(task, host, templar);
    const looking = doer === host ? templar : templarFor(world, play, doer, task);
    const variable = (name: string) => looking.variable(name);
    world.hidePasswords(looking);
    const said = nearConnectionVariables({ world, run: play, host: doer, task }, looking);
    return {
      host: doer,
      session: doer.session(reachOf(task, templar, said)),
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
  async function run(
    task: Task,
    templar: Templar,
    place: Place,
    how: RunOptions,
  ): Promise<{ result: Dict; diff: string | undefined }> {
    const module = modules.get(task.module);
    if (!module) throw new StarsError('UNSUPPORTED', `The module ${task.module} is not one that Stars runs.`);
    const temporary: string[] = [];
    let isOfVault = false;
    const onVault = () => (isOfVault = true);
    const own = contextFor(task, templar, place, { temporary, onVault, resultIsSeen: how.resultIsSeen });
    const { fact, asked } = askingAhead(own, place, how.ahead);
    const context = { ...own, fact };
    const args = templatedArguments(task, templar, { freeText: true });
    const plan = await planWith(module, args, context);
    const { hostName: host, checkMode } = context;
    how.beforeActing();
    const change = watch && changeOf({ task, args, plan, host, checkMode });
    if (change) watch?.(change);
    const shown = context.diffMode ? unifiedDiff(plan.diff) : undefined;
    const diff = shown !== undefined && isOfVault ? DIFF_OF_VAULT : shown;
    return { result: await resultOf(plan, place, { task, module, templar, context, temporary, asked: asked() }), diff };
  }

  async function resultOf(plan: Plan, place: Place, setting: Setting): Promise<Dict> {
    const wish = asyncWish(setting.task, setting.templar);
    return wish ? runAsJob(plan, place, wish, setting) : runNow(plan, place, setting);
  }

  /** What the job needs is uploaded first; then its commands are on their own. */
  async function runAsJob(plan: Plan, place: Place, wish: AsyncWish, { task, module }: Setting): Promise<Dict> {
    const idle = idleResult(plan);
    const [sent, left] = idle ? [[], []] : uploadsFirst(plan.actions);
    const action = journal.noteOf(task);
    if (sent.length + left.length > 0) await journal.stored(task);
    await acting.upload(sent, place, { action, timeoutMs: ACTION_TIMEOUT_MS, endDetached: false });
    if (left.length > 0) {
      actions.push({ host: place.host, touched: undefined });
      place.host.unitFiles.leave();
    }
    const resultOfAll = (results: ExecResult[]) => {
      if (plan.setFacts) addFacts(place.host, protectAll(plan.setFacts));
      return idle ?? endResult(plan, results, { module, checkMode: false });
    };
    return jobs.start({ actions: left, action, resultOf: resultOfAll }, place, wish);
  }

  async function runNow(plan: Plan, place: Place, setting: Setting): Promise<Dict> {
    const idle = idleResult(plan);
    if (idle) return idle;
    if (plan.setFacts) addFacts(place.host, protectAll(plan.setFacts));
    const { module, context } = setting;
    const { checkMode } = context;
    if (checkMode || plan.actions.length === 0) return endResult(plan, [], { module, checkMode });
    return actedResult(plan, await act(plan, place, setting), module);
  }

  async function act(plan: Plan, place: Place, { task, templar, temporary, asked }: Setting): Promise<ExecResult[]> {
    const seconds = Number(keywordOf(task, templar, 'timeout') ?? 0);
    const timeoutMs = seconds > 0 ? seconds * 1000 : ACTION_TIMEOUT_MS;
    const endDetached = RUNS_PROGRAMS_OF_OTHERS.has(task.module);
    const action = journal.noteOf(task);
    await journal.stored(task);
    const touched = place.session.bounds(plan.touches, place.become);
    // A module that acts without asking does so each time, which says nothing about the tasks after it.
    if (asked) place.session.differs(touched);
    actions.push({ host: place.host, touched, units: plan.units });
    place.host.forget(touched);
    const ended = place.host.unitFiles.begin(plan.units);
    let results: ExecResult[] = [];
    try {
      results = await acting.act(plan.actions, place, { action, timeoutMs, endDetached, temporary });
      return results;
    } finally {
      const succeeded = results.length > 0 && results.every(({ code }) => code === 0);
      ended(succeeded);
      // What others asked while this was going on may show it half done.
      place.host.forget(touched);
      if (succeeded && plan.makesFolder) touched?.becameFolder();
    }
  }

  function contextFor(
    task: Task,
    templar: Templar,
    { host, session, become, variable }: Place,
    {
      temporary = [],
      resultIsSeen,
      onVault = () => undefined,
    }: { temporary?: string[]; resultIsSeen: boolean; onVault?(): void },
  ): ModuleContext {
    const files = createLocalFiles({
      folders: (kind) => searchFolders(kind, task, world.playbookFolder),
      decrypt(text, file, encoding) {
        onVault();
        return decrypt(text, file, encoding);
      },
      onRead: world.onRead,
    });
    return {
      fact: (fact) => session.fact(fact, become, signal),
      variable,
      defaultsOf: (module) => defaultsOf(module, task, templar),
      renderFile: (text, file, names) =>
        ofItem(task, () => templar.renderTemplate(text, file, templateVariables(file, names, clock.now()))),
      readLocal: files.read,
      listLocal: files.list,
      temporaryPath(path) {
        const name = temporaryPath(path);
        temporary.push(name);
        return name;
      },
      hostName: pythonText(templar.variable('inventory_hostname') ?? ''),
      become,
      checkMode: isTrue(keywordOf(task, templar, 'check_mode') ?? world.checkMode),
      diffMode: isTrue(keywordOf(task, templar, 'diff') ?? world.diffMode),
      resultIsSeen,
      unitFilesAreRead: host.unitFiles.areRead(),
      environment: environmentOf(task, templar),
      signal,
    };
  }

  function temporaryPath(path?: string): string {
    temporaryNames += 1;
    const folder = path === undefined ? '/tmp' : path.replace(/\/[^/]*$/, '') || '/';
    return `${folder === '/' ? '' : folder}/.stars-${runId}-${temporaryNames}`;
  }

  /** Gathers what the arguments of `setup` ask for; the facts that pass its filter are the host's from now on. */
  async function gather({ host, session, become }: Place, args: Dict, ahead: Ahead): Promise<Dict> {
    const { options, filter } = setupArguments(args);
    const fact = setupFactFor(options);
    session.prefetch([{ script: fact.script, become }, ...(await ahead(session, []))], signal);
    const facts = filteredFacts(await session.fact(fact, become, signal), filter);
    addFacts(host, protectAll(facts));
    return facts;
  }

  /** The facts a task will ask for first, found by planning it without answers; nothing when that needs what is not known yet. */
  async function foresee(task: Task, templar: Templar, place: Place): Promise<Foreseen> {
    const questions: Question[] = [];
    const ask = ({ script, together, about }: Omit<Question, 'become'>) =>
      void questions.push({ script, together, about, become: place.become });
    try {
      if (GATHERING.has(task.module))
        ask(setupFactFor(setupArguments(templatedArguments(task, templar, { freeText: true })).options));
      const module = modules.get(task.module);
      if (!module) return { questions, acts: false };
      const context: ModuleContext = {
        ...contextFor(task, templar, place, { resultIsSeen: false }),
        fact: (fact) => {
          ask(fact);
          return Promise.reject(NOT_READ_YET);
        },
      };
      const plan = await planOf(module, { task, templar, context });
      return { questions, acts: plan.actions.length > 0 };
    } catch {
      // Whatever is wrong shows again, with its place, when the task runs.
      return { questions: questions.slice(0, MOST_QUESTIONS), acts: false };
    }
  }

  return {
    placeFor,
    delegateOf,
    run,
    gather,
    foresee,
    jobStatus: jobs.status,
    jobsLeft: jobs.left,
    actions: actions as readonly Act[],
  };
}

/** `temporary` are the names that the module asked for. */
type Setting = {
  task: Task;
  module: AnyModule;
  templar: Templar;
  context: ModuleContext;
  temporary: readonly string[];
  /** Whether the plan was made from answers of the host. */
  asked: boolean;
};

function planOf(
  module: AnyModule,
  { task, templar, context }: Pick<Setting, 'task' | 'templar' | 'context'>,
): Promise<Plan> {
  return planWith(module, templatedArguments(task, templar, { freeText: true }), context);
}

function planWith(module: AnyModule, args: Dict, context: ModuleContext): Promise<Plan> {
  const given = Object.fromEntries([...args].map(([name, value]) => [pythonText(name), value]));
  return module.plan(moduleArguments(module, given) as never, context);
}

function protectAll(facts: Dict): Dict {
  return new Map([...facts].map(([name, value]) => [name, protect(value)]));
}

/** A mistake in a file that a module templates is a failure of one item, and its loop goes on. */
function ofItem<T>({ loop }: Task, render: () => T): T {
  try {
    return render();
  } catch (thrown) {
    if (!loop || !(thrown instanceof StarsError)) throw thrown;
    const { message, hint, where, cause } = thrown;
    throw new StarsError('PLAYBOOK', message, { cause, ...(hint ? { hint } : {}), ...(where ? { where } : {}) });
  }
}
