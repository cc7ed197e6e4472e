import { practise, type Practice } from '../e2e/support/practice.js';

let practice: Practice;

beforeAll(async () => {
  practice = await practise();
  practice.write('inventories/other/hosts', 'localhost\n');
});
afterAll(() => practice.stop());

test('before the first run the history says so', async () => {
  expect(await practice.type('history')).toMatchObject({ status: 0, out: 'Nothing has been run yet.\n' });
});

test('lists the runs of all environments, or of the one that is named, newest first', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  await practice.type('deploy', 'motd', 'other', '--check');
  const lines = async (...words: string[]) => (await practice.type('history', ...words)).out.trim().split('\n');
  expect(await lines()).toEqual([expect.stringContaining('motd other'), expect.stringContaining('motd sandbox')]);
  expect(await lines('sandbox')).toEqual([expect.stringContaining('motd sandbox')]);
  expect(await lines('--lines', '1')).toHaveLength(1);
});

test('a run is shown by the start of its id as well, and asking about runs is no run', async () => {
  await practice.type('deploy', 'motd', 'sandbox', '--check');
  const [run] = await practice.stars.store.list({ limit: 1 });
  const { out } = await practice.type('show', run?.id.slice(0, -1) ?? '');
  expect(out).toContain(`Run ${run?.id}: deploy motd sandbox --check`);
  expect((await practice.stars.store.list({ limit: 1 }))[0]?.id).toBe(run?.id);
});

test('whoami names the person by the id that rights are given to', async () => {
  const { out } = await practice.type('whoami');
  expect(out).toMatch(/^You are \S+ \(terminal:\S+\), asking from the terminal\.\nYou may run: deploy, /);
});
