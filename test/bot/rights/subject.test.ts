import { isAbout, isWithin, matchesGlob } from '../../../src/bot/subject.js';

const app = (name: string) => ({ kind: 'app' as const, name });
const playbook = (name: string) => ({ kind: 'playbook' as const, name });

test.each([
  ['an app by its id', ['/zeppelin'], app('zeppelin'), true],
  ['the same without the slash', ['zeppelin'], app('/zeppelin'), true],
  ['an app of that kind', ['app:zeppelin'], app('/zeppelin'), true],
  ['an app of that kind with a slash', ['app:/zeppelin'], app('/zeppelin'), true],
  ['no app of which it is the last part', ['zeppelin'], app('/other/zeppelin'), false],
  ['an app in a group', ['spark/*'], app('/spark/a/b'), true],
  ['not the group itself', ['spark/*'], app('/spark'), false],
  ['a playbook', ['site'], playbook('site'), true],
  ['no playbook where an app is meant', ['app:kafka'], playbook('kafka'), false],
  ['a role only as role:', ['zookeeper'], { kind: 'role' as const, name: 'zookeeper' }, false],
  ['a role', ['role:zoo*'], { kind: 'role' as const, name: 'zookeeper' }, true],
  ['a job', ['job:reindex'], { kind: 'job' as const, name: 'reindex' }, true],
  ['no job of a longer name', ['job:reindex'], { kind: 'job' as const, name: 'reindex2' }, false],
  ['one of several', ['a', 'z?p*'], app('zeppelin'), true],
  ['letters as they are written', ['Zeppelin'], app('zeppelin'), false],
  ['dots as dots', ['a.b'], app('axb'), false],
])('a glob means %s', (_what, globs, target, expected) => {
  expect(isAbout(globs, [target])).toBe(expected);
});

test('every target has to be matched, and nothing is matched by none', () => {
  expect(isAbout(['a'], [app('a'), app('b')])).toBe(false);
  expect(isAbout(['a', 'b'], [app('a'), app('b')])).toBe(true);
  expect(isAbout(['*'], [])).toBe(false);
  expect(isAbout(['*'])).toBe(false);
});

test('every host has to be within the patterns, and no host is within none', () => {
  const hosts = (...selected: string[]) => ({ selected, matched: (patterns: readonly string[]) => patterns });
  expect(isWithin(['a', 'b'], hosts('a'))).toBe(true);
  expect(isWithin(['a', 'b'], hosts('a', 'c'))).toBe(false);
  expect(isWithin([], hosts('a'))).toBe(false);
  expect(isWithin(['a'], hosts())).toBe(false);
  expect(isWithin(['a'], undefined)).toBe(false);
});

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['**', 'abc', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abcd', false],
  ['*b*', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '*', true],
  ['*ab', 'aab', true],
  ['a*b*c', 'a-b-b-c', true],
])('%s and %j: %s', (glob, text, expected) => {
  expect(matchesGlob(glob, text)).toBe(expected);
});

test('a glob with many stars finds its end', () => {
  expect(matchesGlob(`${'a*'.repeat(100)}b`, 'a'.repeat(10_000))).toBe(false);
});
