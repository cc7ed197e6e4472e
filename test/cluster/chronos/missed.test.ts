import { missedSince } from '../../../src/cluster/chronos/missed.js';
import { Job } from '../../../src/cluster/chronos/schema.js';

const NOW = new Date('2026-11-22T04:30:00.000Z');
const missedOf = (fields: Record<string, unknown>) =>
  missedSince(Job.parse({ name: 'a', schedule: 'R/2026-11-22T03:00:00.000Z/PT24H', ...fields }), NOW);

test('a job whose next start is over an hour past was missed since then, as often as it would have begun', () => {
  expect(missedOf({})).toEqual({ runs: 1, since: '2026-11-22T03:00:00.000Z' });
  const lastSuccess = '2026-11-19T03:00:00.000Z';
  expect(missedOf({ schedule: 'R/2026-11-20T03:00:00.000Z/PT24H', lastSuccess })).toMatchObject({ runs: 3 });
});

test('a start with an offset is told in UTC', () => {
  const schedule = 'R/2026-11-22T05:00:00.000+02:00/PT24H';
  expect(missedOf({ schedule })).toMatchObject({ since: '2026-11-22T03:00:00.000Z' });
});

test.each([
  ['is disabled', { disabled: true }],
  ['is less than an hour late', { schedule: 'R/2026-11-22T03:45:00.000Z/PT24H' }],
  ['follows others', { parents: ['b'] }],
  ['has run as often as it was to', { schedule: 'R0/2026-11-22T03:00:00.000Z/PT24H' }],
  ['never ran and was sent with a start of long ago', { schedule: 'R/2017-11-22T03:00:00.000Z/PT24H' }],
])('a job that %s was not missed', (_why, fields) => {
  expect(missedOf(fields)).toBeUndefined();
});
