import { createHash } from 'node:crypto';
import type { CaseFile } from './case.js';

/** All cases (`npm run test:hosts -- --all`), or the same few each time: of every module the one that the seed draws. */
export const ALL = process.env.STARS_TEST_ALL === '1';

const SEED = process.env.STARS_TEST_SEED ?? 'stars';

/** Cases that need a playbook of their own cost most, so they stand in only where a module has no other. */
export function sampleOf(file: CaseFile): CaseFile {
  const together = file.cases.filter(({ alone }) => !alone);
  const some = together.length > 0 ? together : file.cases.slice(0, 1);
  const drawn = some.toSorted((one, other) => drawOf(file, one.name).localeCompare(drawOf(file, other.name)));
  return { ...file, cases: drawn.slice(0, 1) };
}

function drawOf({ module }: CaseFile, name: string): string {
  return createHash('sha256').update(`${SEED} ${module} ${name}`).digest('hex');
}

/** Whether the seed chooses what has this name, as it does with about one in so many. */
export function drawn(name: string, oneIn: number): boolean {
  return createHash('sha256').update(`${SEED} ${name}`).digest().readUInt32BE() % oneIn === 0;
}
