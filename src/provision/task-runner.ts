import type { Clock } from '../clock.js';
import type { Become, ExecResult } from '../connection/connection.js';
import { asStarsError, formatPosition, StarsError } from '../errors.js';
import { type Dict, Undefined, Unsafe, type Value } from '../jinja/value.js';
import type { TaskStatus } from '../model/run.js';
import { dropOmitted } from '../templating/omit.js';
import type { Templar } from '../templating/templar.js';
import { plain, protect } from '../templating/unsafe.js';
import { becomeOf } from './become.js';
import { type ControlCall, controlModules } from './control-modules.js';
import { unifiedDiff } from './diff.js';
import type { HostRun } from './host-run.js';
import { createLocalFiles } from './local-files.js';
import { loopItems } from './loop.js';
import type { Action, AnyModule, Fact, ModuleContext, Plan } from './module.js';
import { dictOf, type Include, isTrue, type ItemOutcome, messageOf, type TaskOutcome } from './task-result.js';
import type { Task } from './task.js';
import { type PlayRun, searchFolders, templarFor, type VariableWorld } from './variables.js';

export type RunnerOptions = {
  world: VariableWorld;
  modules: ReadonlyMap<string, AnyModule>;
  setupFact: Fact<Dict>;
  clock: Clock;
  signal: AbortSignal;
  /** Distinguishes the temporary names of this run on the hosts. */
  runId: string;
  decrypt(text: string, file: string): string;
};

export type TaskRunner = ReturnType<typeof createTaskRunner>;

type Once = { result: Dict; includes: Include[]; endHost: boolean; diff: string | undefined };

/** Runs one task on one host by Ansible's rules: loop, when, arguments, module, until, changed_when, failed_when, register. */
export function createTaskRunner(options: RunnerOptions) {
  const { world, modules, signal } = options;
  let temporaryNames = 0;

  async function run(task: Task, host: HostRun, play: PlayRun): Promise<TaskOutcome> {
    const templar = templarFor(world, play, host, task);
    try {
      const outcome = task.loop ? await runLoop(task, host, templar) : await runSingle(task, host, templar);
      return finish(task, host, templar, outcome);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      return failure(task, host, templar, asStarsError(thrown));
    }
  }

  async function runSingle(task: Task, host: HostRun, templar: Templar): Promise<Draft> {
    const once = await runItem(task, host, templar, new Map());
    return { ...once, items: [] };
  }

  async function runLoop(task: Task, host: HostRun, templar: Templar): Promise<Draft> {
    const items = itemsOf(task, templar);
    if (items === undefined) return { ...skippedResult(), items: [] };
    const name = String(task.loopControl?.get('loop_var') ?? 'item');
    const results: Value[] = [];
    const outcomes: ItemOutcome[] = [];
    const includes: Include[] = [];
    const diffs: string[] = [];
    for (const [index, item] of items.entries()) {
      const loopVars = loopVariables(task, name, item, index, items);
      const one = await runItem(task, host, templar.withVariables(loopVars), loopVars);
      one.result.set('ansible_loop_var', name);
      one.result.set(name, item);
      results.push(one.result);
      includes.push(...one.includes);
      if (one.diff) diffs.push(one.diff);
      outcomes.push({
        label: labelOf(task, templar, loopVars, item),
        status: statusOf(one.result),
        changed: isTrue(one.result.get('changed')),
        message: messageOf(one.result),
        diff: one.diff,
      });
      if (one.endHost) break;
    }
    return {
      result: loopResult(results),
      includes,
      endHost: false,
      diff: diffs.join('\n') || undefined,
      items: outcomes,
    };
  }

  /** The loop's items; undefined when the condition, which may not need the item, is false before the items can be known. */
  function itemsOf(task: Task, templar: Templar): Value[] | undefined {
    try {
      return loopItems(task.loop ?? { kind: 'loop', value: [] }, templar, task.where);
    } catch (error) {
      if (task.scope.when.length > 0 && !holds(task, templar)) return undefined;
      throw error;
    }
  }

  async function runItem(task: Task, host: HostRun, templar: Templar, loopVars: Dict): Promise<Once> {
    if (!holds(task, templar)) return skippedResult();
    const keyword = (name: string) => keywordOf(task, templar, name);
    const until = task.keywords.get('until');
    const retries = Number(until === undefined ? 0 : (keyword('retries') ?? 3));
    const delayMs = 1000 * Number(keyword('delay') ?? 5);
    for (let attempt = 1; ; attempt += 1) {
      const once = await attemptOnce(task, host, templar, loopVars);
      judge(task, templar, once.result);
      if (until === undefined) return once;
      once.result.set('attempts', attempt);
      if (withResult(task, templar, once.result).condition(until, task.where)) return once;
      if (attempt > retries) {
        once.result.set('failed', true);
        return once;
      }
      await options.clock.sleep(delayMs, signal);
    }
  }

  async function attemptOnce(task: Task, host: HostRun, templar: Templar, loopVars: Dict): Promise<Once> {
    const control = controlModules.get(task.module);
    const args = templatedArguments(task, templar);
    try {
      if (control) {
        const outcome = await control(controlCall(task, host, templar, args, loopVars));
        return {
          result: outcome.result,
          includes: outcome.includes ?? [],
          endHost: outcome.endHost ?? false,
          diff: undefined,
        };
      }
      return { ...(await runModule(task, host, templar, args)), includes: [], endHost: false };
    } catch (thrown) {
      const error = asStarsError(thrown);
      if (signal.aborted || isUnreachable(error)) throw error;
      return {
        result: dictOf({ failed: true, changed: false, msg: wordsOf(error) }),
        includes: [],
        endHost: false,
        diff: undefined,
      };
    }
  }

  function controlCall(task: Task, host: HostRun, templar: Templar, args: Dict, loopVars: Dict): ControlCall {
    const { decrypt, clock } = options;
    const { rawText, args: raw, where } = task;
    const folders = searchFolders('vars', task.scope.role, world.playbookFolder, where?.file);
    const gatherFacts = () => gather(host, becomeFor(task, templar));
    return { args, raw, rawText, templar, host, where, folders, decrypt, clock, signal, loopVars, gatherFacts };
  }

  async function gather(host: HostRun, become: Become | undefined): Promise<Dict> {
    const facts = await host.session.fact(options.setupFact, become, signal);
    for (const [name, value] of facts) host.facts.set(name, protect(value));
    host.facts.set('ansible_facts', protect(withoutPrefix(facts)));
    return facts;
  }

  async function runModule(
    task: Task,
    host: HostRun,
    templar: Templar,
    args: Dict,
  ): Promise<{ result: Dict; diff: string | undefined }> {
    const module = modules.get(task.module);
    if (!module) throw new StarsError('UNSUPPORTED', `The module ${task.module} is not one that Stars runs.`);
    const context = moduleContext(task, host, templar);
    const plan = await module.plan(validated(module, args) as never, context);
    const diff = context.diffMode || context.checkMode ? unifiedDiff(plan.diff) : undefined;
    if (plan.failed !== undefined)
      return { result: merged(plan.result, { failed: true, changed: false, msg: plan.failed }), diff };
    if (plan.skipped !== undefined)
      return { result: merged(plan.result, { skipped: true, changed: false, msg: plan.skipped }), diff };
    for (const [name, value] of plan.setFacts ?? []) host.facts.set(name, value);
    const changed = plan.changed ?? plan.actions.length > 0;
    if (context.checkMode || plan.actions.length === 0) {
      const end = context.checkMode ? undefined : plan.finish?.([]);
      return { result: merged(plan.result, { changed, failed: false }, end), diff };
    }
    return { result: await act(plan, changed, host, context), diff };
  }

  async function act(plan: Plan, changed: boolean, host: HostRun, context: ModuleContext): Promise<Dict> {
    const results: ExecResult[] = [];
    host.session.changed();
    for (const action of plan.actions) {
      const result = await perform(action, host, context);
      if (result) results.push(result);
      if (result && result.code !== 0) break;
    }
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

  async function perform(action: Action, host: HostRun, context: ModuleContext): Promise<ExecResult | undefined> {
    const connection = await host.session.connection();
    const { become } = context;
    if (action.kind === 'run') return connection.exec(action.command.text, { become, signal });
    await connection.upload(action.content, action.path, { become, signal });
    return undefined;
  }

  function moduleContext(task: Task, host: HostRun, templar: Templar): ModuleContext {
    const become = becomeFor(task, templar);
    const keyword = (name: string) => keywordOf(task, templar, name);
    const files = createLocalFiles((kind) =>
      searchFolders(kind, task.scope.role, world.playbookFolder, task.where?.file),
    );
    return {
      fact: (fact) => host.session.fact(fact, become, signal),
      variable: (name) => definedOnly(templar, name),
      renderFile: (text, file) => templar.renderTemplate(text, file),
      readLocal: files.read,
      listLocal: files.list,
      temporaryPath: (path) => {
        temporaryNames += 1;
        const folder = path === undefined ? '/tmp' : path.replace(/\/[^/]*$/, '') || '/';
        return `${folder === '/' ? '' : folder}/.stars-${options.runId}-${temporaryNames}`;
      },
      become,
      checkMode: isTrue(keyword('check_mode') ?? world.checkMode),
      diffMode: isTrue(keyword('diff') ?? world.diffMode),
      environment: environmentOf(task, templar),
      signal,
    };
  }

  function becomeFor(task: Task, templar: Templar): Become | undefined {
    return becomeOf(
      (name) => keywordOf(task, templar, name),
      (name) => definedOnly(templar, name),
    );
  }

  /** The facts a task will ask for first, found by planning it without answers; nothing when that needs what is not known yet. */
  async function foreseeFacts(
    task: Task,
    host: HostRun,
    play: PlayRun,
  ): Promise<{ script: string; become: Become | undefined }[]> {
    const module = modules.get(task.module);
    if (!module || task.loop || task.keywords.has('until')) return [];
    const asked: { script: string; become: Become | undefined }[] = [];
    try {
      const templar = templarFor(world, play, host, task);
      if (!holds(task, templar)) return [];
      const context = moduleContext(task, host, templar);
      const fact = <T>({ script }: Fact<T>): Promise<T> => {
        asked.push({ script, become: context.become });
        return Promise.reject(new StarsError('INTERNAL', 'This fact is not read yet.'));
      };
      await module.plan(validated(module, templatedArguments(task, templar)) as never, { ...context, fact });
    } catch {
      // Whatever is wrong shows again, with its place, when the task runs.
    }
    return asked.slice(0, 8);
  }

  return { run, foreseeFacts };
}

type Draft = Once & { items: ItemOutcome[] };

function skippedResult(): Once {
  return {
    result: dictOf({ changed: false, skipped: true, skip_reason: 'Conditional result was False' }),
    includes: [],
    endHost: false,
    diff: undefined,
  };
}

function holds(task: Task, templar: Templar): boolean {
  return task.scope.when.every((condition) => templar.condition(condition, task.where));
}

function templatedArguments(task: Task, templar: Templar): Dict {
  const args: Dict = new Map();
  const more = task.argsTemplate === undefined ? undefined : templar.template(task.argsTemplate, task.where);
  if (more instanceof Map) for (const [name, value] of more) args.set(name, value);
  const lazily = LAZY_ARGUMENTS[task.module];
  for (const [name, value] of task.args)
    if (!lazily?.has(String(name))) args.set(name, templar.template(value, task.where));
  if (task.rawText !== undefined && !controlModules.has(task.module)) readRawText(task.rawText, templar, task, args);
  const dropped = plain(dropOmitted(args));
  return dropped instanceof Map ? dropped : args;
}

/** Expressions, which the module evaluates itself. */
const LAZY_ARGUMENTS: Record<string, ReadonlySet<string>> = { assert: new Set(['that']) };

/** Free text of a module: `_raw_params`, or a lone `{{ dict }}` that holds all its arguments. */
function readRawText(text: string, templar: Templar, task: Task, args: Dict): void {
  const value = templar.template(text, task.where);
  if (!(value instanceof Map)) args.set('_raw_params', value);
  else for (const [name, inner] of value) if (!args.has(name)) args.set(name, inner);
}

function validated(module: AnyModule, args: Dict): unknown {
  const plain: Record<string, Value> = {};
  for (const [name, value] of args) {
    const known = String(name) === '_raw_params' && module.freeForm ? module.freeForm : String(name);
    plain[module.aliases?.[known] ?? known] = value;
  }
  const parsed = module.args.safeParse(plain);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': '),
  );
  throw new StarsError('PLAYBOOK', `${module.name}: ${problems.join('; ')}`, {
    hint: `docs/modules/${module.name}.md lists its arguments.`,
  });
}

function keywordOf(task: Task, templar: Templar, name: string): Value | undefined {
  const raw = task.keywords.get(name) ?? task.scope.keywords.get(name);
  return raw === undefined ? undefined : templar.template(raw, task.where);
}

function definedOnly(templar: Templar, name: string): Value | undefined {
  const value = templar.evaluate(name);
  return value === null || value instanceof Undefined ? undefined : value;
}

function environmentOf(task: Task, templar: Templar): ReadonlyMap<string, string> {
  const merged = new Map<string, string>();
  for (const raw of task.scope.environment) {
    const value = templar.template(raw, task.where);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part instanceof Map) for (const [name, inner] of part) merged.set(String(name), textOf(inner));
    }
  }
  return merged;
}

function textOf(value: Value): string {
  return value instanceof Unsafe ? value.text : String(value);
}

/** changed_when and failed_when see the result under its registered name. */
function judge(task: Task, templar: Templar, result: Dict): void {
  if (isTrue(result.get('skipped'))) return;
  const changedWhen = task.keywords.get('changed_when');
  const failedWhen = task.keywords.get('failed_when');
  if (changedWhen === undefined && failedWhen === undefined) return;
  const seeing = withResult(task, templar, result);
  if (changedWhen !== undefined) result.set('changed', seeing.condition(changedWhen, task.where));
  if (failedWhen !== undefined) {
    const failed = seeing.condition(failedWhen, task.where);
    result.set('failed', failed);
    result.set('failed_when_result', failed);
  }
}

function withResult(task: Task, templar: Templar, result: Dict): Templar {
  const name = task.keywords.get('register');
  return typeof name === 'string' ? templar.withVariables(new Map<string, Value>([[name, protect(result)]])) : templar;
}

function finish(
  task: Task,
  host: HostRun,
  templar: Templar,
  { result, includes, endHost, diff, items }: Draft,
): TaskOutcome {
  const register = task.keywords.get('register');
  if (typeof register === 'string') host.setFacts.set(register, protect(result));
  const hidden = isTrue(keywordOf(task, templar, 'no_log'));
  const ignored = statusOf(result) === 'failed' && isTrue(keywordOf(task, templar, 'ignore_errors'));
  const status: TaskStatus = ignored ? 'ignored' : statusOf(result);
  const quietLoop = items.length > 0 && status === 'ok';
  const message = hidden ? censored(status) : quietLoop ? undefined : (firstFailure(items) ?? messageOf(result));
  return {
    status,
    changed: isTrue(result.get('changed')),
    result,
    message,
    diff: hidden ? undefined : diff,
    items: hidden
      ? items.map((item) => ({ ...item, label: '(hidden)', message: censored(item.status), diff: undefined }))
      : items,
    includes: status === 'failed' ? [] : includes,
    endHost,
  };
}

function censored(status: TaskStatus): string | undefined {
  return status === 'failed' || status === 'ignored'
    ? 'The output is hidden because no_log is set on this task.'
    : undefined;
}

function firstFailure(items: readonly ItemOutcome[]): string | undefined {
  const bad = items.filter(({ status }) => status === 'failed');
  const [first] = bad;
  return first && `${bad.length} of ${items.length} items failed; ${first.label}: ${first.message ?? ''}`;
}

function failure(task: Task, host: HostRun, templar: Templar, error: StarsError): TaskOutcome {
  const unreachable = isUnreachable(error);
  const result = dictOf({ failed: !unreachable, unreachable, changed: false, msg: wordsOf(error) });
  if (!unreachable) {
    const where = error.where ?? task.where;
    const placed = where && !error.where ? `${formatPosition(where)}: ` : '';
    result.set('msg', `${placed}${wordsOf(error)}`);
    return finish(task, host, templar, { result, includes: [], endHost: false, diff: undefined, items: [] });
  }
  return {
    status: 'unreachable',
    changed: false,
    result,
    message: wordsOf(error),
    diff: undefined,
    items: [],
    includes: [],
    endHost: false,
  };
}

function wordsOf(error: StarsError): string {
  return error.describe();
}

function isUnreachable({ code }: StarsError): boolean {
  return code === 'UNREACHABLE' || code === 'HOST_KEY' || code === 'AUTHENTICATION';
}

function statusOf(result: Dict): TaskStatus {
  if (isTrue(result.get('failed'))) return 'failed';
  return isTrue(result.get('skipped')) ? 'skipped' : 'ok';
}

function loopVariables(
  task: Task,
  name: string,
  item: Value,
  index: number,
  items: readonly Value[],
): Map<string, Value> {
  const variables = new Map<string, Value>([[name, item]]);
  const indexName = task.loopControl?.get('index_var');
  if (typeof indexName === 'string') variables.set(indexName, index);
  if (isTrue(task.loopControl?.get('extended'))) {
    variables.set(
      'ansible_loop',
      dictOf({
        index: index + 1,
        index0: index,
        first: index === 0,
        last: index === items.length - 1,
        length: items.length,
        revindex: items.length - index,
        revindex0: items.length - index - 1,
        allitems: [...items],
      }),
    );
  }
  return variables;
}

function labelOf(task: Task, templar: Templar, loopVars: Dict, item: Value): string {
  const label = task.loopControl?.get('label');
  const shown =
    label === undefined ? item : templar.withVariables(loopVars as Map<string, Value>).template(label, task.where);
  const text =
    typeof shown === 'string'
      ? shown
      : String(templar.withVariables(new Map([['it', shown]])).template('{{ it | string }}'));
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** Ansible's result of a loop: changed if one item changed, failed if one failed, skipped if all were. */
function loopResult(results: Value[]): Dict {
  const any = (name: string) => results.some((one) => one instanceof Map && isTrue(one.get(name)));
  const skipped = results.every((one) => one instanceof Map && isTrue(one.get('skipped')));
  const failed = any('failed');
  const result = dictOf({
    results,
    changed: any('changed'),
    failed,
    msg: failed ? 'One or more items failed' : skipped ? 'All items skipped' : 'All items completed',
  });
  if (skipped) result.set('skipped', true);
  return result;
}

function merged(first: Dict | undefined, second: Record<string, Value>, third?: Dict): Dict {
  return new Map<Value, Value>([...(first ?? []), ...Object.entries(second), ...(third ?? [])]);
}

function withoutPrefix(facts: Dict): Dict {
  return new Map([...facts].map(([name, value]) => [String(name).replace(/^ansible_/, ''), value]));
}
