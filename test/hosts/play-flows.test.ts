import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { flow } from '../support/play-flows.js';
import { searches } from '../support/file-searches.js';
import { removeProjects } from '../support/run-playbook.js';
import { scopes } from '../support/variable-scopes.js';
import { playedOtherwise } from './support/both-tools.js';

// FLOW_CASES=1000 plays that many instead of a few, FLOW_SEED=7 plays others; a case takes ansible-core half a second.
// PLAYBOOK_ORACLE_FORKS=1 lets Ansible fork a process for each host and task, which takes it five times as long.
const CASES = Number(process.env['FLOW_CASES'] ?? 15);
const SEED = Number(process.env['FLOW_SEED'] ?? 1);

afterAll(removeProjects);

test.each([
  ['what follows from a failure, a rescue and an end is what follows from it', flow],
  ['what a task sees of variables that are set wherever one may is what it sees', scopes],
  ['which file is found in which folder is which is found', searches],
] as const)('%s in ansible-core', async (_, drawn) => {
  const { differences, compared } = await playedOtherwise(fc.sample(drawn, { numRuns: CASES, seed: SEED }));
  expect(differences).toEqual([]);
  // Ansible breaks off, or takes hosts out of turn, in few of them.
  expect(compared).toBeGreaterThan(0.9 * CASES - 1);
});
