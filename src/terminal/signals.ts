/** Resolves at the first SIGTERM or SIGINT. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    // A timer keeps the process alive while nothing else does.
    const awake = setInterval(() => undefined, 60_000);
    const stop = () => {
      clearInterval(awake);
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
