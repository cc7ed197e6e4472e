import type { Clock } from '../clock.js';
import { configurationFiles, hashOfFile } from '../home/configuration-files.js';
import type { Home } from '../home/home.js';
import type { Log } from '../log.js';
import { repeat } from '../repeat.js';
import type { ConfigurationStore } from '../store/configuration.js';

export type ConfigurationWatch = ReturnType<typeof createConfigurationWatch>;

export type ConfigurationWatchOptions = { home: Home; store: ConfigurationStore; clock: Clock; log: Log };

const LOOK_EVERY_MS = 60_000;

/** Sees to it that every change of who may do what where is in the audit. */
export function createConfigurationWatch({ home, store, clock, log }: ConfigurationWatchOptions) {
  let seen: string | undefined;
  let looking = Promise.resolve();

  /** Compares the files with what was last seen. Cheap as long as nothing was written. Throws STORE when a change cannot be recorded. */
  function look(): Promise<void> {
    const next = looking.then(compare);
    looking = next.catch(() => undefined);
    return next;
  }

  async function compare(): Promise<void> {
    const files = await configurationFiles(home);
    const stamp = files.map((file) => `${file.path} ${file.stamp}`).join('\n');
    if (stamp === seen) return;
    const hashes = new Map<string, string>();
    for (const file of files) hashes.set(file.path, (await hashOfFile(file)) ?? 'unreadable');
    const changed = await store.saw(hashes);
    seen = stamp;
    if (changed > 0) log.info({ files: changed }, 'the configuration has changed');
  }

  /** Looks now and then, until the returned function is called. */
  function start(): () => Promise<void> {
    const onError = (error: unknown) => log.warn({ error }, 'a change of the configuration is not in the audit');
    return repeat(look, { clock, everyMs: LOOK_EVERY_MS, onError });
  }

  return { look, start };
}
