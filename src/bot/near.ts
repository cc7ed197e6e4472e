import { distance } from 'fastest-levenshtein';

/** The names that somebody who typed `word` may have meant, nearest first, at most `limit`. */
export function nearNames(word: string, names: Iterable<string>, limit = 3): string[] {
  const wanted = word.toLowerCase();
  return [...new Set(names)]
    .map((name) => ({
      name,
      away: distance(wanted, name.toLowerCase()),
      starts: wanted.length > 1 && name.toLowerCase().startsWith(wanted),
    }))
    .filter(
      ({ name, away, starts }) => starts || away <= Math.max(1, Math.floor(Math.min(name.length, wanted.length) / 3)),
    )
    .sort((a, b) => Number(b.starts) - Number(a.starts) || a.away - b.away)
    .slice(0, limit)
    .map(({ name }) => name);
}

/** `Did you mean workers?`, or the fallback when nothing is near. */
export function didYouMean(word: string, names: Iterable<string>, otherwise: string): string {
  const near = nearNames(word, names);
  return near.length > 0 ? `Did you mean ${near.join(' or ')}?` : otherwise;
}
