import { expect, test } from '@jest/globals';
import { selectedByTags } from '../../src/provision/tags.js';

test.each([
  ['a task without tags', [], ['all'], false],
  ['a task with tags', ['web'], ['all'], false],
  ['a task that is always run', ['always'], ['all'], true],
  ['a task that is always run and has other tags', ['web', 'always'], ['all'], true],
  ['what is always run, when that is left out as well', ['always'], ['all', 'always'], false],
  ['a task that is never run', ['never'], ['all'], false],
] as const)('--skip-tags all leaves out all but what is always run: %s', (_title, tags, skip, runs) => {
  expect(selectedByTags(tags, [], skip)).toBe(runs);
});
