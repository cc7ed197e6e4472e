import type { Incident, KnownProblem, Mute } from '../model/incident.js';
import type { Database, Tables } from './database.js';
import { hadEffect, noteEffect } from './inbox.js';

/** What is known of an environment at the version of it that was read. */
export type WatchState = { version: number; problems: KnownProblem[]; incidents: Incident[] };

/** Where the message of an incident is. */
export type IncidentPlace = { channel: string; ts: string };

export type IncidentStore = ReturnType<typeof createIncidentStore>;

const KEEP_MS = 400 * 86_400_000;

export function createIncidentStore(database: Database) {
  /** Problems, and the incidents that are open or ended after `since`, oldest first. */
  async function load(environment: string, since: Date): Promise<WatchState> {
    const row = await database
      .selectFrom('watch_states')
      .select(['version', 'body'])
      .where('environment', '=', environment)
      .executeTakeFirst();
    const problems = row ? (JSON.parse(row.body) as KnownProblem[]) : [];
    return { version: row?.version ?? 0, problems, incidents: await between(environment, since) };
  }

  /** Writes what a look came to, unless somebody else has looked meanwhile: then false. */
  async function save(environment: string, { version, problems, incidents }: WatchState, now: Date): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      const row = { environment, version: version + 1, at: now.toISOString(), body: JSON.stringify(problems) };
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('watch_states')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('environment').doUpdateSet(row).where('watch_states.version', '=', version),
        )
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows === 0n) return false;
      for (const incident of incidents) {
        const written = {
          opened_at: incident.openedAt,
          closed_at: incident.closedAt ?? null,
          body: JSON.stringify(incident),
        };
        await transaction
          .insertInto('incidents')
          .values({ id: incident.id, environment, ...written, channel: null, ts: null })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(written))
          .execute();
      }
      await transaction
        .deleteFrom('incidents')
        .where('environment', '=', environment)
        .where('closed_at', '<', new Date(now.getTime() - KEEP_MS).toISOString())
        .execute();
      return true;
    });
  }

  /** Those that are open or ended after `since`, oldest first. */
  async function between(environment: string, since: Date): Promise<Incident[]> {
    const rows = await database
      .selectFrom('incidents')
      .select('body')
      .where('environment', '=', environment)
      .where(({ or, eb }) => or([eb('closed_at', 'is', null), eb('closed_at', '>', since.toISOString())]))
      .orderBy('opened_at')
      .orderBy('id')
      .execute();
    return rows.map(({ body }) => JSON.parse(body) as Incident);
  }

  async function place(id: string): Promise<IncidentPlace | undefined> {
    const row = await database
      .selectFrom('incidents')
      .select(['channel', 'ts'])
      .where('id', '=', id)
      .executeTakeFirst();
    return row && row.channel !== null && row.ts !== null ? { channel: row.channel, ts: row.ts } : undefined;
  }

  async function remember(id: string, { channel, ts }: IncidentPlace): Promise<void> {
    await database.updateTable('incidents').set({ channel, ts }).where('id', '=', id).execute();
  }

  /**
   * What holds from now on. `requestKey`: of what was asked, so that it is done once; done anew it gives what holds by now, undefined when
   * nothing does any more.
   */
  async function mute(wanted: Mute, requestKey?: string): Promise<Mute | undefined> {
    const { environment, until, reason, person, since } = wanted;
    const row = { environment, until, reason, person_id: person.id, person_name: person.name, since };
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey)) return muted(environment, new Date(since), transaction);
      await transaction
        .insertInto('mutes')
        .values(row)
        .onConflict((conflict) => conflict.column('environment').doUpdateSet(row))
        .execute();
      await noteEffect(transaction, requestKey, new Date(since));
      return wanted;
    });
  }

  /** False when nobody had muted it. */
  async function unmute(environment: string, now: Date, requestKey?: string): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      if (await hadEffect(transaction, requestKey)) return true;
      const before = await muted(environment, now, transaction);
      if (!before) return false;
      await transaction.deleteFrom('mutes').where('environment', '=', environment).execute();
      await noteEffect(transaction, requestKey, now);
      return true;
    });
  }

  async function muted(environment: string, now: Date, from: Database = database): Promise<Mute | undefined> {
    const row = await from
      .selectFrom('mutes')
      .selectAll()
      .where('environment', '=', environment)
      .where('until', '>', now.toISOString())
      .executeTakeFirst();
    return row && toMute(row);
  }

  return { load, save, between, place, remember, mute, unmute, muted };
}

function toMute({ person_id: id, person_name: name, ...row }: Tables['mutes']): Mute {
  return { ...row, person: { id, name } };
}
