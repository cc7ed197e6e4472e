import { StarsError } from '../errors.js';
import type { BackupFolder, Taken } from './folder.js';
import { momentIn } from './manifest.js';

/** A daily backup that was missed once is no accident; two hours more let a slow one end. */
const LATEST_MS = 26 * 3_600_000;

/** `late`: nobody has taken a good backup for 26 hours. `words` say so, or how old the newest good one is. */
export type BackupAge = { newest: Taken | undefined; ageMs: number | undefined; late: boolean; words: string };

/** How old the newest good backup of an environment is; for reports, and for whoever watches that backups do not stop. */
export async function backupAge(folder: BackupFolder, now: Date): Promise<BackupAge> {
  const newest = await folder.newestGood().catch(unreadable);
  if (newest instanceof StarsError) return { newest: undefined, ageMs: undefined, late: true, words: newest.message };
  if (!newest) return { newest, ageMs: undefined, late: true, words: 'There is no good backup of this environment.' };
  const ageMs = Math.max(0, now.getTime() - momentIn(newest.name).getTime());
  const late = ageMs > LATEST_MS;
  const words = late
    ? `No good backup for ${hours(ageMs)}: the newest is ${newest.name}.`
    : `The newest good backup is ${hours(ageMs)} old: ${newest.name}.`;
  return { newest, ageMs, late, words };
}

/** Backups that nobody can get at are none. */
function unreadable(error: unknown): StarsError {
  if (error instanceof StarsError && error.code === 'BACKUP') return error;
  throw error;
}

function hours(ms: number): string {
  const whole = Math.floor(ms / 3_600_000);
  if (whole < 1) return 'less than an hour';
  if (whole < 72) return `${whole} ${whole === 1 ? 'hour' : 'hours'}`;
  return `${Math.floor(whole / 24)} days`;
}
