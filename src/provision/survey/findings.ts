import { relative } from 'node:path';
import { formatPosition, type MissingName, type Position, StarsError } from '../../errors.js';

/** One thing that Stars does not run, with the tasks that it concerns. */
type Group = { error: StarsError; places: Set<string>; tasks: Set<string>; sure: boolean };

export type Findings = ReturnType<typeof createFindings>;

const MOST_GROUPS = 100;
const SHOWN_GROUPS = 40;
const SHOWN_PLACES = 3;

/**
 * Gathers what is wrong with a project while all of it is read; paths are shown from `folder` on. `originOf` names the file in
 * which the project itself defines what is missing.
 */
export function createFindings(folder: string, originOf: (missing: MissingName) => string | undefined) {
  const groups = new Map<string, Group>();
  const tasks = new Set<string>();
  const broken = new Set<string>();
  let left = 0;

  /**
   * `task` is where the task stands that the mistake keeps from running; `sure` is false for one that the run may never come by,
   * `breaks` for one that the task itself may never come by.
   */
  function add(given: StarsError, task: Position | undefined, sure: boolean, breaks = true): void {
    count(task);
    if (task && breaks) broken.add(formatPosition(task));
    const error = withOrigin(given);
    const key = `${sure} ${error.message}`;
    const group = groups.get(key) ?? { error, places: new Set(), tasks: new Set(), sure };
    if (!groups.has(key) && groups.size >= MOST_GROUPS) {
      left += 1;
      return;
    }
    groups.set(key, group);
    const place = error.where ?? task;
    if (place) group.places.add(shown(place));
    if (task) group.tasks.add(formatPosition(task));
  }

  function withOrigin(error: StarsError): StarsError {
    const file = error.missing && originOf(error.missing);
    if (file === undefined) return error;
    const hint = `The project defines it in Python, in ${relative(folder, file)}, which Stars cannot run; ansible-playbook does.`;
    return error.with({ hint });
  }

  /** A task that was read, whether it can be run or not. */
  function count(task: Position | undefined): void {
    if (task) tasks.add(formatPosition(task));
  }

  function shown(place: Position): string {
    const path = relative(folder, place.file);
    return formatPosition({ ...place, file: path.startsWith('..') ? place.file : path });
  }

  /** The refusal when there is something that the run would surely come by: one mistake as it is, several as a list. */
  function refusal(name: string): StarsError | undefined {
    const sure = [...groups.values()].filter((group) => group.sure);
    const [first] = sure;
    if (!first) return undefined;
    if (sure.length === 1 && first.places.size <= 1) return withCount(first);
    const unsupported = sure.every(({ error }) => error.code === 'UNSUPPORTED');
    const lines = sure.slice(0, SHOWN_GROUPS).flatMap(linesOf);
    const more = sure.length - SHOWN_GROUPS + left;
    return new StarsError(
      unsupported ? 'UNSUPPORTED' : 'PLAYBOOK',
      [`Stars cannot run ${name} as it is; ${summary()}:`, ...lines, ...(more > 0 ? [`• and ${more} more`] : [])].join(
        '\n',
      ),
      { hint: 'Nothing was touched. docs/ansible.md says what runs.' },
    );
  }

  function withCount({ error, tasks: concerned }: Group): StarsError {
    const { code, message, where, cause, hint } = error;
    if (tasks.size < 2 || concerned.size === 0) return error;
    const many = concerned.size === 1 ? '1 task' : `${concerned.size} tasks`;
    const counted = [hint, `It concerns ${many} of ${tasks.size}.`].filter((part) => part !== undefined).join(' ');
    return new StarsError(code, message, { hint: counted, cause, ...(where ? { where } : {}) });
  }

  /** `38 of 45 tasks can be run` */
  function summary(): string {
    const all = tasks.size;
    const able = all - broken.size;
    if (all === 0) return 'no task of it could be read';
    return `${able === all ? 'all' : `${able} of`} ${all} ${all === 1 ? 'task' : 'tasks'} can be run`;
  }

  /** A line each about what the run may never come by. */
  function remarks(): string[] {
    const unsure = [...groups.values()].filter(({ sure }) => !sure);
    return unsure.map(({ error, places }) => `${error.message} ${placesOf(places)}, should the run come by.`);
  }

  return { add, count, refusal, summary, remarks };
}

function linesOf({ error: { message, hint }, places, tasks }: Group): string[] {
  const many = tasks.size > 1 ? `${tasks.size} tasks, ` : '';
  return [`• ${message} ${many}${placesOf(places)}`.trimEnd(), ...(hint ? [`  ${hint}`] : [])];
}

function placesOf(places: ReadonlySet<string>): string {
  const more = places.size - SHOWN_PLACES;
  return [...[...places].slice(0, SHOWN_PLACES), ...(more > 0 ? [`and ${more} more places`] : [])].join(', ');
}
