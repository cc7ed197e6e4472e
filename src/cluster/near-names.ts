import { distance } from 'fastest-levenshtein';

/** Up to three of `names` that somebody who typed `word` may have meant, the nearest first. */
export function nearNames(word: string, names: readonly string[]): string[] {
  const wanted = bare(word);
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  return names
    .map((name) => ({ name, distance: distance(wanted, bare(name)), within: bare(name).includes(wanted) }))
    .filter((candidate) => candidate.within || candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

function bare(name: string): string {
  return name.replace(/^.*\//, '').toLowerCase();
}
