import { restore } from '../../commands/restore.js';
import { scale } from '../../commands/scale.js';
import { resourcesOf } from '../../src/bot/command.js';

const asked = { home: {} as never, environment: {} as never };

test.each(['/data/zeppelin', 'data/zeppelin', 'zeppelin'])(
  'the restore of one app and a change of it wait for each other, when the restore names it %s',
  async (app) => {
    const changed = await resourcesOf(scale, { args: { app: 'zeppelin' }, ...asked });
    expect(await resourcesOf(restore, { args: { app }, ...asked })).toEqual(changed);
  },
);
