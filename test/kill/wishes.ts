import type { FakeMessage } from '../../src/sandbox/fake-slack/workspace.js';
import type { Chance } from './chance.js';
import { APP, askingPerson, approvingPerson, channelOf, LOCKED_ENVIRONMENT, type World } from './world.js';

/** Something that somebody asks of Stars in Slack. */
export type Wish = {
  words: string;
  how: 'command' | 'mention' | 'click';
  /** The id of who asked; nobody asks twice. */
  person: string;
  /** The name of who asked. */
  name: string;
  /** Stands in what it leaves on hosts; deploys have one. */
  token?: string;
  /** Whether it becomes a run. */
  makesRun: boolean;
  /** Slack was told that it has arrived. */
  acked: boolean;
};

export type Wishes = ReturnType<typeof createWishes>;

/** Asks Stars for this and that, and remembers it. */
export function createWishes(world: World, chance: Chance) {
  const { slack } = world.sandbox;
  const all: Wish[] = [];
  const under = new Set<Promise<unknown>>();
  let asked = 0;
  let approved = 0;
  let round = 1;

  function startRound(number: number): void {
    round = number;
  }

  function askOne(): void {
    const number = (asked += 1);
    const { id, name } = askingPerson(number);
    const wish: Wish = {
      ...wanted(number),
      person: id,
      name,
      how: chance.oneOf(['command', 'mention'] as const),
      acked: false,
    };
    all.push(wish);
    const where = { person: name, channel: channelOf(round) };
    if (chance.happens(0.2)) slack.deliverTwice();
    const delivered =
      wish.how === 'command' ? slack.say(wish.words, where) : slack.mention(wish.words, where).delivered;
    remember(wish, delivered);
  }

  function wanted(number: number): Pick<Wish, 'words' | 'token' | 'makesRun'> {
    const token = `t${number}`;
    const sort = chance.number();
    const split = chance.happens(0.3) ? ' --split 2' : '';
    if (sort < 0.3) return { words: `deploy marks sandbox -e given=${token}${split}`, token, makesRun: true };
    if (sort < 0.4)
      return { words: `deploy marks sandbox -e given=${token} -e pause=1${split}`, token, makesRun: true };
    if (sort < 0.78) {
      const name = `marks-${number}`;
      world.writePlaybook(name, token);
      return { words: `deploy ${name} ${sort < 0.58 ? 'sandbox' : 'guarded'}${split}`, token, makesRun: true };
    }
    if (sort < 0.84) return { words: `restart ${APP} sandbox`, makesRun: true };
    if (sort < 0.88) return { words: `lock ${LOCKED_ENVIRONMENT} for 1m --reason n${number}`, makesRun: false };
    if (sort < 0.91) return { words: `unlock ${LOCKED_ENVIRONMENT}`, makesRun: false };
    if (sort < 0.94) return { words: 'status sandbox', makesRun: true };
    if (sort < 0.96) return { words: 'backup sandbox', makesRun: true };
    return { words: chance.oneOf(['whoami', 'history', 'locks']), makesRun: false };
  }

  /** Presses a button, or chooses from a menu, that some message of the last rounds shows, if there is one. */
  function pressOne(): void {
    const shown = messagesSince(round - ROUNDS_BACK).flatMap((message) =>
      buttonsOf(message).map((action) => ({ message, action })),
    );
    if (shown.length === 0) return;
    // Each kind as often as another, though nearly every message can be cancelled.
    const action = chance.oneOf([...new Set(shown.map((one) => one.action))]);
    press(chance.oneOf(shown.filter((one) => one.action === action)).message, action);
  }

  function messagesSince(first: number): FakeMessage[] {
    const from = Math.max(1, first);
    return Array.from({ length: round - from + 1 }, (_, index) => slack.messages(channelOf(from + index))).flat();
  }

  /** Approves or denies what waits for that, of all rounds: what Slack repeats late becomes a run of one that is long over. */
  function decideAll(): void {
    for (const message of messagesSince(1))
      if (buttonsOf(message).includes('stars.do.approve') && !decided.has(message.ts))
        press(message, chance.happens(0.8) ? 'stars.do.approve' : 'stars.do.deny');
  }

  const decided = new Set<string>();

  function press(message: FakeMessage, action: string): void {
    const decides = action === 'stars.do.approve' || action === 'stars.do.deny';
    const { id, name } = decides ? approvingPerson((approved += 1)) : askingPerson((asked += 1));
    const words = `${action} on ${message.ts}`;
    const wish: Wish = { words, how: 'click', person: id, name, makesRun: false, acked: false };
    all.push(wish);
    if (decides) decided.add(message.ts);
    if (chance.happens(0.3)) slack.deliverTwice();
    remember(
      wish,
      slack.click(message.ts, action, { person: name, ...(action === TAKES_OVER ? { option: 'It hangs' } : {}) }),
    );
    // Where nothing came of it, such as while nobody knew who may, somebody else presses after a while.
    if (decides) setTimeout(() => decided.delete(message.ts), AGAIN_AFTER_MS);
  }

  function remember(wish: Wish, delivered: Promise<{ acked: boolean }>): void {
    const work = note(wish, delivered).finally(() => under.delete(work));
    // Slack repeats a mention that nobody took for minutes: it may come any time.
    if (wish.how !== 'mention') under.add(work);
  }

  async function note(wish: Wish, delivered: Promise<{ acked: boolean }>): Promise<void> {
    const { acked } = await delivered.catch(() => ({ acked: false }));
    wish.acked = acked;
  }

  /** Resolves when Slack knows of every command and click whether it arrived. */
  async function delivered(): Promise<void> {
    while (under.size > 0) await Promise.all(under);
  }

  /** How often each button was pressed. */
  function pressed(): string {
    const actions = all.filter(({ how }) => how === 'click').map(({ words }) => words.split(' ')[0] ?? '');
    const counts = [...new Set(actions)].map((action) => [action, actions.filter((one) => one === action).length]);
    return counts.map(([action, count]) => `${action} ${count}`).join(', ');
  }

  return { all, startRound, askOne, pressOne, decideAll, delivered, pressed };
}

const AGAIN_AFTER_MS = 4_000;

const ROUNDS_BACK = 2;
const TAKES_OVER = 'stars.do.unlock';
const PRESSED = new Set([
  TAKES_OVER,
  ...['cancel', 'approve', 'deny', 'verify', 'resume', 'retry', 'halt'].map((command) => `stars.do.${command}`),
]);

function buttonsOf({ blocks = [] }: FakeMessage): string[] {
  return blocks
    .flatMap((block) => (block.type === 'actions' ? block.elements : []))
    .flatMap((element) => ('action_id' in element && element.action_id ? [element.action_id] : []))
    .filter((action) => PRESSED.has(action));
}
