import { type Answer, corpus, differences, readFixture } from './corpus.js';

const golden = JSON.parse(readFixture('jinja/answers.json')) as Answer[];

test('the golden answers belong to this corpus', () => {
  expect(golden).toHaveLength(corpus().length);
});

test('every case is answered as Jinja2 3.1, ansible-core 2.14 and PyYAML answer it', () => {
  expect(differences(corpus(), golden)).toEqual([]);
});
