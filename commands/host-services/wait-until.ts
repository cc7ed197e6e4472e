import type { CommandContext } from '../../src/bot/command.js';
import { asStarsError, StarsError } from '../../src/errors.js';
import { poll } from '../../src/poll.js';

type Waiting = Pick<CommandContext<unknown>, 'clock' | 'signal' | 'note'>;

const LOOK_EVERY_MS = 1_000;
/** Who is asked while things restart may well be away for a moment. */
const NOT_YET: ReadonlySet<string> = new Set(['API_UNREACHABLE', 'API_ANSWER']);

/**
 * Looks until there is an answer; a text says what is missing still. Throws UNHEALTHY with the last of those when it takes longer than
 * `timeoutMs`.
 */
export async function waitUntil<T>(
  look: () => Promise<T | string>,
  { what, hint, timeoutMs }: { what: string; hint?: string; timeoutMs: number },
  { clock, signal, note }: Waiting,
): Promise<T> {
  let missing = '';
  const ask = async (): Promise<{ answer: T } | undefined> => {
    try {
      const answer = await look();
      if (typeof answer !== 'string') return { answer };
      tell(answer);
    } catch (thrown) {
      const error = asStarsError(thrown);
      if (!NOT_YET.has(error.code)) throw error;
      tell(error.message.replace(/\.$/, ''));
    }
    return undefined;
  };
  const tell = (words: string) => {
    if (words !== missing && missing !== '') note(`Still waiting: ${words}.`);
    missing = words;
  };
  try {
    return (await poll(ask, { clock, everyMs: LOOK_EVERY_MS, timeoutMs, signal, what })).answer;
  } catch (error) {
    if (!(error instanceof StarsError) || error.code !== 'TIMEOUT') throw error;
    const details = { cause: error, ...(hint === undefined ? {} : { hint }) };
    throw new StarsError(
      'UNHEALTHY',
      `${what} did not happen within ${Math.round(timeoutMs / 1000)} s: ${missing}.`,
      details,
    );
  }
}
