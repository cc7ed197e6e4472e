import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createConfigurationWatch } from '../../src/bot/configuration-watch.js';
import { silentLog } from '../../src/log.js';
import { createConfigurationStore } from '../../src/store/configuration.js';
import { type UpkeepHome, upkeepHome } from './upkeep-home.js';

let place: UpkeepHome;

beforeEach(async () => {
  place = await upkeepHome({
    'stars.yml': 'slack: {channel: C1}\n',
    'inventories/staging/hosts': 'localhost\n',
    'inventories/staging/group_vars/all.yml': 'password: hunter22\n',
    'inventories/staging/.git/HEAD': 'ref\n',
    'stack/play.yml': '[]\n',
  });
});
afterEach(() => place.stop());

function watch() {
  const store = createConfigurationStore(place.database, place.audit);
  return createConfigurationWatch({ home: place.home, store, clock: place.clock, log: silentLog });
}

const told = async () =>
  (await place.audit.search({ limit: 100 })).toReversed().flatMap(({ details }) => Object.entries(details ?? {}));

test('the files that say who may do what where are seen, and nothing of what stands in them is told', async () => {
  await watch().look();
  expect((await told()).map(([path]) => path).toSorted()).toEqual([
    'inventories/staging/group_vars/all.yml',
    'inventories/staging/hosts',
    'stars.yml',
  ]);
  const rows = await place.database.selectFrom('audit').select('body').execute();
  expect(JSON.stringify(rows)).not.toContain('hunter22');
});

test('a change is told with both hashes, by the watch that is there and by one of a later process', async () => {
  const first = watch();
  await first.look();
  const before = (await told()).length;
  await first.look();
  expect(await told()).toHaveLength(before);
  place.write('inventories/staging/environment.yml', 'production: true\n');
  await first.look();
  expect((await told()).slice(before)).toEqual([
    ['inventories/staging/environment.yml', expect.stringMatching(/^new, [\da-f]{16}$/)],
  ]);
  place.write('inventories/staging/environment.yml', 'production: false\n');
  await watch().look();
  expect((await told()).slice(before + 1)).toEqual([
    ['inventories/staging/environment.yml', expect.stringMatching(/^[\da-f]{16} → [\da-f]{16}$/)],
  ]);
  await first.look();
  expect(await told()).toHaveLength(before + 2);
});

test('an inventory that lies elsewhere counts, and so does a file that has gone', async () => {
  place.write('inventories/staging/environment.yml', 'inventory: ../../common/hosts\n');
  place.write('common/hosts', 'localhost\n');
  await watch().look();
  place.write('common/hosts', 'localhost\nother\n');
  rmSync(join(place.home.folder, 'stars.yml'));
  const before = (await told()).length;
  await watch().look();
  expect((await told()).slice(before)).toEqual([
    ['common/hosts', expect.stringContaining(' → ')],
    ['stars.yml', expect.stringMatching(/→ gone$/)],
  ]);
});

test('a file that cannot be understood is watched like any other', async () => {
  place.write('inventories/staging/environment.yml', 'access: [\n');
  await watch().look();
  expect((await told()).map(([path]) => path)).toContain('inventories/staging/environment.yml');
});

test('a running service looks every minute until it is stopped', async () => {
  const stop = watch().start();
  await settled(() => place.clock.pending() === 1);
  const before = (await told()).length;
  expect(before).toBe(3);
  place.write('stars.yml', '{}\n');
  await place.clock.advance(60_000);
  await settled(() => place.clock.pending() === 1);
  expect(await told()).toHaveLength(before + 1);
  await stop();
  expect(place.clock.pending()).toBe(0);
});

/** Lets the files and the database answer, which no clock moves. */
async function settled(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}
