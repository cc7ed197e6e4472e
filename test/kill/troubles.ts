import type { Chance } from './chance.js';
import type { Crew } from './crew.js';
import type { DieAt } from './die-at-commit.js';
import { faultsOf } from './faults.js';
import type { Service } from './services.js';
import type { Wishes } from './wishes.js';
import type { World } from './world.js';

type Scene = { chance: Chance; wishes: Wishes; crew: Crew; world: World };

const MOST_ASKED = 4;
const MOST_PRESSED = 5;
const LONGEST_FAULT_MS = 12_000;

/** Lets people ask while a process dies, and sometimes the next one while it starts; how they died. */
export async function killOne({ chance, wishes, crew }: Scene): Promise<string> {
  const victim = chance.oneOf(crew.living());
  const dies = dyingOf(chance);
  if ('at' in dies) victim.dieAt(dies);
  await ask({ chance, wishes, ms: 'ms' in dies ? dies.ms : 6_000, victim });
  const byItself = !victim.isAlive();
  const stops = !byItself && chance.happens(0.15);
  if (stops) await victim.stop();
  victim.kill();
  await victim.dead;
  const how = byItself && 'at' in dies ? placeOf(dies) : stops ? 'stopped' : 'killed';
  if (!chance.happens(0.25)) return how;
  const plan = { at: chance.whole(1, 12), side: sideOf(chance) };
  return (await crew.startToDie(plan)) ? `${how}, the next one ${placeOf(plan)} of its start` : how;
}

/** Lets something fail for a while; what. */
export async function disturb({ chance, wishes, crew, world }: Scene): Promise<string> {
  const fault = chance.oneOf(faultsOf(world, chance));
  const before = crew.living().length;
  await ask({ chance, wishes, ms: chance.whole(0, 2_000) });
  const ms = chance.whole(500, LONGEST_FAULT_MS);
  fault.begin();
  try {
    await ask({ chance, wishes, ms });
  } finally {
    fault.end();
  }
  const ended = before - crew.living().length;
  return `${fault.name} for ${ms} ms${ended > 0 ? `, and ${ended} processes ENDED` : ''}`;
}

function dyingOf(chance: Chance): { ms: number } | DieAt {
  if (chance.happens(0.4)) return { ms: chance.whole(0, 3_000) };
  return { at: chance.whole(1, 60), side: sideOf(chance) };
}

function sideOf(chance: Chance): DieAt['side'] {
  return chance.oneOf(['before', 'after'] as const);
}

function placeOf({ at, side }: DieAt): string {
  return `died ${side} write ${at}`;
}

type Asking = Pick<Scene, 'chance' | 'wishes'> & { ms: number; victim?: Service };

/** People ask this and that and press buttons, for a while or until the victim is dead. */
async function ask({ chance, wishes, ms, victim }: Asking): Promise<void> {
  const endMs = Date.now() + ms;
  const asks = chance.whole(1, MOST_ASKED);
  for (let asked = 0, pressed = 0; victim?.isAlive() !== false && Date.now() < endMs; ) {
    if (asked < asks) {
      wishes.askOne();
      asked += 1;
    } else if (pressed < MOST_PRESSED && chance.happens(0.2)) {
      wishes.pressOne();
      pressed += 1;
    }
    await Promise.race([pause(chance.whole(0, 400)), ...(victim ? [victim.dead] : [])]);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
