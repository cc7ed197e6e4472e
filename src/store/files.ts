import { randomUUID } from 'node:crypto';
import type { Attachment } from '../model/attachment.js';
import type { Database } from './database.js';

/** A file of a run that is to stand in its thread. */
export type StoredFile = {
  id: string;
  run: string;
  name: string;
  alt: string | undefined;
  content: Buffer;
  /** What the chat calls it, once it has been asked to take it. */
  chatId: string | undefined;
  /** The process that brings it there; empty at first. */
  owner: string;
};

export type FileStore = ReturnType<typeof createFileStore>;

/** Files on their way into the chat; their content is kept until they are there. */
export function createFileStore(database: Database) {
  async function add(run: string, { name, content, alt }: Attachment, now: Date): Promise<void> {
    const values = {
      id: randomUUID(),
      run_id: run,
      name,
      alt: alt ?? null,
      content: Buffer.from(content).toString('base64'),
      made_at: now.toISOString(),
      owner: '',
      chat_id: null,
      settled_at: null,
    };
    await database.insertInto('files').values(values).execute();
  }

  /** The oldest first. */
  async function waiting(run: string): Promise<StoredFile[]> {
    const rows = await database
      .selectFrom('files')
      .selectAll()
      .where('run_id', '=', run)
      .where('settled_at', 'is', null)
      .orderBy('made_at')
      .orderBy('id')
      .execute();
    return rows.map(({ id, run_id, name, alt, content, chat_id, owner }) => ({
      id,
      run: run_id,
      name,
      alt: alt ?? undefined,
      content: Buffer.from(content, 'base64'),
      chatId: chat_id ?? undefined,
      owner,
    }));
  }

  /** Whether `owner` is the one who brings it into the chat from now on; of several processes one is. */
  async function take({ id, owner: before }: StoredFile, owner: string): Promise<boolean> {
    const { numUpdatedRows } = await database
      .updateTable('files')
      .set({ owner })
      .where('id', '=', id)
      .where('owner', '=', before)
      .where('settled_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Remembers how the chat calls it, before it stands there: whoever comes later can look whether it does. */
  async function remember(id: string, chatId: string): Promise<void> {
    await database.updateTable('files').set({ chat_id: chatId }).where('id', '=', id).execute();
  }

  /** It is in the chat, or was given up. */
  async function settle(id: string, now: Date): Promise<void> {
    await database
      .updateTable('files')
      .set({ content: '', settled_at: now.toISOString() })
      .where('id', '=', id)
      .execute();
  }

  return { add, waiting, take, remember, settle };
}
