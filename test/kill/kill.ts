import { createChance } from './chance.js';
import { createCrew, type Crew } from './crew.js';
import { type KillOptions, ownOptions, say } from './options.js';
import { checkAll, type Property, story, underWay } from './properties.js';
import { scheduleTally, untilMinuteEnds } from './schedules.js';
import { createScore } from './score.js';
import { disturb, killOne } from './troubles.js';
import { createWishes, type Wishes } from './wishes.js';
import { openWorld, type World } from './world.js';

const RECEIVED_WITHIN_MS = 20_000;
const SETTLE_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;
const PEOPLE_A_ROUND = 20;

process.exitCode = (await harness(ownOptions())) ? 0 : 1;
process.exit();

/** Kills processes of Stars while people ask for this and that, and looks afterwards whether all of it came right. */
async function harness(options: KillOptions): Promise<boolean> {
  const { kills, seed, processes, postgres, faults } = options;
  const where = postgres ? 'PostgreSQL' : 'the embedded store';
  say(`seed ${seed}: ${kills} ${faults ? 'faults' : 'kills'}, ${processes} at a time, on ${where}`);
  const chance = createChance(seed);
  const people = (kills + 2) * PEOPLE_A_ROUND;
  const world = await openWorld(options, { asking: people, approving: people, channels: kills });
  const wishes = createWishes(world, chance);
  const crew = createCrew(world, processes);
  const score = createScore(say);
  try {
    for (let round = 1; round <= kills; round += 1) {
      wishes.startRound(round);
      await crew.complete();
      await received(world);
      if (options.schedules) await untilMinuteEnds();
      const how = await (faults ? disturb : killOne)({ chance, wishes, crew, world });
      if (faults) score.count({ name: 'nothing ended', wrong: how.includes('ENDED') ? [how] : [] });
      await wishes.delivered();
      const { open, asOf } = await settled({ world, wishes, crew, round });
      score.count({ name: 'everything settled', wrong: open });
      for (const property of await checkAll(world, wishes.all, { rounds: round, mayFail: faults, asOf }))
        score.count(property);
      say(`${round}/${kills} ${how}: ${wishes.all.length} asked, ${score.words()}`);
      if (open.length > 0) say(crew.log(2_000));
    }
    score.count(mostWasTaken(wishes));
    say(await tally(world));
    say(await scheduleTally(world));
    say(`pressed: ${wishes.pressed()}`);
    if (options.story) say(await story(world, wishes.all, kills));
    for (const service of crew.living()) {
      const status = await service.stop();
      score.count({ name: 'stops when asked', wrong: status === 0 ? [] : [`${service.name} ended with ${status}`] });
    }
  } finally {
    await crew.kill();
    await world.stop();
  }
  process.stdout.write(`${score.words()}\n`);
  return score.isGood();
}

/** How many runs ended how: a harness in which nothing succeeds, or nothing is interrupted, shows nothing. */
async function tally({ database }: World): Promise<string> {
  const rows = await database
    .selectFrom('runs')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  return `runs: ${rows.map(({ state, count }) => `${count} ${state}`).join(', ')}`;
}

/** Waits until somebody receives from Slack: what is asked before that tells nothing of kills. */
async function received({ sandbox: { slack } }: World): Promise<void> {
  const endMs = Date.now() + RECEIVED_WITHIN_MS;
  while (slack.sockets() === 0 && Date.now() < endMs) await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
}

/** Properties of what nobody took are kept by doing nothing. */
function mostWasTaken({ all }: Wishes): Property {
  const taken = all.filter(({ acked }) => acked).length;
  return { name: 'most was taken', wrong: taken * 2 > all.length ? [] : [`${taken} of ${all.length} were taken`] };
}

type Settling = { world: World; wishes: Wishes; crew: Crew; round: number };

/** Waits until nothing is under way; what still is after that, and when it was looked at. */
async function settled({ world, wishes, crew, round }: Settling): Promise<{ open: string[]; asOf: Date }> {
  const endMs = Date.now() + SETTLE_WITHIN_MS;
  for (;;) {
    // One that was to die while it started may still do so a moment later.
    await crew.complete();
    wishes.decideAll();
    await wishes.delivered();
    const asOf = new Date();
    const open = await underWay(world, round);
    if (open.length === 0 || Date.now() > endMs) return { open, asOf };
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}
