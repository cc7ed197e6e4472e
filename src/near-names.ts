import { distance } from 'fastest-levenshtein';

/** Up to three known names that a person may have meant, nearest first. */
export function nearNames(name: string, known: Iterable<string>): string[] {
  const wanted = name.toLowerCase();
  // Of four letters two others make another word: helm is no shell.
  const limit = wanted.length <= 4 ? 1 : Math.max(2, Math.ceil(wanted.length / 3));
  return [...new Set(known)]
    .map((candidate) => ({ candidate, away: farFrom(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => (away <= limit && away < candidate.length) || isMixedUp(wanted, candidate))
    .sort((a, b) => a.away - b.away || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `Did you mean a or b?`, or nothing when no known name is near. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const near = nearNames(name, known);
  if (near.length === 0) return undefined;
  return `Did you mean ${near.length === 1 ? near[0] : `${near.slice(0, -1).join(', ')} or ${near.at(-1)}`}?`;
}

/** The same letters in another order. */
function isMixedUp(wanted: string, candidate: string): boolean {
  return wanted.length === candidate.length && sorted(wanted) === sorted(candidate.toLowerCase());
}

function sorted(text: string): string {
  return Array.from(text).sort().join('');
}

function farFrom(wanted: string, candidate: string): number {
  // The start of a long name counts as near: people type `stars-c2` for `stars-c2.edc.example.org`.
  if (wanted.length >= 2 && candidate.startsWith(wanted)) return 0;
  return distance(wanted, candidate);
}
