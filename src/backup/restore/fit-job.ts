import { nextStart, scheduleOf, withStart } from '../../cluster/chronos/schedule.js';
import { type Definition, normaliseJob } from '../../cluster/normalise.js';
import { utcWords } from '../../model/utc-words.js';
import type { Fitted } from './fit-app.js';

/** `2`: up to 2.5; `3`: later ones. */
export type ChronosGeneration = '2' | '3';

const NAMES: Record<ChronosGeneration, RegExp> = { 2: /^[\w .#-]+$/, 3: /^[\w.-]+$/ };
/** Fields that only one of the two knows, with the value that says nothing. */
const ONLY: Record<ChronosGeneration, Definition> = {
  2: { epsilon: 'PT60S', async: false },
  3: { concurrent: false, taskInfoData: '' },
};

/** A saved job in the form that this Chronos takes; a first run that has passed is put off to the next one that is due. */
export function fitJob(saved: Definition, { generation, now }: { generation: ChronosGeneration; now: Date }): Fitted {
  const job = normaliseJob(saved);
  const name = String(job['name']);
  if (!NAMES[generation].test(name)) return { refused: `Chronos ${generation} takes no job of such a name` };
  const known = withoutForeign(job, generation);
  if (parentsOf(job).length > 0) {
    const { schedule: _schedule, scheduleTimeZone: _zone, ...dependent } = known.body;
    return { body: dependent, notes: known.notes };
  }
  if (typeof job['schedule'] !== 'string' || job['schedule'] === '')
    return { refused: 'it has neither a schedule nor parents' };
  if (!scheduleOf(job)) return { refused: `Chronos cannot read its schedule ${job['schedule']}` };
  const { parents: _parents, ...scheduled } = known.body;
  return putOff({ body: scheduled, notes: known.notes }, now);
}

export function parentsOf({ parents }: Definition): string[] {
  return Array.isArray(parents) ? parents.map(String) : [];
}

function withoutForeign(job: Definition, generation: ChronosGeneration): { body: Definition; notes: string[] } {
  const foreign = ONLY[generation === '2' ? '3' : '2'];
  const body = Object.fromEntries(Object.entries(job).filter(([key]) => !Object.hasOwn(foreign, key)));
  const lost = Object.keys(foreign).filter((key) => job[key] !== undefined && job[key] !== foreign[key]);
  const notes = lost.length > 0 ? [`without ${lost.join(' and ')}, which Chronos ${generation} does not know`] : [];
  return { body, notes };
}

/** One that is switched off, or has no repetition left, keeps its start. */
function putOff({ body, notes }: { body: Definition; notes: string[] }, now: Date): Fitted {
  const schedule = scheduleOf(body);
  if (!schedule || body['disabled'] === true || schedule.repeats === 0) return { body, notes };
  if (!schedule.start) return { body, notes: [...notes, 'runs at once, as its schedule says'] };
  const next = nextStart(schedule, now);
  if (!next || next.toMillis() === schedule.start.toMillis()) return { body, notes };
  const words = `runs first at ${utcWords(next.toUTC().toISO() ?? '')}, since ${utcWords(schedule.start.toUTC().toISO() ?? '')} has passed`;
  return { body: { ...body, schedule: withStart(String(body['schedule']), next) }, notes: [...notes, words] };
}
