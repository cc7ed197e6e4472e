import type { Task } from './task.js';

export type TaskJournalOptions = {
  /** The number of the task that is announced now, counted over the run. */
  next(): number;
  /** Resolves when all that was told of the run so far is stored. */
  durable?: (() => Promise<void>) | undefined;
};

export type TaskJournal = ReturnType<typeof createTaskJournal>;

/** Numbers tasks as they are announced, and sees to it that one is on record before it acts on a host. */
export function createTaskJournal({ next, durable }: TaskJournalOptions) {
  const entries = new WeakMap<Task, { number: number; stored: Promise<void> | undefined }>();

  return {
    announced(task: Task): void {
      entries.set(task, { number: next(), stored: undefined });
    },
    /** The task's number as hosts note it; 0 for one that nobody announced. */
    noteOf: (task: Task): string => String(entries.get(task)?.number ?? 0),
    /** Asked for once a task, whatever the number of its hosts. Rejects when it cannot be stored: then nothing may be done. */
    stored(task: Task): Promise<void> {
      const entry = entries.get(task);
      if (!durable) return Promise.resolve();
      if (!entry) return durable();
      entry.stored ??= durable();
      return entry.stored;
    },
  };
}
