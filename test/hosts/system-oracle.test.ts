import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { modules } from '../../src/provision/modules/index.js';
import { ALL } from './differential/sample.js';
import { type ApartRuns, runApart } from './support/apart.js';
import { SYSTEM_CASES } from './system-cases.js';

// Each case runs in check mode and twice for real, by real Ansible and by us, each in a copy of this system of its own.
// Cases of a module build upon each other, so the first few are played (`npm run test:hosts -- --all`: every one).
const FIRST = 2;

describe.each(Object.entries(SYSTEM_CASES))('%s', (_module, whole) => {
  const cases = ALL ? whole : whole.slice(0, FIRST);
  let runs: ApartRuns;
  beforeAll(async () => {
    runs = await runApart(cases, modules);
  });
  afterAll(() => runs.remove());

  test.each(cases.map((each, index) => [`${index} ${JSON.stringify(each.args)} after ${each.pre}`, index] as const))(
    '%s',
    async (_, index) => {
      const { ours, theirs } = await runs.case(index);
      expect(ours).toEqual(theirs);
    },
  );
});
