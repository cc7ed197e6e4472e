import type { ReadableRuns } from '../src/bot/readable-runs.js';
import { StarsError } from '../src/errors.js';
import type { RunEvent } from '../src/model/run.js';
import { workOf } from '../src/model/work-of.js';
import type { Run } from '../src/store/runs.js';

/** What worked on hosts, under this id there, and what it did. */
export type WorkOnHosts = { id: string; hosts: string[]; events: readonly RunEvent[] };

/** The run with every host that a play of it had, in order, or each of its parts that had any. USAGE when there were none. */
export async function workOnHosts(run: Run, runs: ReadableRuns): Promise<WorkOnHosts[]> {
  const parts = await runs.partsOf(run);
  const doers = parts.length > 0 ? parts : [run];
  const all = await Promise.all(doers.map(async (one) => workOfOne(one.id, await runs.events(one))));
  const works = all.filter(({ hosts }) => hosts.length > 0);
  if (works.length > 0) return works;
  throw new StarsError('USAGE', `The run ${run.id} did nothing on hosts: ${run.text}.`, {
    hint: `“show ${run.id}” tells its whole story.`,
  });
}

function workOfOne(id: string, events: readonly RunEvent[]): WorkOnHosts {
  const hosts = events.flatMap((event) => {
    if (event.type === 'play.started') return event.hosts;
    return event.type === 'task.result' ? [event.host] : [];
  });
  return { id, hosts: [...new Set(hosts)], events: workOf(events) };
}
