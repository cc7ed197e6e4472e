import { StarsError } from '../src/errors.js';
import type { RunEvent } from '../src/model/run.js';
import type { Run } from '../src/store/runs.js';

/** Every host that a play of the run had, in order. USAGE when it had none. */
export function hostsOfRun(run: Run, events: readonly RunEvent[]): string[] {
  const hosts = events.flatMap((event) => {
    if (event.type === 'play.started') return event.hosts;
    return event.type === 'task.result' ? [event.host] : [];
  });
  if (hosts.length > 0) return [...new Set(hosts)];
  throw new StarsError('USAGE', `The run ${run.id} did nothing on hosts: ${run.text}.`, {
    hint: `“show ${run.id}” tells its whole story.`,
  });
}
