import type { DifferentialCase } from '../case.js';

const SHOW = 'debconf-show tzdata';

const one = (name: string, args: object, more: Partial<DifferentialCase> = {}): DifferentialCase => ({
  name,
  tasks: JSON.stringify([{ debconf: args }]),
  probe: SHOW,
  alone: true,
  ...more,
});

const zone = { name: 'tzdata', question: 'tzdata/Areas', vtype: 'select' };

export const cases: DifferentialCase[] = [
  one('what is answered', { name: 'tzdata' }),
  one('another answer', { ...zone, value: 'Europe' }),
  one(
    'the answer that is there',
    { ...zone, value: 'Asia' },
    { setup: "echo 'tzdata tzdata/Areas select Asia' | debconf-set-selections" },
  ),
  one(
    'a question of another package',
    { name: 'mine', question: 'mine/x', vtype: 'string', value: 'a b' },
    { probe: 'debconf-show mine' },
  ),
  one('a boolean', { name: 'mine', question: 'mine/b', vtype: 'boolean', value: true }, { probe: 'debconf-show mine' }),
  one(
    'a boolean that is there',
    { name: 'mine', question: 'mine/b', vtype: 'boolean', value: 'True' },
    { probe: 'debconf-show mine' },
  ),
  one(
    'a password',
    { name: 'mine', question: 'mine/p', vtype: 'password', value: 'se cret' },
    { probe: 'debconf-show mine' },
  ),
  one(
    'not yet seen',
    { pkg: 'mine', selection: 'mine/u', vtype: 'string', answer: 'x', unseen: true },
    { probe: 'debconf-show mine' },
  ),
  ...['error', 'multiselect', 'note', 'seen', 'text', 'title'].map((vtype) =>
    one(
      `of the type ${vtype}`,
      { name: 'mine', question: `mine/${vtype}`, vtype, value: 'true' },
      { probe: 'debconf-show mine' },
    ),
  ),
  one('half a question', { name: 'mine', question: 'mine/x' }),
];
