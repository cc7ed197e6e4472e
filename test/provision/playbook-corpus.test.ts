import { afterAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Account,
  accountOf,
  CORPUS,
  inOrder,
  readCases,
  requestOf,
  withoutOwnWords,
} from '../support/playbook-corpus.js';
import { removeProjects, runPlaybook } from '../support/run-playbook.js';

// Beside each case stands what real Ansible made of it; test/hosts/playbook-oracle.test.ts keeps that true.
const cases = readCases().filter(
  ({ name }) => process.env.ONLY === undefined || process.env.ONLY.split(',').includes(name),
);

afterAll(removeProjects);

test.each(cases.map((one) => [one.name, one] as const))(
  '%s: same tasks, words, files and recap as ansible-playbook',
  async (name, one) => {
    const played = await runPlaybook(one.project, requestOf(one));
    expect(played.error).toBeUndefined();
    const theirs = JSON.parse(readFileSync(join(CORPUS, `${name}.json`), 'utf8')) as Account;
    expect(withoutOwnWords(inOrder(one, accountOf(played)), theirs)).toEqual(theirs);
  },
);
