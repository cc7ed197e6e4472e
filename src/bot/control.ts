import { StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import type { Lease } from '../model/lease.js';
import type { Person, RunSource } from '../model/run.js';
import { hasEnded } from '../model/run-states.js';
import type { Runs } from '../runs/runs.js';
import type { Audit } from '../store/audit.js';
import type { ClaimStore } from '../store/claims.js';
import { type Decided, endedNow, type Run, type RunStore } from '../store/runs.js';
import type { Timer, TimerStore } from '../store/timers.js';
import { approvalsNeeded } from './approvals.js';
import type { Rights, RightTo } from './rights.js';

export type ControlOptions = {
  /** What somebody has to have a right to who asks for the same as a run, or as words. */
  requests: {
    rightTo(run: Pick<Run, 'id' | 'command' | 'environment'>): Promise<RightTo>;
    rightToWords(text: string, environment: string | null): Promise<RightTo>;
  };
  home: Home;
  rights: Rights;
  store: RunStore;
  claims: ClaimStore;
  timers: TimerStore;
  audit: Audit;
  runs(): Runs;
  clock: Clock;
  log: Log;
};

export type Control = ReturnType<ReturnType<typeof createControl>>;

/** What a person does with runs and locks that are there; each looks up anew whether the person may. */
export function createControl({
  requests,
  home,
  rights,
  store,
  claims,
  timers,
  audit,
  runs,
  clock,
  log,
}: ControlOptions) {
  return (person: Person, source: RunSource, requestKey?: string) => {
    /** Ends a run at its next safe point. */
    async function cancel(run: Run, reason: string): Promise<void> {
      await requireMayEnd(run);
      // What does harm is stopped even when that cannot be written down.
      await told('cancel', run, reason).catch((error: unknown) =>
        log.warn({ error, run: run.id }, 'a cancel is not in the audit'),
      );
      if (await runs().cancel(run.id, reason, person)) return;
      throw new StarsError('USAGE', `The run ${run.id} has ended already: it was ${await stateOf(run)}.`);
    }

    /** Lets somebody end what a run that has ended still does on hosts. */
    async function halt(run: Run): Promise<void> {
      await requireMayEnd(run);
      await told('cancel', run, 'What it still did on its hosts was to be ended.');
    }

    /** Approves or denies what a run proposes. NOT_PERMITTED for the asker and for whoever the environment does not name. */
    async function decide(run: Run, decision: 'approve' | 'deny', reason: string | undefined): Promise<Decided> {
      await requireApprover(run, decision);
      const decided = await store.decide(
        {
          id: run.id,
          person,
          source,
          // A login and what it stands for in Slack are one person, whose two presses are one approval.
          countsAs: rights.idsOf(person).at(-1),
          decision,
          reason: reason && home.redactor.redact(reason),
          requestKey,
        },
        clock.now(),
      );
      await runs().look();
      return decided;
    }

    async function requireApprover(run: Run, decision: string): Promise<void> {
      const environment = run.environment === null ? undefined : await home.environment(run.environment);
      const rule = approvalsNeeded(environment, { name: run.command }, run.resources);
      if (!rule || !environment)
        throw new StarsError('USAGE', `The run ${run.id} needs no approval: it was ${await stateOf(run)}.`);
      const what = `${decision} ${run.text}`;
      if (isAsker(run)) {
        if (decision === 'deny') return;
        throw new StarsError('NOT_PERMITTED', `You may not ${what}: you asked for it.`, {
          hint: `Somebody else of approvals.approvers in ${environment.files.environment} has to.`,
        });
      }
      const { included, untold } = await rights.isOneOf(rule.approvers, person);
      if (included) return;
      throw new StarsError('NOT_PERMITTED', `You may not ${what}.`, {
        hint: [
          ...untold,
          `approvals.approvers in ${environment.files.environment} names who may; you are ${person.id}.`,
        ].join(' '),
      });
    }

    /** Two persons who share an id, such as a login and what it stands for in Slack, are the same. */
    function isAsker(run: Run): boolean {
      const own = new Set(rights.idsOf(person));
      return rights.idsOf(run.person).some((id) => own.has(id));
    }

    async function requireRight(right: Promise<RightTo>): Promise<void> {
      await rights.require({ person, source, ...(await right) });
    }

    /** Who asked for a run may end it and what it left, and whoever may run the same. */
    async function requireMayEnd(run: Run): Promise<void> {
      if (!isAsker(run)) await requireRight(requests.rightTo(run));
    }

    function locks(environment: string | undefined): Promise<Lease[]> {
      return claims.list(environment, clock.now());
    }

    /**
     * Keeps changes away from an environment until it is unlocked or `until` has come. LOCKED when somebody has done so. The lock that holds:
     * another one when the same request had put it before, undefined when it is over by then.
     */
    async function lock(
      environment: Environment,
      reason: string,
      until: string | undefined,
    ): Promise<Lease | undefined> {
      const { name } = environment;
      const now = clock.now();
      const asked = { environment: name, name: 'lock', person, source, requestKey };
      const frozen = await claims.freeze({ ...asked, reason: home.redactor.redact(reason), until }, now);
      if (frozen) return frozen === 'ended' ? undefined : frozen;
      const held = (await claims.list(name, now)).find(({ run }) => run === undefined);
      throw new StarsError(
        'LOCKED',
        `${name} is locked already, by ${held?.person.name ?? 'somebody'}: ${held?.reason ?? ''}.`,
        {
          hint: `“unlock ${name}” ends that lock.`,
        },
      );
    }

    /** Ends a lock that a person put; undefined when there is none, `before` when the same request has done so already. */
    async function unlock({ name }: Environment): Promise<Lease | 'before' | undefined> {
      const ended = await claims.unfreeze({ environment: name, name: 'lock', person, source, requestKey }, clock.now());
      if (ended) await runs().look();
      return ended;
    }

    /** Takes what a run holds away from it. It ends as interrupted; what it does on hosts is refused there from the next claim on. */
    async function takeOver(run: Run, reason: string): Promise<void> {
      await requireRight(requests.rightTo(run));
      if (run.state !== 'running') throw await holdsNothing(run);
      await told('takeover', run, reason);
      const now = clock.now();
      const words = `${person.name} took its locks over: ${home.redactor.redact(reason)}`;
      const error = {
        code: 'INTERRUPTED',
        message: `${words}.`,
        hint: `“verify ${run.id}” looks at what was in flight.`,
      };
      const end = endedNow(run, now, 'interrupted', error);
      const ended = await store.finishFor(run.id, end, [{ type: 'run.interrupted', reason: words, by: person }], now, {
        anyone: true,
      });
      if (!ended) throw await holdsNothing(run);
      await runs().cancel(run.id, words, person);
      await runs().look();
    }

    async function holdsNothing(run: Run): Promise<StarsError> {
      return new StarsError('USAGE', `The run ${run.id} holds nothing: it was ${await stateOf(run)}.`);
    }

    async function told(kind: 'cancel' | 'takeover', run: Run, reason: string): Promise<void> {
      const { id, environment, command, text } = run;
      await audit.record({ kind, person, source, environment, command, text, run: id, reason });
    }

    async function stateOf(run: Run): Promise<string> {
      const now = await store.find(run.id);
      const state = now?.state ?? run.state;
      return hasEnded(state) ? state : `${state} now`;
    }

    /** What is going to happen by itself, as far as the person may know of it. */
    async function waitingTimers(environment: string | undefined): Promise<Timer[]> {
      const all = await timers.waiting(environment);
      const readable = new Map<string | undefined, boolean>();
      for (const name of new Set(all.map((timer) => timer.environment)))
        readable.set(name, (await rights.mayReadRuns({ person, source }, name ?? null)).allowed);
      return all.filter((timer) => readable.get(timer.environment));
    }

    /** Calls off what is going to happen by itself; whoever may ask for the same may. */
    async function callOff(id: string): Promise<Timer | undefined> {
      const timer = (await waitingTimers(undefined)).find((one) => one.id === id);
      if (!timer) return undefined;
      const { environment = null, words } = timer;
      // The end of a lock is only told: without it the lock holds for ever, as whoever may lock can have it.
      const same = words === '' ? `lock ${environment}` : words;
      if (timer.person.id !== person.id) await requireRight(requests.rightToWords(same, environment));
      await audit.record({ kind: 'cancel', person, source, environment, text: words, details: { timer: id } });
      if (!(await timers.end(id, 'cancelled', clock.now()))) return undefined;
      if (timer.subject === 'lock' && environment !== null) await claims.holdOn(environment, 'lock');
      return timer;
    }

    return { timers: waitingTimers, callOff, requireMayEnd, halt, cancel, decide, locks, lock, unlock, takeOver };
  };
}
