import { Script, createContext } from 'node:vm';
import { templateError } from './template-error.js';

/** A regular expression that people wrote: one that would take for ever on some text is stopped, since this thread does everything else too. */
export function boundedRegExp(source: string, flags: string): RegExp {
  const bare = source.replaceAll(/\\./gs, '').replaceAll(/\[\^?\]?[^\]]*\]/g, '[]');
  if (REPEATED_GROUP.test(bare)) return new BoundedRegExp(source, flags, 0);
  const repeats = bare.match(UNBOUNDED)?.length ?? 0;
  return repeats < 2 ? new RegExp(source, flags) : new BoundedRegExp(source, flags, SHORT_TEXT);
}

const REPEATED_GROUP = /\)(?:[*+]|\{)/;
const UNBOUNDED = /[*+]|,\}/g;
/** Up to this many characters an expression without a repeated group is fast whatever it says. */
const SHORT_TEXT = 500;
const TIMEOUT_MS = 2_000;

/** Only code that runs in a context of its own can be stopped while it matches; entering one takes a fifth of a millisecond. */
class BoundedRegExp extends RegExp {
  readonly #harmlessLength: number;

  constructor(source: string | RegExp, flags?: string, harmlessLength = 0) {
    super(source, flags);
    this.#harmlessLength = source instanceof BoundedRegExp ? source.#harmlessLength : harmlessLength;
  }

  override exec(text: string): RegExpExecArray | null {
    if (text.length <= this.#harmlessLength) return super.exec(text);
    let found: RegExpExecArray | null = null;
    const work = () => {
      found = super.exec(text);
    };
    try {
      APART.work = work;
      MATCHING.runInContext(APART, { timeout: TIMEOUT_MS });
    } catch (cause) {
      throw templateError(
        `The regular expression ${JSON.stringify(this.source.slice(0, 200))} found no end within ${TIMEOUT_MS / 1000} s on a text of ${text.length} characters: ` +
          `${cause instanceof Error ? cause.message : String(cause)}. Write it without repeating what is repeated, such as a+ for (a+)+.`,
      );
    }
    return found;
  }
}

const APART = createContext({ work: () => {} });
const MATCHING = new Script('work()');
