import { distance } from 'fastest-levenshtein';

/** "Did you mean …?" with up to three of the known names, or where else to look when none is near. */
export function nearNames(name: string, known: Iterable<string>): string {
  const near = [...known]
    .map((candidate) => ({ candidate, edits: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => `"${candidate}"`);
  return near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'The reference lists what is supported.';
}
