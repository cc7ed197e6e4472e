import { didYouMean } from '../near-names.js';

/** "Did you mean …?" with the nearest known names, or where else to look when none is near. */
export function nearNames(name: string, known: Iterable<string>): string {
  return didYouMean(name, known) ?? 'docs/ansible.md says what is supported.';
}
