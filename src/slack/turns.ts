/** Lets so many pieces of work go on at a time; the others wait, and what is urgent goes before them. */
export function createTurns(most: number) {
  const waiting: { urgent: (() => void)[]; others: (() => void)[] } = { urgent: [], others: [] };
  let going = 0;

  async function take<T>(work: () => Promise<T>, { urgent }: { urgent: boolean }): Promise<T> {
    if (going >= most) await new Promise<void>((begin) => (urgent ? waiting.urgent : waiting.others).push(begin));
    else going += 1;
    try {
      return await work();
    } finally {
      // The turn is handed on, so that nobody comes in between.
      const next = waiting.urgent.shift() ?? waiting.others.shift();
      if (next) next();
      else going -= 1;
    }
  }

  return { take };
}
