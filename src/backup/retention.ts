import type { BackupFolder } from './folder.js';
import { isDated, momentIn } from './manifest.js';

const DAY_MS = 86_400_000;

export type Keep = { count: number; days: number };

/** Takes away what is too many or too old, the names of which it returns; never the newest good backup, whatever its age. */
export async function forgetOld(folder: BackupFolder, keep: Keep, now: Date): Promise<string[]> {
  const names = (await folder.list()).filter(isDated).toReversed();
  const newest = (await folder.newestGood())?.name;
  // Without a good one nobody knows what somebody may yet save from the damaged ones.
  if (newest === undefined) return [];
  const old = tooOld(names, { ...keep, newest }, now);
  for (const name of old) await folder.remove(name);
  return old;
}

/** Of names, the newest first, those that are too many or too old; never `newest`. */
export function tooOld(
  names: readonly string[],
  { count, days, newest }: Keep & { newest: string },
  now: Date,
): string[] {
  return names.filter(
    (name, newer) => name !== newest && (newer >= count || now.getTime() - momentIn(name).getTime() > days * DAY_MS),
  );
}
