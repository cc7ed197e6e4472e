import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Become, ExecResult } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { jobFolder, killScript, launchScript, parseStatus, statusScript } from './async-script.js';
import type { HostRun } from './host-run.js';
import type { HostSession } from './host-session.js';
import type { Action } from './module.js';
import { pythonText } from './python-text.js';
import { dictOf, isTrue } from './task-result.js';

/** A task's `async` and `poll`. */
export type AsyncWish = { seconds: number; pollSeconds: number };

/** Where a job runs. */
export type JobPlace = {
  host: Pick<HostRun, 'forget' | 'name'>;
  session: Pick<HostSession, 'connection'>;
  become: Become | undefined;
  variable(name: string): Value | undefined;
};

export type AsyncOptions = { clock: Clock; signal: AbortSignal };

/** What a job does: its commands, and what the module makes of how they ended. */
export type Work = { actions: readonly Action[]; action: string; resultOf(results: ExecResult[]): Dict };

type Job = { host: string; resultOf(results: ExecResult[]): Dict; settled: Dict | undefined; ended: boolean };

const JOB_NAME = /^[\w-][\w.-]*$/;
const STATUS_TIMEOUT_MS = 60_000;
const KILL_TIMEOUT_MS = 4_000;

/** Runs tasks that outlive their connection: on the host a job is a folder of ~/.ansible_async, with its process, output and end. */
export function createAsyncJobs({ clock, signal }: AsyncOptions) {
  const jobs = new Map<string, Job>();

  /** A job that does the work; waits for its end if the task wants to. */
  async function start(work: Work, place: JobPlace, wish: AsyncWish): Promise<Dict> {
    const id = `j${randomInt(1e11, 9e11)}.${randomInt(1000, 99_999)}`;
    const folder = folderOf(id, place);
    const began = known(id, folder, { started: 1, finished: 0 });
    const idle = work.actions.length === 0;
    const settled = idle ? work.resultOf([]) : undefined;
    jobs.set(id, { host: place.host.name, resultOf: work.resultOf, settled, ended: idle });
    try {
      if (!idle) await launch(work, folder, place, wish);
      if (wish.pollSeconds > 0) return await waitFor(id, place, wish);
    } catch (thrown) {
      if (signal.aborted) await kill(id, place);
      jobs.delete(id);
      throw thrown;
    }
    return new Map<Value, Value>([...began, ['changed', true], ['failed', 0]]);
  }

  async function launch({ actions, action }: Work, folder: string, place: JobPlace, wish: AsyncWish): Promise<void> {
    const commands = actions.flatMap((action) => (action.kind === 'run' ? [action.command.text] : []));
    const script = launchScript({ folder, commands, seconds: wish.seconds });
    const { code, stderr } = await exec(place, script, action);
    if (code !== 0) throw new StarsError('HOSTS_FAILED', `The job could not be started: ${stderr.trim()}`);
  }

  async function waitFor(id: string, place: JobPlace, wish: AsyncWish): Promise<Dict> {
    const mustEnd = clock.now().getTime() + wish.seconds * 1000;
    for (;;) {
      const { result, late } = await look(id, place);
      if (isTrue(result.get('finished')) && !late) {
        await cleanup(id, place);
        return result;
      }
      if (late || clock.now().getTime() >= mustEnd) return await giveUp(id, place, wish, result);
      await clock.sleep(wish.pollSeconds * 1000, signal);
    }
  }

  async function giveUp(id: string, place: JobPlace, { seconds }: AsyncWish, last: Dict): Promise<Dict> {
    await kill(id, place);
    jobs.delete(id);
    const msg = `async task did not complete within the requested time - ${seconds}s`;
    return dictOf({ failed: true, changed: false, msg, async_result: last });
  }

  /** A host that does not answer any more cannot be asked to end a job; the job's own time limit does. */
  async function kill(id: string, place: JobPlace): Promise<void> {
    const connection = await place.session.connection();
    const how = { become: place.become, timeoutMs: KILL_TIMEOUT_MS };
    await connection.exec(killScript(folderOf(id, place)), how).catch(() => undefined);
  }

  /** The job's result so far, and whether its time was over before it ended. */
  async function look(id: string, place: JobPlace): Promise<{ result: Dict; late: boolean }> {
    const folder = folderOf(id, place);
    const job = jobs.get(id);
    if (job?.settled) return { result: known(id, folder, { started: 1, finished: 1 }, job.settled), late: false };
    const found = parseStatus(await exec(place, statusScript(folder)));
    if (found === undefined) return { result: nobodyKnows(id, folder), late: false };
    const late = found.state === 'late';
    if (found.state === 'running')
      return { result: known(id, folder, { started: 1, finished: 0 }, nothingSaid()), late };
    if (job) job.ended = true;
    const ended =
      job && found.state === 'ended' ? job.resultOf(found.results) : plainResult(found.results, found.state);
    return { result: known(id, folder, { started: 1, finished: 1 }, ended), late };
  }

  async function cleanup(id: string, place: JobPlace): Promise<Dict> {
    const folder = folderOf(id, place);
    const existed = jobs.delete(id);
    const { stdout } = await exec(place, `if [ -d ${folder} ]; then rm -rf ${folder} && echo erased; fi`);
    if (!existed && stdout === '') return nobodyKnows(id, folder);
    return known(id, folder, { started: 1, finished: 0 }, dictOf({ erased: shown(folder), changed: false }));
  }

  async function exec(place: JobPlace, script: string, action?: string): Promise<ExecResult> {
    const connection = await place.session.connection();
    // The job may change what was read of the host.
    place.host.forget();
    return connection.exec(script, { become: place.become, signal, timeoutMs: STATUS_TIMEOUT_MS, action });
  }

  async function status(id: string, mode: 'status' | 'cleanup', place: JobPlace): Promise<Dict> {
    // An empty one would name the folder of all jobs.
    if (!JOB_NAME.test(id)) return nobodyKnows(id, folderOf(id, place));
    return mode === 'cleanup' ? cleanup(id, place) : (await look(id, place)).result;
  }

  /** The hosts on which a job may still run that nobody waits for any more. */
  function left(): string[] {
    return [...new Set([...jobs.values()].flatMap(({ host, ended }) => (ended ? [] : [host])))];
  }

  return { start, status, left };
}

/** What people are told who may think that all is done and that nobody else may work there. */
export function jobsGoOn(hosts: readonly string[]): string {
  return `Jobs of this run (async with poll: 0) may still be at work on ${hosts.join(', ')}. They outlive the run and its locks: async_status tells how they end.`;
}

function folderOf(id: string, place: JobPlace): string {
  const base = place.variable('ansible_async_dir');
  return jobFolder(base === undefined ? undefined : pythonText(base), id);
}

function known(id: string, folder: string, state: { started: number; finished: number }, more: Dict = new Map()): Dict {
  return new Map<Value, Value>([
    ...more,
    ['ansible_job_id', id],
    ['results_file', shown(folder)],
    ['started', state.started],
    ['finished', state.finished],
  ]);
}

function shown(folder: string): string {
  return folder.replaceAll(/["']/g, '');
}

function nobodyKnows(id: string, folder: string): Dict {
  const result = known(id, folder, { started: 1, finished: 1 }, nothingSaid());
  return new Map<Value, Value>([...result, ['failed', true], ['changed', false], ['msg', 'could not find job']]);
}

function nothingSaid(): Dict {
  return dictOf({ changed: false, stdout: '', stderr: '', stdout_lines: [], stderr_lines: [] });
}

/** The result of a job whose module this run does not know, or which did not come to its end. */
function plainResult(results: readonly ExecResult[], state: 'ended' | 'late' | 'lost'): Dict {
  const last = results.at(-1);
  // The commands of command and shell tell their own exit code behind what they say.
  const [, said, code] = /^(.*)\nstars-rc (\d+)\n.*\n.*\n?$/s.exec(last?.stdout ?? '') ?? [];
  const rc = code === undefined ? (last?.code ?? 1) : Number(code);
  const lines = (text: string) => text.split('\n').slice(0, text.endsWith('\n') ? -1 : undefined);
  const [stdout, stderr] = [(said ?? last?.stdout ?? '').replace(/\n$/, ''), last?.stderr ?? ''];
  const msg = { ended: rc === 0 ? '' : 'non-zero return code', ...UNFINISHED }[state];
  return dictOf({
    changed: true,
    failed: state !== 'ended' || rc !== 0,
    rc,
    stdout,
    stderr,
    stdout_lines: lines(stdout),
    stderr_lines: lines(stderr),
    msg,
  });
}

const UNFINISHED = {
  late: 'The job was ended because its time was over.',
  lost: 'The job is gone without having ended: was its host restarted?',
};
