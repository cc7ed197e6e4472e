import type { Position } from '../../errors.js';
import type { Dict, Value } from '../../jinja/value.js';
import { LazyDict } from '../../jinja/lazy-dict.js';
import { looksLikeTemplate } from '../../templating/unsafe.js';
import { type Uses, usesOfExpression, usesOfText } from '../../templating/uses.js';
import { keyPosition } from '../../yaml/position.js';
import type { Crossings } from '../across-hosts.js';
import type { HostRun } from '../host-run.js';
import type { Play } from '../playbook.js';
import { pythonText } from '../python-text.js';
import { flatTasks, type Task } from '../task.js';
import { type PlayRun, rawVariables, type VariableWorld } from '../variables.js';
import { textsIn } from './texts.js';

type Reader = { task: Task; run: PlayRun; host: HostRun; crossings?: Crossings | undefined };

// What facts say, and what other hosts say, is only known during the run.
const KNOWN_LATER = /^(ansible_|hostvars$|vars$|item$)/;

/** Looks into the variables that tasks use, as far as their values are known before the run. */
export function createVariableSurvey(world: VariableWorld, plays: readonly Play[]) {
  const set = namesSetBy(plays);

  // Nearly all texts are in order and are met again and again.
  const clean = new Map<string, Uses>();

  /**
   * What is wrong with the value of a variable and with those that it uses; not sure where a task may set it before. `seen` holds
   * what was looked at for the same reader.
   */
  function* problemsOf(
    name: string,
    sure: boolean,
    reader: Reader,
    seen: Set<string>,
  ): Generator<Uses['problems'][number]> {
    const key = `${sure} ${name}`;
    if (seen.has(key) || KNOWN_LATER.test(name)) return;
    seen.add(key);
    const value = rawVariables(world, reader.run, reader.host, reader.task)(name);
    if (value === undefined || value instanceof LazyDict) return;
    const certain = sure && !set.has(name) && !set.has('*');
    for (const text of textsIn(value)) {
      const uses = usesOf(text, name, reader);
      reader.crossings?.uses(uses, reader.task);
      for (const { error, sure: surely } of uses.problems) yield { error, sure: certain && surely };
      for (const [other, use] of uses.variables) yield* problemsOf(other, certain && use.sure, reader, seen);
    }
  }

  function usesOf(text: string, name: string, reader: Reader): Uses {
    const known = clean.get(text);
    if (known) return known;
    const uses = usesOfText(text, placeOf(name, reader) ?? reader.task.where);
    if (uses.problems.length === 0) clean.set(text, uses);
    return uses;
  }

  /** Whether a condition rests on what the run itself finds out or sets. */
  function mayChange(condition: Value, where: Position | undefined): boolean {
    if (set.has('*')) return true;
    if (typeof condition !== 'string') return false;
    const uses = looksLikeTemplate(condition) ? usesOfText(condition, where) : usesOfExpression(condition, where);
    return [...uses.variables.keys()].some((name) => KNOWN_LATER.test(name) || set.has(name));
  }

  return { problemsOf, mayChange };
}

/** Names that tasks of the plays register or set; `*` when a file of variables is read while they run. */
function namesSetBy(plays: readonly Play[]): Set<string> {
  const names = new Set<string>();
  for (const { preTasks, tasks, postTasks, handlers } of plays) {
    for (const task of flatTasks([...preTasks, ...tasks, ...postTasks, ...handlers])) {
      const register = task.keywords.get('register');
      if (typeof register === 'string') names.add(register);
      if (task.module === 'set_fact') for (const name of task.args.keys()) names.add(pythonText(name));
      if (task.module === 'include_vars') names.add('*');
    }
  }
  return names;
}

/** Where the value that counts was written, as far as its file is remembered. */
function placeOf(name: string, { task, run }: Reader): Position | undefined {
  const { params, roleParams, vars, roleVars, roleDefaults } = task.scope;
  const roles = run.play.roles.toReversed();
  const dicts: Dict[] = [
    ...params.toReversed(),
    ...roleParams.toReversed(),
    ...vars.toReversed(),
    ...roleVars.toReversed(),
    ...roles.flatMap((role) => [role.vars, role.entryVars]),
    run.play.vars,
    ...roleDefaults.toReversed(),
    ...roles.map((role) => role.defaults),
  ];
  const dict = dicts.find((one) => one.has(name));
  return dict && keyPosition(dict, name);
}
