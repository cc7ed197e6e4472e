import { Cron } from 'croner';

/** Whether this is a schedule of five fields, as cron has them. */
export function isValidCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    new Cron(text, { paused: true }).stop();
    return true;
  } catch {
    return false;
  }
}
