import { randomBytes } from 'node:crypto';
import type { Database } from './database.js';

const PREFIX = 'store:';

/**
 * What tells this database from every other one, made when first asked for. Its fences count for it alone: one that was set up anew begins
 * at 1 again. It stands among the fences, since it means something only with them.
 */
export async function storeIdentity(database: Database): Promise<string> {
  return (await read(database)) ?? (await make(database));
}

async function make(database: Database): Promise<string> {
  const name = `${PREFIX}${randomBytes(6).toString('hex')}`;
  await database.insertInto('fences').values({ name, value: 0 }).execute();
  // Another process may have made one at the same moment: the first in order counts from now on.
  return (await read(database)) ?? name;
}

async function read(database: Database): Promise<string | undefined> {
  const row = await database
    .selectFrom('fences')
    .select('name')
    .where('name', 'like', `${PREFIX}%`)
    .orderBy('name')
    .limit(1)
    .executeTakeFirst();
  return row?.name;
}
