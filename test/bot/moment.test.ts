import { expect, test } from '@jest/globals';
import { commands } from '../../commands/index.js';
import { validate } from '../../src/bot/meaning.js';
import { parse } from '../../src/bot/parse.js';
import { splitWords } from '../../src/bot/words.js';

const read = (line: string) => validate(parse(splitWords(line), { commands, environments: ['dev'] }));

const ENDING = ['scale livy 2 dev', 'stop livy dev', 'jobs disable x dev', 'drain c1 dev', 'lock dev', 'mute dev'];

test('these are all the commands that end by themselves', () => {
  const named = new Set(ENDING.map((line) => line.split(' ')[0]));
  expect(commands.filter(({ takesEnd }) => takesEnd).map(({ name }) => name)).toEqual(
    expect.arrayContaining([...named]),
  );
  expect(named.size).toBe(commands.filter(({ takesEnd }) => takesEnd).length);
});

test.each(ENDING)('“%s for 5x” is refused when its words are read, before anything is recorded', (line) => {
  for (const end of ['for 5x', 'until 25:00', 'until 2026-13-01'])
    expect(() => read(`${line} ${end}`)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('until: is a time such as 90m, 2h') }),
    );
});

test.each(['for 90m', 'for 3d', 'until 18:00', 'until 2026-12-24T18:00'])('“lock dev %s” is taken', (end) => {
  expect(read(`lock dev ${end}`)).toMatchObject({ until: end.split(' ')[1] });
});
