import { remainderOf, remainderOfParts } from '../../src/model/remainder.js';
import type { HostRecap, RunEvent, RunEventBody } from '../../src/model/run.js';
import { emptyRecap } from '../../src/model/run-view.js';

const PLAY = { play: 'Work', role: null };

function part(...bodies: RunEventBody[]): RunEvent[] {
  return bodies.map((body, index) => ({ run: 'r-1', seq: index + 1, at: '2026-01-01T00:00:00.000Z', ...body }));
}

type Started = Extract<RunEventBody, { type: 'task.started' }>;
type Result = Extract<RunEventBody, { type: 'task.result' }>;

function task(name: string, more: Partial<Started> = {}): RunEventBody {
  return { type: 'task.started', ...PLAY, task: name, ...more };
}

function result(name: string, host: string, status: Result['status'] = 'ok', more: Partial<Result> = {}): RunEventBody {
  return { type: 'task.result', ...PLAY, task: name, host, status, changed: false, ms: 1, ...more };
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

const HANDLER = { handler: true } as const;
const INCLUDED = { included: true } as const;
const lostH1 = ended('failed', { h1: { failed: 1 }, h2: { ok: 3 } });
const aWasDone = [task('a'), result('a', 'h1'), result('a', 'h2')];

describe('a run is gone on with', () => {
  test.each([
    [
      'from the beginning where a host was lost as its facts were gathered',
      [task('Gathering Facts'), result('Gathering Facts', 'h1', 'unreachable')],
      undefined,
    ],
    [
      'at the include of the task that failed',
      [...aWasDone, task('more', INCLUDED), result('more', 'h1', 'failed')],
      'a',
    ],
    ['at the task before the handler that failed', [...aWasDone, task('h', HANDLER), result('h', 'h1', 'failed')], 'a'],
    [
      'at a task by its role',
      [...aWasDone, task('b', { role: 'r' }), result('b', 'h1', 'failed', { role: 'r' })],
      'r : b',
    ],
    [
      'at the task whose rescue failed',
      [...aWasDone, task('b'), result('b', 'h1', 'failed'), task('c', { part: 'rescue' }), result('c', 'h1', 'failed')],
      'b',
    ],
    [
      'at the task that failed, though what is always done failed after it',
      [...aWasDone, task('b'), result('b', 'h1', 'failed'), task('c', { part: 'always' }), result('c', 'h1', 'failed')],
      'b',
    ],
    [
      'at the task of the host that the recap counts as lost',
      [...aWasDone, task('b'), result('b', 'h2', 'failed'), task('c'), result('c', 'h1', 'unreachable')],
      'c',
    ],
    [
      'at its task, not at an item of it that was ignored',
      [
        ...aWasDone,
        task('b'),
        result('b', 'h1', 'failed', { item: 'x' }),
        result('b', 'h1', 'ignored'),
        task('c'),
        result('c', 'h1', 'failed'),
      ],
      'c',
    ],
  ])('%s', (_title, bodies, startAt) => {
    expect(remainderOf(part(...bodies, lostH1)).startAt).toBe(startAt);
  });

  test('at the earliest task of all hosts that were lost', () => {
    const both = ended('failed', { h1: { failed: 1 }, h2: { unreachable: 1 } });
    const lost = [
      task('b'),
      result('b', 'h2', 'unreachable'),
      result('b', 'h1'),
      task('c'),
      result('c', 'h1', 'failed'),
    ];
    expect(remainderOf(part(...aWasDone, ...lost, both))).toMatchObject({
      startAt: 'b',
      lost: ['h1', 'h2'],
      through: [],
    });
  });
});

test('who failed and was rescued is through; of a run that was cut off nobody is', () => {
  const rescued = [
    ...aWasDone,
    task('b'),
    result('b', 'h2', 'failed'),
    task('c', { part: 'rescue' }),
    result('c', 'h2'),
  ];
  const end = ended('failed', { h1: { failed: 1 }, h2: { rescued: 1, ok: 2 } });
  expect(remainderOf(part(...rescued, end))).toMatchObject({ lost: ['h1'], through: ['h2'] });
  expect(remainderOf(part(...aWasDone, interrupted))).toMatchObject({ lost: [], through: [] });
  expect(remainderOf(part(...aWasDone, { ...lostH1, brokenOff: true } as RunEventBody))).toMatchObject({ through: [] });
});

describe('a handler is owed', () => {
  const notified = (host: string) => [task('a'), result('a', host, 'ok', { changed: true, notified: ['h'] })];
  const owed = (host: string) => [{ play: 'Work', host, handler: 'h' }];

  test.each([
    ['that was notified', [...notified('h1')], owed('h1')],
    ['that failed', [...notified('h1'), task('h', HANDLER), result('h', 'h1', 'failed')], owed('h1')],
    [
      'whose host was lost in it',
      [...notified('h1'), task('h', HANDLER), result('h', 'h1', 'unreachable')],
      owed('h1'),
    ],
    ['that another host has run', [...notified('h1'), task('h', HANDLER), result('h', 'h2')], owed('h1')],
    ['when a task is called as it is', [...notified('h1'), task('h'), result('h', 'h1')], owed('h1')],
    ['no more once it has run', [...notified('h1'), task('h', HANDLER), result('h', 'h1')], []],
    [
      'no more once it has run, though another task began meanwhile',
      [...notified('h1'), task('h', HANDLER), task('b'), result('h', 'h1'), result('b', 'h2')],
      [],
    ],
  ])('%s', (_title, bodies, expected) => {
    expect(remainderOf(part(...bodies, interrupted)).owed).toEqual(expected);
  });
});
