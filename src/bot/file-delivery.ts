import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { UploadTo, Uploads } from '../slack/uploads.js';
import type { FileStore, StoredFile } from '../store/files.js';
import type { Run } from '../store/runs.js';

export type FileDeliveryOptions = {
  files: FileStore;
  uploads: Uploads;
  owner: string;
  isAlive(process: string): Promise<boolean>;
  /** Tells whoever asked that a file is not to be had, and why. */
  tellAsker(run: Run, words: string): Promise<unknown>;
  clock: Clock;
  log: Log;
};

export type FileDelivery = ReturnType<typeof createFileDelivery>;

/** Brings the files of runs into their threads, each once: what a process that died had not brought there is brought by the next one. */
export function createFileDelivery({ files, uploads, owner, isAlive, tellAsker, clock, log }: FileDeliveryOptions) {
  const underWay = new Map<string, Promise<boolean>>();
  const over = new AbortController();

  /** True when none of the files that the run has now waits any more; false when they are another process's to bring. Never rejects. */
  function deliver(run: Run, to: UploadTo): Promise<boolean> {
    const before = underWay.get(run.id) ?? Promise.resolve(true);
    const work = before
      .then(() => deliverWaiting(run, to))
      .catch((error: unknown) => {
        log.warn({ run: run.id, error }, 'the files of a run could not be brought to Slack');
        return false;
      })
      .finally(() => {
        if (underWay.get(run.id) === work) underWay.delete(run.id);
      });
    underWay.set(run.id, work);
    return work;
  }

  async function deliverWaiting(run: Run, to: UploadTo): Promise<boolean> {
    let all = true;
    for (const file of await files.waiting(run.id)) {
      if (over.signal.aborted) return false;
      if (await isOurs(file)) await deliverOne(run, file, to);
      else all = false;
    }
    return all;
  }

  async function isOurs(file: StoredFile): Promise<boolean> {
    if (file.owner === owner) return true;
    if (file.owner !== '' && (await isAlive(file.owner))) return false;
    return files.take(file, owner);
  }

  async function deliverOne(run: Run, file: StoredFile, to: UploadTo): Promise<void> {
    try {
      const named = (id: string) => files.remember(file.id, id);
      await uploads.send(file, to, { known: file.chatId, named, signal: over.signal });
    } catch (thrown) {
      // Whoever is asked to stop leaves it to the next process.
      if (over.signal.aborted) return;
      const error = asStarsError(thrown);
      log.warn({ run: run.id, file: file.name, error }, 'a file of a run is not in Slack');
      await tellAsker(run, `The file ${file.name} of run ${run.id} could not be shown: ${error.describe()}`);
    }
    await files.settle(file.id, clock.now());
  }

  async function idle(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay.values());
  }

  return { deliver, idle, stop: () => over.abort() };
}
