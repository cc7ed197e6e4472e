import { createTurns } from '../../src/slack/turns.js';

test('so many go on at a time, what is urgent goes first, and what fails hands its turn on', async () => {
  const turns = createTurns(2);
  const began: string[] = [];
  const ends = new Map<string, (failed?: boolean) => void>();
  const start = (name: string, urgent = false) =>
    turns
      .take(
        () =>
          new Promise<void>((resolve, reject) => {
            began.push(name);
            ends.set(name, (failed = false) => (failed ? reject(new Error(name)) : resolve()));
          }),
        { urgent },
      )
      .catch(() => undefined);
  const all = [start('a'), start('b'), start('c'), start('d'), start('urgent', true)];
  const quiet = () => new Promise((resolve) => setImmediate(resolve));
  await quiet();
  expect(began).toEqual(['a', 'b']);
  ends.get('a')?.(true);
  await quiet();
  expect(began).toEqual(['a', 'b', 'urgent']);
  ends.get('b')?.();
  await quiet();
  ends.get('urgent')?.();
  await quiet();
  expect(began).toEqual(['a', 'b', 'urgent', 'c', 'd']);
  ends.get('c')?.();
  ends.get('d')?.();
  await Promise.all(all);
});
