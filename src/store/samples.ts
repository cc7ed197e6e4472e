import type { Transaction } from 'kysely';
import { joined, type Sample } from '../model/sample.js';
import type { Database, Tables } from './database.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How long what is measured is kept, and how finely. */
const SPANS = {
  '1m': { ms: MINUTE_MS, keepMs: DAY_MS },
  '15m': { ms: 15 * MINUTE_MS, keepMs: 8 * DAY_MS },
  '6h': { ms: 360 * MINUTE_MS, keepMs: 400 * DAY_MS },
} as const;

export type Span = keyof typeof SPANS;

export type SampleStore = ReturnType<typeof createSampleStore>;

const KEEP_PICTURES_MS = 40 * DAY_MS;

export function createSampleStore(database: Database) {
  /** Adds what was measured now to the sample of each span, and forgets what is too old. */
  async function add(environment: string, sample: Sample, now: Date): Promise<void> {
    await database.transaction().execute(async (transaction) => {
      for (const span of Object.keys(SPANS) as Span[]) {
        // First of all a write, so that SQLite has its lock before anything is read.
        await forget(transaction, environment, span, now);
        await addTo(transaction, { environment, span, sample }, now);
      }
    });
  }

  /** Oldest first; `at` is the beginning of a span, ISO UTC. */
  async function since(environment: string, span: Span, from: Date): Promise<(Sample & { at: string })[]> {
    const rows = await database
      .selectFrom('samples')
      .select(['at', 'body'])
      .where('environment', '=', environment)
      .where('span', '=', span)
      .where('at', '>=', from.toISOString())
      .orderBy('at')
      .execute();
    return rows.map(({ at, body }) => ({ at, ...(JSON.parse(body) as Sample) }));
  }

  /** Keeps the whole picture of a day, the first one that is given. */
  async function keepPicture(environment: string, picture: unknown, now: Date): Promise<void> {
    const at = now.toISOString();
    await database
      .insertInto('day_pictures')
      .values({ environment, day: at.slice(0, 10), at, body: JSON.stringify(picture) })
      .onConflict((conflict) => conflict.columns(['environment', 'day']).doNothing())
      .execute();
    await database
      .deleteFrom('day_pictures')
      .where('environment', '=', environment)
      .where('at', '<', new Date(now.getTime() - KEEP_PICTURES_MS).toISOString())
      .execute();
  }

  /** The newest picture that is at least as old as that. */
  async function pictureBefore(
    environment: string,
    before: Date,
  ): Promise<{ at: string; picture: unknown } | undefined> {
    const row = await database
      .selectFrom('day_pictures')
      .select(['at', 'body'])
      .where('environment', '=', environment)
      .where('at', '<=', before.toISOString())
      .orderBy('at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && { at: row.at, picture: JSON.parse(row.body) as unknown };
  }

  return { add, since, keepPicture, pictureBefore };
}

async function forget(transaction: Transaction<Tables>, environment: string, span: Span, now: Date): Promise<void> {
  await transaction
    .deleteFrom('samples')
    .where('environment', '=', environment)
    .where('span', '=', span)
    .where('at', '<', new Date(now.getTime() - SPANS[span].keepMs).toISOString())
    .execute();
}

type Adding = { environment: string; span: Span; sample: Sample };

async function addTo(
  transaction: Transaction<Tables>,
  { environment, span, sample }: Adding,
  now: Date,
): Promise<void> {
  const { ms } = SPANS[span];
  const key = { environment, span, at: new Date(Math.floor(now.getTime() / ms) * ms).toISOString() };
  const before = await transaction
    .selectFrom('samples')
    .select('body')
    .where('environment', '=', environment)
    .where('span', '=', span)
    .where('at', '=', key.at)
    .executeTakeFirst();
  const body = JSON.stringify(before ? joined(JSON.parse(before.body) as Sample, sample) : sample);
  await transaction
    .insertInto('samples')
    .values({ ...key, body })
    .onConflict((conflict) => conflict.columns(['environment', 'span', 'at']).doUpdateSet({ body }))
    .execute();
}
