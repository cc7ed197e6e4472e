import { counted } from '../model/figures.js';

/** Something that is good until then. */
export type Expiring = { what: string; validUntil: Date };

const DAY_MS = 86_400_000;
const SOON_MS = 30 * DAY_MS;

/** What has expired or does so within 30 days, the first first; a sentence each. */
export function expiryLines(all: readonly Expiring[], now: Date): string[] {
  return all
    .filter(({ validUntil }) => validUntil.getTime() - now.getTime() < SOON_MS)
    .toSorted((a, b) => a.validUntil.getTime() - b.validUntil.getTime())
    .map(({ what, validUntil }) => {
      const days = Math.floor((validUntil.getTime() - now.getTime()) / DAY_MS);
      const when = validUntil.toISOString().slice(0, 10);
      if (days < 0) return `${what} expired on ${when}`;
      return days === 0
        ? `${what} expires within a day, on ${when}`
        : `${what} expires in ${counted(days, 'day')}, on ${when}`;
    });
}

/** What environment.yml says of things that cannot tell it themselves; each is good to the end of its day, UTC. */
export function declaredExpiries(expires: Readonly<Record<string, string>>): Expiring[] {
  return Object.entries(expires).map(([what, day]) => ({ what, validUntil: new Date(`${day}T23:59:59Z`) }));
}
