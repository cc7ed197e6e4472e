import type { ExecResult, UploadOptions } from '../connection/connection.js';
import { asStarsError } from '../errors.js';
import { sh, type ShellCommand } from '../shell/command.js';
import { downloadFile } from './download-file.js';
import { joinActions } from './joint-actions.js';
import type { Action } from './module.js';
import type { Place } from './place.js';

export type ActingOptions = {
  signal: AbortSignal;
  temporaryPath(path: string): string;
};

/** `action` is what the host's lock notes of it. */
export type Limits = Required<Pick<UploadOptions, 'action' | 'timeoutMs' | 'endDetached'>>;

const TIDY_TIMEOUT_MS = 3_000;

/** Does on hosts what plans ask for, and tidies up where that was stopped in the middle. */
export function createActing({ signal, temporaryPath }: ActingOptions) {
  /** All actions, until the first that fails; their results. `temporary` are names that may be left behind. */
  async function act(
    actions: readonly Action[],
    place: Place,
    { temporary, ...limits }: Limits & { temporary: readonly string[] },
  ): Promise<ExecResult[]> {
    const results: ExecResult[] = [];
    try {
      for (const step of stepsOf(actions)) {
        results.push(...(await perform(step, place, { ...limits, temporary: true })));
        if ((results.at(-1)?.code ?? 0) !== 0) break;
      }
      return results;
    } catch (error) {
      await removeTemporary(place, temporary, error);
      throw error;
    }
  }

  /** Files that a job needs, which stay when the connection ends. */
  async function upload(actions: readonly Action[], place: Place, limits: Limits): Promise<void> {
    for (const step of stepsOf(actions)) await perform(step, place, { ...limits, temporary: false });
  }

  /** What was stopped in the middle had no chance to tidy up. Where the host is lost, its shell does so when it notices. */
  async function removeTemporary(place: Place, names: readonly string[], error: unknown): Promise<void> {
    if (names.length === 0 || asStarsError(error).code === 'UNREACHABLE') return;
    const { text } = sh`rm -rf -- ${names}`;
    const how = { become: place.become, timeoutMs: TIDY_TIMEOUT_MS };
    await place.session
      .connection()
      .then((connection) => connection.exec(text, how))
      .catch(() => undefined);
  }

  async function perform(
    step: Step,
    place: Place,
    { temporary, ...limits }: Pick<UploadOptions, 'action' | 'timeoutMs' | 'endDetached' | 'temporary'>,
  ): Promise<ExecResult[]> {
    const connection = await place.session.connection();
    const how = { become: place.become, signal, ...limits };
    const exec = (script: string) => connection.exec(script, how);
    if (step.kind === 'runs') {
      const joint = joinActions(step.commands);
      return joint.results(await exec(joint.script));
    }
    if (step.kind === 'download') return [await downloadFile(step, { exec, temporary: temporaryPath(step.to) })];
    await connection.upload(step.content, step.path, { ...how, temporary });
    return [];
  }

  return { act, upload };
}

/** What goes to the host in one go: commands behind one another are one script. */
type Step = Exclude<Action, { kind: 'run' }> | { kind: 'runs'; commands: ShellCommand[] };

function stepsOf(actions: readonly Action[]): Step[] {
  const steps: Step[] = [];
  for (const action of actions) {
    const last = steps.at(-1);
    if (action.kind !== 'run') steps.push(action);
    else if (last?.kind === 'runs') last.commands.push(action.command);
    else steps.push({ kind: 'runs', commands: [action.command] });
  }
  return steps;
}

/** The actions up to the last upload, and those after it. */
export function uploadsFirst(all: readonly Action[]): [Action[], Action[]] {
  const last = all.findLastIndex(({ kind }) => kind === 'upload');
  return [all.slice(0, last + 1), all.slice(last + 1)];
}
