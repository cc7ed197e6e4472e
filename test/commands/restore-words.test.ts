import { expect, test } from '@jest/globals';
import { restore } from '../../commands/restore.js';

test.each([
  [{ only: 'jobs', app: 'x' }, '--only jobs leaves out the app'],
  [{ only: 'apps', job: 'y' }, '--only apps leaves out the job'],
  [{ only: 'apps', app: 'x', job: 'y' }, '--only apps leaves out the job'],
])('what contradicts itself is refused: %j', (flags, words) => {
  const { success, error } = restore.args.safeParse({ backup: 'last', ...flags });
  expect(success).toBe(false);
  expect(error?.issues[0]?.message).toContain(words);
});

test('--only beside a name of the same kind says the same twice, and is taken', () => {
  expect(restore.args.safeParse({ backup: 'last', only: 'jobs', job: 'y' }).success).toBe(true);
});
