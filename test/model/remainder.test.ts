import { remainderOfParts } from '../../src/model/remainder.js';
import type { HostRecap, RunEvent, RunEventBody } from '../../src/model/run.js';
import { emptyRecap } from '../../src/model/run-view.js';

const PLAY = { play: 'Work', role: null };

function part(...bodies: RunEventBody[]): RunEvent[] {
  return bodies.map((body, index) => ({ run: 'r-1', seq: index + 1, at: '2026-01-01T00:00:00.000Z', ...body }));
}

const task = (name: string): RunEventBody => ({ type: 'task.started', ...PLAY, task: name });

function result(name: string, host: string, status: 'ok' | 'failed' = 'ok'): RunEventBody {
  return { type: 'task.result', ...PLAY, task: name, host, status, changed: false, ms: 1 };
}

function ended(state: 'succeeded' | 'failed', hosts: Record<string, Partial<HostRecap>>): RunEventBody {
  const recaps = Object.entries(hosts).map(([host, recap]) => [host, { ...emptyRecap(), ...recap }] as const);
  return { type: 'run.finished', state, ms: 1, hosts: Object.fromEntries(recaps) };
}

const interrupted: RunEventBody = { type: 'run.finished', state: 'interrupted', ms: 1 };

const through = part(task('a'), result('a', 'h1'), task('b'), result('b', 'h1'), ended('succeeded', { h1: { ok: 2 } }));
const failedAtB = part(
  task('a'),
  result('a', 'h2'),
  task('b'),
  result('b', 'h2', 'failed'),
  ended('failed', { h2: { failed: 1 } }),
);
const cutOffAtA = part(task('a'), interrupted);

test('what is left of a run that was split is what is left of its parts, and it goes on where the first of them stopped', () => {
  expect(remainderOfParts([through, failedAtB])).toMatchObject({ lost: ['h2'], through: ['h1'], startAt: 'b' });
  expect(remainderOfParts([through, failedAtB, cutOffAtA])).toMatchObject({ through: ['h1'], startAt: 'a' });
});

test('nothing is left where every part was done before the whole was cut off', () => {
  expect(remainderOfParts([through, through]).nothingLeft).toBe(true);
  expect(remainderOfParts([through, failedAtB]).nothingLeft).toBe(false);
  expect(remainderOfParts([through, part(interrupted)]).nothingLeft).toBe(false);
});

test('where a part had not begun it goes on from the beginning, and so it does where the order of tasks is not told', () => {
  expect(remainderOfParts([failedAtB, part(interrupted)]).startAt).toBeUndefined();
  const elsewhere = part(task('c'), interrupted);
  expect(remainderOfParts([failedAtB, elsewhere]).startAt).toBeUndefined();
});
