import { answerOfStars, goldenOf, inventoryCases } from './inventory-corpus.js';

describe('the corpus, compared with what ansible-core 2.14 answered', () => {
  test.each(inventoryCases().map((one) => [one.name, one] as const))('%s', async (name, one) => {
    expect(await answerOfStars(one)).toEqual(goldenOf(name));
  });
});
