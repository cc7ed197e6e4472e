import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { formatPosition, type Position, StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import { looksLikeTemplate } from '../../templating/unsafe.js';
import { requireLookup, type Uses, usesOfExpression, usesOfFile, usesOfText } from '../../templating/uses.js';
import type { Crossings } from '../across-hosts.js';
import { mistakesAsWritten } from '../argument-mistakes.js';
import { controlDefinitions } from '../control/index.js';
import type { HostRun } from '../host-run.js';
import { isFile } from '../../path-kind.js';
import type { AnyModule } from '../module.js';
import { askNobody } from '../outside-calls.js';
import type { Reports } from '../playbook-error.js';
import type { Play, PlaybookLoader } from '../playbook.js';
import { selectedByTags } from '../tags.js';
import type { Task, TaskNode } from '../task.js';
import { type PlayRun, searchFolders, templarFor, type VariableWorld } from '../variables.js';
import type { VarsFiles } from '../vars-files.js';
import type { Findings } from './findings.js';
import { includesOf } from './includes.js';
import { conditionsOf, expressionsOf, templatesOf } from './texts.js';
import { createVariableSurvey } from './variables.js';

export type SurveyOptions = {
  modules: ReadonlyMap<string, AnyModule>;
  world: VariableWorld;
  loader: PlaybookLoader;
  reports: Reports;
  findings: Findings;
  tags: readonly string[];
  skipTags: readonly string[];
  /** Told what tasks that are chosen say and read, for whoever asks what speaks of several hosts. */
  crossings?: Crossings | undefined;
};

type SurveyedPlay = { play: Play; names: readonly string[]; varsFiles: VarsFiles };

/** What surrounds a task: whether the run surely comes by it. */
type Place = { run: PlayRun; sure: boolean; depth: number };

const MOST_HOSTS = 20;
const DEEPEST = 20;
const MOST_FILES = 2_000;

/**
 * Looks at everything that the plays may evaluate, without evaluating it: filters, tests and lookups that there are none of, and
 * mistakes in templates, in tasks, in the templates that they name and in the task files that they include by a fixed name.
 *
 * Surely refused is what Ansible would fail on if the task ran. What stands in a branch of a template, in a file that is included
 * under a condition, or in a task that is not selected or whose condition is false already, is only remarked upon.
 */
export function surveyPlays(plays: readonly SurveyedPlay[], options: SurveyOptions): void {
  const { world, findings } = options;
  const seen = new Set<string>();
  const variables = createVariableSurvey(
    world,
    plays.map(({ play }) => play),
  );

  for (const { play, names, varsFiles } of plays) {
    world.enter(play.folder);
    const hosts = sampleOf(names, world);
    const place: Place = { run: { play, batch: hosts, all: hosts, varsFiles }, sure: names.length > 0, depth: 0 };
    for (const nodes of [play.preTasks, play.tasks, play.postTasks, play.handlers]) surveyNodes(nodes, place);
  }

  function surveyNodes(nodes: readonly TaskNode[], place: Place): void {
    for (const node of nodes) {
      if (node.kind === 'task') surveyTask(node, place);
      if (node.kind !== 'block') continue;
      surveyNodes(node.block, { ...place, sure: place.sure && node.rescue.length === 0 });
      surveyNodes(node.rescue, { ...place, sure: false });
      surveyNodes(node.always, place);
    }
  }

  function surveyTask(task: Task, place: Place): void {
    findings.count(task.where);
    const chosen = selectedByTags(task.scope.tags, options.tags, options.skipTags);
    const crossings = chosen ? options.crossings : undefined;
    crossings?.task(task);
    const problems = [...problemsOf(task, place, crossings)];
    // Conditions are only looked into when something depends on them.
    const fails = chosen && problems.length > 0 && !(forgiven(task) || heldBack(task, place));
    for (const { error, sure } of problems) findings.add(error, task.where, place.sure && fails && sure, fails && sure);
    surveyIncludes(task, { ...place, sure: place.sure && chosen });
  }

  function* problemsOf(
    task: Task,
    { run }: Place,
    crossings: Crossings | undefined,
  ): Generator<Uses['problems'][number]> {
    if (task.loop && task.loop.kind !== 'loop') yield* lookupOf(task.loop.kind, task.where);
    yield* argumentsOf(task);
    const readers = run.batch.map((host) => ({ reader: { task, run, host }, seen: new Set<string>() }));
    for (const uses of usesOf(task)) {
      yield* uses.problems;
      crossings?.uses(uses, task);
      for (const [name, { sure }] of uses.variables)
        for (const { reader, seen: looked } of readers)
          yield* variables.problemsOf(name, sure, { ...reader, crossings }, looked);
    }
  }

  function* argumentsOf(task: Task): Generator<Uses['problems'][number]> {
    const definition = options.modules.get(task.module) ?? controlDefinitions.get(task.module);
    if (!definition) return;
    for (const error of mistakesAsWritten(definition, task))
      yield { error: task.where ? error.with({ where: task.where }) : error, sure: true };
  }

  function* usesOf(task: Task): Generator<Uses> {
    for (const uses of usesOfTexts(task)) {
      yield uses;
      yield* usesOfFiles(task, uses.templates);
    }
    const src = task.module === 'template' ? task.args.get('src') : undefined;
    if (typeof src === 'string' && !looksLikeTemplate(src)) yield* usesOfFiles(task, [{ name: src, sure: true }]);
  }

  function* usesOfTexts(task: Task): Generator<Uses> {
    for (const text of expressionsOf(task))
      yield looksLikeTemplate(text) ? usesOfText(text, task.where) : usesOfExpression(text, task.where);
    for (const text of templatesOf(task)) yield usesOfText(text, task.where);
  }

  /** Of templates with fixed names, and of those that they include. */
  function* usesOfFiles(task: Task, templates: Uses['templates']): Generator<Uses> {
    const open = [...templates];
    const read = new Set<string>();
    const folders = open.length === 0 ? [] : searchFolders('templates', task, world.playbookFolder);
    for (let next = open.pop(); next !== undefined && read.size < DEEPEST; next = open.pop()) {
      const { name, sure } = next;
      const file = (isAbsolute(name) ? [name] : folders.map((folder) => resolve(folder, name))).find(isFile);
      if (file === undefined || read.has(file)) continue;
      read.add(file);
      const uses = sure
        ? usesOfFile(readFileSync(file, 'utf8'), file)
        : unsure(usesOfFile(readFileSync(file, 'utf8'), file));
      open.push(...uses.templates);
      yield uses;
    }
  }

  /** Whether one of the task's conditions is false on all hosts with what is known before the run. */
  function heldBack(task: Task, { run }: Place): boolean {
    return conditionsOf(task).some(
      (condition) =>
        !variables.mayChange(condition, task.where) && run.batch.every((host) => isFalse(condition, task, run, host)),
    );
  }

  function isFalse(condition: Value, task: Task, run: PlayRun, host: HostRun): boolean {
    try {
      return !templarFor(world, run, host, task, askNobody).condition(condition, task.where);
    } catch {
      // It takes what only the run will know.
      return false;
    }
  }

  function surveyIncludes(task: Task, place: Place): void {
    if (place.depth >= DEEPEST) return;
    for (const include of includesOf(task, place.run.play, options.loader)) {
      const key = `${place.run.play.where ? formatPosition(place.run.play.where) : ''} ${place.sure} ${include.key}`;
      if (seen.has(key) || seen.size >= MOST_FILES) continue;
      seen.add(key);
      const sure = place.sure && include.fixed && task.scope.when.length === 0 && task.loop === undefined;
      // What is wrong with such a file otherwise fails the host that includes it, as with Ansible, which can be rescued.
      const nodes = options.reports.during(
        (error, where) => findings.add(error, where, sure && error.code === 'UNSUPPORTED'),
        () => loaded(include.load, task, sure),
      );
      surveyNodes(nodes, { ...place, sure, depth: place.depth + 1 });
    }
  }

  function loaded(load: () => TaskNode[], task: Task, sure: boolean): TaskNode[] {
    try {
      return load();
    } catch (thrown) {
      if (!(thrown instanceof StarsError)) throw thrown;
      findings.add(thrown, task.where, sure && thrown.code === 'UNSUPPORTED');
      return [];
    }
  }
}

/** What a template needs that may never be read. */
function unsure({ problems, variables, templates, others }: Uses): Uses {
  const never = { sure: false };
  return {
    problems: problems.map((one) => ({ ...one, ...never })),
    variables: new Map([...variables.keys()].map((name) => [name, never])),
    templates: templates.map((one) => ({ ...one, ...never })),
    others,
  };
}

/** Whether the run may go on after a mistake in the task. */
function forgiven({ keywords, scope }: Task): boolean {
  const ignores = keywords.get('ignore_errors') ?? scope.keywords.get('ignore_errors') ?? false;
  return ignores !== false;
}

function* lookupOf(name: string, where: Position | undefined): Generator<Uses['problems'][number]> {
  try {
    requireLookup(name);
  } catch (thrown) {
    if (!(thrown instanceof StarsError)) throw thrown;
    yield { error: where ? thrown.with({ where }) : thrown, sure: true };
  }
}

/** Hosts that differ in their groups, and so in what their variables may say. */
function sampleOf(names: readonly string[], world: VariableWorld): HostRun[] {
  const kinds = new Map<string, string>();
  for (const name of names) {
    const kind = world.inventory.groupsOf(name).join(' ');
    if (!kinds.has(kind) && kinds.size < MOST_HOSTS) kinds.set(kind, name);
  }
  return [...kinds.values()].flatMap((name) => world.hostRun(name) ?? []);
}
