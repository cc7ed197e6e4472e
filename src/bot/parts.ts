import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Resource } from '../model/lease.js';
import type { HostRecap, RunError, RunEvent, RunRequest } from '../model/run.js';
import { hasEnded } from '../model/run-states.js';
import { addRecaps } from '../model/run-view.js';
import type { RunHandle, RunResult } from '../runs/runs.js';
import type { ProcessStore } from '../store/processes.js';
import type { NewPart, Run, RunStore } from '../store/runs.js';

export type PartsOptions = {
  store: RunStore;
  processes: Pick<ProcessStore, 'wordsFor'>;
  /** The name of this process. */
  owner: string;
  /** Lets what waits begin. */
  look(): Promise<void>;
  clock: Clock;
};

type Input = Record<string, unknown>;

/** The hosts of each part, and how what was asked of the whole is asked of hosts of it. */
export type Division = {
  hosts: readonly (readonly string[])[];
  asked(input: Input, hosts: readonly string[]): Input;
};

export type PartsResult = { hosts: Record<string, HostRecap>; failed: RunResult['failed'] };

const LOOK_EVERY_MS = 500;

/** Splits a run by its hosts into runs that any process performs (ADR 12), shows how they are, and sums them up. */
export function createParts({ store, processes, owner, look, clock }: PartsOptions) {
  /** Rejects with INTERRUPTED or CANCELLED when a part was, once all have ended. */
  async function runInParts(run: RunHandle, division: Division): Promise<PartsResult> {
    const parts = await made(run, division);
    for (const [index, { run: part }] of parts.entries())
      run.emit({ type: 'part.made', part: index + 1, id: part.id, hosts: [...(division.hosts[index] ?? [])] });
    void look();
    const ended = await untilEnded(run);
    run.signal.throwIfAborted();
    return summedUp(run.id, ended);
  }

  async function made(run: RunHandle, { hosts, asked }: Division): Promise<NewPart[]> {
    const whole = await store.find(run.id);
    const [request] = await store.events(run.id);
    if (!whole || request?.type !== 'run.requested')
      throw new StarsError('STORE', `The request of the run ${run.id} is not to be found.`);
    const now = clock.now();
    const parts = hosts.map((own, index) => {
      const id = `${run.id}-${index + 1}`;
      const part = partRequest(request, { args: asked(request.args, own), index, of: hosts.length });
      const { command, text, environment, person, source } = part;
      const at = now.toISOString();
      const resources = own.map((host): Resource => `host:${host}`);
      return {
        run: { id, command, text, environment, person, source, requestedAt: at, owner: '', resources },
        first: { run: id, seq: 1, at, type: 'run.requested' as const, ...part },
      };
    });
    await run.durable();
    if (await store.createParts(run.id, owner, parts, now)) return parts;
    throw new StarsError('LOCKED', `The run ${run.id} was ended by somebody else before it was split.`, {
      hint: `“show ${run.id}” tells its end.`,
    });
  }

  /** Looks at the parts until all have ended; when the run is to end, so are they. */
  async function untilEnded(run: RunHandle): Promise<Run[]> {
    const known = new Map<string, Progress>();
    let told = false;
    for (;;) {
      const parts = await store.partsOf(run.id);
      for (const [index, part] of parts.entries()) await show(run, part, index + 1, known);
      if (parts.every(({ state }) => hasEnded(state))) return parts;
      if (run.signal.aborted && !told) {
        told = true;
        await store.cancelParts(
          run.id,
          `The run ${run.id} that it is a part of ends: ${reasonOf(run.signal)}`,
          clock.now(),
        );
        await look();
        continue;
      }
      await clock.sleep(LOOK_EVERY_MS, told ? undefined : run.signal).catch(() => undefined);
    }
  }

  async function show(run: RunHandle, part: Run, number: number, known: Map<string, Progress>): Promise<void> {
    const before = known.get(part.id) ?? { seq: 0, lost: [], shown: '' };
    const events = await store.events(part.id, before.seq);
    const doing = hasEnded(part.state) ? undefined : (lastTask(events) ?? before.doing);
    const lost = part.hosts ? lostIn(part.hosts) : [...new Set([...before.lost, ...failedIn(events)])];
    const process = before.process ?? (part.owner === '' ? undefined : await processes.wordsFor(part.owner));
    const { state } = part;
    const told = { part: number, state, process, doing, lost };
    const shown = JSON.stringify(told);
    known.set(part.id, { seq: events.at(-1)?.seq ?? before.seq, doing, lost, process, shown });
    if (shown !== before.shown && state !== 'queued') run.emit({ type: 'part.changed', ...told });
  }

  return runInParts;
}

type Progress = {
  seq: number;
  doing?: string | undefined;
  lost: string[];
  process?: string | undefined;
  shown: string;
};

type PartOf = { args: Input; index: number; of: number };

function partRequest(whole: RunRequest, { args, index, of }: PartOf): RunRequest {
  const { command, environment, person, source, trusted, resumes } = whole;
  return {
    command,
    text: `${whole.text} (part ${index + 1} of ${of})`,
    args,
    environment,
    person,
    source,
    ...(trusted === undefined ? {} : { trusted }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}

function lastTask(events: readonly RunEvent[]): string | undefined {
  const last = events.findLast((event) => event.type === 'task.started');
  return last?.type === 'task.started' ? (last.role ? `${last.role} : ${last.task}` : last.task) : undefined;
}

function failedIn(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'task.result' && (event.status === 'failed' || event.status === 'unreachable') ? [event.host] : [],
  );
}

function lostIn(hosts: Record<string, HostRecap>): string[] {
  return Object.entries(hosts).flatMap(([host, recap]) => (recap.failed + recap.unreachable > 0 ? [host] : []));
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'It was cancelled.';
}

/** The recap over all parts, and in one sentence what went wrong. */
function summedUp(whole: string, parts: readonly Run[]): PartsResult {
  const cutOff = parts.find(({ state }) => state === 'interrupted') ?? parts.find(({ state }) => state === 'cancelled');
  if (cutOff) throw endedEarly(whole, parts, cutOff);
  const hosts = parts.reduce((all, part) => addRecaps(all, part.hosts ?? {}), {} as Record<string, HostRecap>);
  const bad = parts.filter(({ state }) => state !== 'succeeded');
  return { hosts, failed: bad.length === 0 ? undefined : failureOf(whole, parts, bad) };
}

function endedEarly(whole: string, parts: readonly Run[], cutOff: Run): StarsError {
  const others = parts.filter((part) => part !== cutOff && part.state !== 'succeeded');
  const rest =
    others.length === 0
      ? 'The other parts are through.'
      : `Nor did all go well with ${others.map((part) => nameOf(part, parts)).join(', ')}.`;
  const words = `${capital(nameOf(cutOff, parts))} was ${cutOff.state}: ${cutOff.error?.message ?? ''} ${rest}`;
  return new StarsError(cutOff.state === 'interrupted' ? 'INTERRUPTED' : 'CANCELLED', words, {
    hint: `“verify ${whole}” looks at what was in flight; “resume ${whole}” goes on with all that is left: what is done stays as it is.`,
  });
}

function failureOf(whole: string, parts: readonly Run[], bad: readonly Run[]): RunError {
  const codes = new Set(bad.map(({ error }) => error?.code ?? 'HOSTS_FAILED'));
  const [code = 'HOSTS_FAILED'] = codes;
  const words = bad.map((part) => `${capital(nameOf(part, parts))} ${part.state}: ${part.error?.message ?? ''}`);
  const lost = bad.flatMap(({ hosts }) => (hosts ? lostIn(hosts) : []));
  const again = lost.length === 0 ? '' : `, and “retry ${whole}” begins anew with --limit ${lost.join(',')}`;
  return {
    code: codes.size === 1 ? code : 'HOSTS_FAILED',
    message: words.join(' '),
    hint: `“show” with the id of a part tells what happened there. Mend it, then “resume ${whole}” goes on with what is left${again}: what is done stays as it is.`,
  };
}

function nameOf(part: Run, parts: readonly Run[]): string {
  return `part ${parts.indexOf(part) + 1} of ${parts.length} (run ${part.id})`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
