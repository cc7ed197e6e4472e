import { StarsError } from '../errors.js';
import type { Change, Watch } from './change.js';

/** A text that stands for another one without giving it away. */
export type Seal = (text: string | Buffer) => string;

/** By host: what the plan does there, each change as one sealed text. */
export type SealedChanges = Record<string, string[]>;

type Known = {
  titles: Map<string, string>;
  wanted: Set<string>;
  diffs: Map<string, Set<string>>;
  unforeseen: Set<string>;
};

export type PlanRecorder = ReturnType<typeof createPlanRecorder>;

/** Keeps what the tasks of a run in check mode would change. */
export function createPlanRecorder(seal: Seal) {
  const hosts = new Map<string, Known>();

  const watch: Watch = (change) => {
    const known = hosts.get(change.host) ?? {
      titles: new Map(),
      wanted: new Set(),
      diffs: new Map(),
      unforeseen: new Set(),
    };
    hosts.set(change.host, known);
    known.titles.set(sealed(change), change.title);
    known.wanted.add(keyOf(change, change.wanted));
    if (change.diff !== undefined)
      known.diffs.set(change.place, (known.diffs.get(change.place) ?? new Set()).add(seal(change.diff)));
    if (!change.foreseen) for (const name of change.notifies) known.unforeseen.add(name);
  };

  function sealed({ place, effect }: Change): string {
    return `${seal(place).slice(0, 8)}${seal(effect).slice(0, 24)}`;
  }

  function keyOf({ place }: Change, text: string): string {
    return `${place} ${seal(text)}`;
  }

  function changes(): SealedChanges {
    const names = [...hosts.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, [...(hosts.get(name)?.titles.keys() ?? [])].sort()]));
  }

  /** By host: tasks that would now do what is not in the plan. Doing less than the plan is no reason to stop. */
  function beyond(approved: SealedChanges): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const [name, { titles }] of hosts) {
      const allowed = new Set(approved[name] ?? []);
      const others = [...titles].flatMap(([key, title]) => (allowed.has(key) ? [] : [title]));
      if (others.length > 0) found.set(name, [...new Set(others)]);
    }
    return found;
  }

  /**
   * A watch that keeps hosts from doing anything that is not in `approved`, which was just found again. A host that is not as it
   * was is kept from its first change. Once a host has changed, what it was like before its next task is the run's own doing.
   */
  function guard(approved: SealedChanges): Watch {
    const drifted = beyond(approved);
    const touched = new Set<string>();
    const stopped = new Set<string>();
    const mayRun = new Map([...hosts].map(([name, { unforeseen }]) => [name, new Set(unforeseen)]));
    return (change) => {
      try {
        if (stopped.has(change.host)) throw notInPlan(change);
        check(change);
      } catch (error) {
        stopped.add(change.host);
        throw error;
      }
      if (change.acts) touched.add(change.host);
    };

    function check(change: Change): void {
      const others = drifted.get(change.host);
      if (others) throw notAsItWas(change, others);
      const known = hosts.get(change.host);
      const followed = change.names.some((name) => mayRun.get(change.host)?.has(name));
      if (followed) for (const name of change.notifies) mayRun.get(change.host)?.add(name);
      else if (!known?.wanted.has(keyOf(change, change.wanted))) throw notInPlan(change);
      const diffs = known?.diffs.get(change.place);
      if (!touched.has(change.host) && diffs && change.diff !== undefined && !diffs.has(seal(change.diff)))
        throw notAsItWas(change, [change.title]);
    }
  }

  return { watch, changes, beyond, guard };
}

function notAsItWas({ host }: Change, titles: readonly string[]): StarsError {
  const shown = titles.slice(0, 3).map((title) => `“${title}”`);
  const more = titles.length > 3 ? ` and ${titles.length - 3} more tasks` : '';
  return new StarsError(
    'DRIFT',
    `${host} is not as it was when the plan was made: ${shown.join(', ')}${more} would do something else there now.`,
    { hint: 'Nothing was done there. Make a new plan.' },
  );
}

function notInPlan({ host, title }: Change): StarsError {
  return new StarsError(
    'DRIFT',
    `“${title}” would change ${host} in a way that is not in the plan, so ${host} stops here.`,
    {
      hint: 'It may depend on what a command did, which no plan can foresee. What was done before is as planned; make a new plan for the rest.',
    },
  );
}
