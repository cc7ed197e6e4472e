/**
 * Calls it now and at the beginning of every minute, never twice at a time, until the returned function is called. Cron has no say in what is
 * due: a minute that is left out is made up for by the next one.
 */
export function everyMinute(look: () => Promise<void>, onError: (error: unknown) => void): () => Promise<void> {
  let underWay: Promise<void> | undefined;
  const once = () => {
    underWay ??= look()
      .catch(onError)
      .finally(() => {
        underWay = undefined;
      });
  };
  // Only a service needs it, and loading it takes time.
  const task = import('node-cron').then(({ schedule }) => {
    once();
    // In UTC no minute is missing or comes twice.
    return schedule('* * * * *', once, { timezone: 'UTC' });
  });
  task.catch(onError);
  return async () => {
    await task.then(
      (running) => running.destroy(),
      () => undefined,
    );
    await underWay;
  };
}
