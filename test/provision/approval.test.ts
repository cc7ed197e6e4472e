import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createPlanRecorder } from '../../src/provision/approval.js';
import type { Change } from '../../src/provision/change.js';

const seal = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

/** The change of a task that puts a line into a file which holds `before`. */
function lineAdded(before: string, other: Partial<Change> = {}): Change {
  return {
    host: 'h1',
    title: 'a line in the file',
    place: 'site.yml:3',
    wanted: '["lineinfile","path=/etc/a line=new"]',
    effect: `${before} becomes ${before}new`,
    diff: JSON.stringify([before, `${before}new`]),
    foreseen: true,
    names: [],
    notifies: [],
    acts: true,
    ...other,
  };
}

const firstTask = lineAdded('', { title: 'the first', place: 'site.yml:2', diff: '["","x"]' });

/** The guard of a plan that was found again just as it was made. */
function guardOf(...plan: Change[]) {
  const recorder = createPlanRecorder(seal);
  for (const change of plan) recorder.watch({ ...change, acts: false });
  return recorder.guard(recorder.changes());
}

test('what changed on a host after the plan was found again stops its first change', () => {
  const guard = guardOf(lineAdded('old'));
  expect(() => guard(lineAdded('other'))).toThrow('h1 is not as it was when the plan was made');
});

test('a host that was stopped may do nothing more, though it were planned', () => {
  const guard = guardOf(firstTask, lineAdded('old'));
  expect(() => guard({ ...firstTask, diff: '["something else","x"]' })).toThrow('is not as it was');
  expect(() => guard(lineAdded('old'))).toThrow('would change h1 in a way that is not in the plan');
});

test('after the first change on a host, what the next tasks find there is the doing of the run', () => {
  const guard = guardOf(firstTask, lineAdded('old'));
  guard(firstTask);
  expect(() => guard(lineAdded('what the first task made'))).not.toThrow();
});

test('a change on one host says nothing about another', () => {
  const guard = guardOf(firstTask, lineAdded('old', { host: 'h2' }));
  guard(firstTask);
  expect(() => guard(lineAdded('other', { host: 'h2' }))).toThrow('h2 is not as it was');
});

test('a handler may run that nobody foresaw, once a planned command notified it', () => {
  const command = lineAdded('', { place: 'site.yml:4', foreseen: false, notifies: ['restart'], diff: undefined });
  const handler = lineAdded('', { place: 'site.yml:9', wanted: '["service","restarted"]', names: ['restart'] });
  const guard = guardOf(command);
  expect(() => guard(command)).not.toThrow();
  expect(() => guard(handler)).not.toThrow();
  expect(() => guardOf(firstTask)(handler)).toThrow('is not in the plan');
});

test('what a foreseen change notifies is in the plan or is not done', () => {
  const change = lineAdded('old', { notifies: ['restart'] });
  const handler = lineAdded('', { place: 'site.yml:9', wanted: '["service","restarted"]', names: ['restart'] });
  const guard = guardOf(change);
  guard(change);
  expect(() => guard(handler)).toThrow('is not in the plan');
});

test('a handler that nobody foresaw may notify another one', () => {
  const command = lineAdded('', { place: 'site.yml:4', foreseen: false, notifies: ['restart'], diff: undefined });
  const restart = lineAdded('', { place: 'site.yml:9', wanted: '1', names: ['restart'], notifies: ['reload'] });
  const reload = lineAdded('', { place: 'site.yml:10', wanted: '2', names: ['reload'] });
  const guard = guardOf(command);
  guard(command);
  guard(restart);
  expect(() => guard(reload)).not.toThrow();
});

test('a task that does nothing on a host does not excuse what differs there', () => {
  const guard = guardOf(firstTask, lineAdded('old'));
  guard({ ...firstTask, acts: false });
  expect(() => guard(lineAdded('other'))).toThrow('h1 is not as it was');
});

test('a plan is the same in whatever order hosts and tasks come to it', () => {
  const changes = [lineAdded('old'), firstTask, lineAdded('old', { host: 'h2' })];
  const [one, other] = [changes, changes.toReversed()].map((order) => {
    const recorder = createPlanRecorder(seal);
    for (const change of order) recorder.watch(change);
    return JSON.stringify(recorder.changes());
  });
  expect(one).toBe(other);
});
