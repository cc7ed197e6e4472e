import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Attachment } from '../model/attachment.js';
import type { RunHandle } from '../runs/runs.js';
import type { Redactor } from '../secret.js';
import type { FileStore } from '../store/files.js';

export type AttachOptions = {
  run: Pick<RunHandle, 'id' | 'emit' | 'durable'>;
  hasChat(): Promise<boolean>;
  /** Takes the files of an answer, which is not recorded. */
  answer: Attachment[] | undefined;
  files: FileStore;
  redactor: Redactor;
  /** Where files are put for whoever has no chat. */
  folder: string;
  clock: Clock;
};

const MOST_BYTES = 8_000_000;
const MOST_FILES = 20;

/** Takes files of a command to where people see what it says: the thread in Slack, else a folder, whose path is shown. */
export function createAttach(options: AttachOptions): (file: Attachment) => Promise<void> {
  const { run, answer, files, redactor, clock } = options;
  let count = 0;

  return async function attach(given: Attachment): Promise<void> {
    const file = cleaned(given, redactor);
    const bytes = Buffer.byteLength(file.content);
    if ((count += 1) > MOST_FILES) throw new StarsError('USAGE', `A run can show ${MOST_FILES} files, and has.`);
    if (bytes > MOST_BYTES)
      throw new StarsError('USAGE', `${file.name} is too large to be shown: it has ${bytes} bytes of ${MOST_BYTES}.`, {
        hint: 'Ask for less of it.',
      });
    const hasChat = await options.hasChat();
    const path = hasChat ? undefined : await saved(file, options);
    if (answer) answer.push({ ...file, path });
    else if (hasChat) {
      await run.durable();
      await files.add(run.id, file, clock.now());
    }
    run.emit({ type: 'file.attached', name: file.name, bytes, alt: file.alt, path });
  };
}

function cleaned({ name, content, alt }: Attachment, redactor: Redactor): Attachment {
  const text = typeof content === 'string' ? redactor.redact(content) : content;
  return {
    name:
      redactor
        .redact(name)
        .replaceAll(/[^\w.@+-]+/g, '-')
        .replace(/^[.-]+/, '')
        .slice(0, 100) || 'file',
    // Slack takes no empty one.
    content: text.length === 0 ? '(empty)\n' : text,
    alt: alt === undefined ? undefined : redactor.redact(alt).slice(0, 500),
  };
}

async function saved({ name, content }: Attachment, { folder, run }: AttachOptions): Promise<string> {
  const path = join(folder, run.id, name);
  try {
    await mkdir(join(folder, run.id), { recursive: true, mode: 0o700 });
    await writeFile(path, content, { mode: 0o600 });
    return path;
  } catch (cause) {
    throw new StarsError('STORE', `The file ${path} could not be written.`, {
      hint: 'Check that the data folder may be written and that the disk is not full.',
      cause,
    });
  }
}
