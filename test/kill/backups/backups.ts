import { diffBackups, type Definitions } from '../../../src/cluster/diff.js';
import { type Chance, createChance } from '../chance.js';
import { ownOptions, say } from '../options.js';
import { createScore } from '../score.js';
import { type Death, stars } from './stars.js';
import { openWorld, type World } from './world.js';

// A few more than there are of each in a whole run, so that some processes come to their end unharmed.
const DISK_CALLS = 38;
const CHANGES = 9;
const LONGEST_LIFE_MS = 6_000;

process.exitCode = (await harness(ownOptions())) ? 0 : 1;
process.exit();

/** Kills processes of Stars while they take and restore backups, and looks afterwards whether any backup was lost or lies. */
async function harness({ kills, seed }: { kills: number; seed: number }): Promise<boolean> {
  say(`seed ${seed}: ${kills} kills during backup and restore`);
  const chance = createChance(seed);
  const world = await openWorld();
  const score = createScore(say);
  try {
    const first = await stars(['backup', 'practice'], world.home);
    if (first.status !== 0) throw new Error(`The first backup failed:\n${first.output}`);
    for (let killed = 0, round = 1; killed < kills; round += 1) {
      const story = chance.happens(0.5)
        ? await duringBackup(world, chance, round)
        : await duringRestore(world, chance, round);
      if (story.killed) killed += 1;
      for (const { name, wrong } of story.properties)
        score.count({ name, wrong: wrong.map((text) => `round ${round}: ${text}`) });
      say(`${killed}/${kills} ${story.words}: ${score.words()}`);
    }
  } finally {
    await world.stop();
  }
  process.stdout.write(`${score.words()}\n`);
  return score.isGood();
}

type Story = { words: string; killed: boolean; properties: { name: string; wrong: string[] }[] };

async function duringBackup(world: World, chance: Chance, round: number): Promise<Story> {
  await world.cluster.marathon.patch('/data/cache', { mem: 32 + (round % 30) }, { force: true });
  const before = await world.folder.newestGood();
  const death = chance.happens(0.8)
    ? { call: `disk:${chance.whole(1, DISK_CALLS)}:${chance.oneOf(['before', 'half', 'after'])}` }
    : { afterMs: chance.whole(200, LONGEST_LIFE_MS) };
  const { killed, status, output } = await stars(['backup', 'practice'], world.home, death);
  const after = await world.folder.newestGood();
  const isNew = after !== undefined && after.name !== before?.name;
  return {
    words: `backup, ${wordsOf(death, killed)}`,
    killed,
    properties: [
      { name: 'every backup is whole', wrong: await damaged(world) },
      {
        name: 'the newest good one is not lost',
        wrong: after && before && after.name >= before.name ? [] : [`${before?.name} is gone`],
      },
      {
        name: 'who says that a backup was taken is right',
        wrong: status === 0 && !isNew ? [`no new backup:\n${output}`] : [],
      },
      { name: 'who lives succeeds', wrong: killed || status === 0 ? [] : [output] },
    ],
  };
}

async function duringRestore(world: World, chance: Chance, round: number): Promise<Story> {
  const good = await world.folder.newestGood();
  if (!good) throw new Error('There is no good backup any more.');
  await lose(world, chance, round);
  const death = chance.happens(0.7)
    ? chance.happens(0.7)
      ? { call: `http:${chance.whole(1, CHANGES)}:${chance.oneOf(['before', 'after'])}` }
      : { call: `disk:${chance.whole(1, DISK_CALLS)}:${chance.oneOf(['before', 'half', 'after'])}` }
    : { afterMs: chance.whole(200, LONGEST_LIFE_MS) };
  const first = await stars(['restore', good.name, 'practice'], world.home, death);
  const whole = await damaged(world);
  const again = first.killed ? await stars(['restore', good.name, 'practice'], world.home) : first;
  const differences = diffBackups(good, await live(world));
  return {
    words: `restore, ${wordsOf(death, first.killed)}`,
    killed: first.killed,
    properties: [
      { name: 'every backup is whole', wrong: whole },
      {
        name: 'the restore comes to its end when it is asked for again',
        wrong: again.status === 0 ? [] : [again.output],
      },
      { name: 'the cluster is what was saved', wrong: differences },
    ],
  };
}

/** Takes away and changes some of what was saved. */
async function lose({ cluster: { marathon, chronos } }: World, chance: Chance, round: number): Promise<void> {
  const there = (await marathon.apps()).map(({ id }) => id);
  if (there.includes('/web') && chance.happens(0.7)) await marathon.remove('/web', { force: true });
  if (there.includes('/asleep') && chance.happens(0.5)) await marathon.remove('/asleep', { force: true });
  await marathon.patch('/data/db', { mem: 64 + (round % 30) }, { force: true });
  const jobs = (await chronos.jobs()).map(({ name }) => name);
  if (jobs.includes('reindex') && chance.happens(0.7)) await chronos.remove('reindex');
  if (jobs.includes('report')) await chronos.setDisabled('report', false);
}

async function live({ cluster: { marathon, chronos } }: World): Promise<Definitions> {
  return {
    apps: await marathon.definitions(),
    pods: await marathon.podDefinitions(),
    jobs: await chronos.definitions(),
  };
}

async function damaged({ folder }: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of await folder.list()) await folder.read(name).catch((error: Error) => wrong.push(error.message));
  return wrong;
}

function wordsOf(death: Death, killed: boolean): string {
  const how = 'call' in death ? `at ${death.call}` : `after ${death.afterMs} ms`;
  return killed ? `killed ${how}` : `would have been killed ${how}, but ended before`;
}
