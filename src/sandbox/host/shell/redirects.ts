import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import { openFile } from '../kernel/open.js';
import type { OpenFlags } from '../kernel/open.js';
import { TextFile } from '../kernel/open-file.js';
import type { OpenFile } from '../kernel/open-file.js';
import { absolutePath } from '../kernel/path.js';
import type { Process } from '../kernel/process.js';
import type { Redirect } from './ast.js';
import type { Expansion } from './expansion.js';
import { ExpansionFailure } from './state.js';

/** A redirection that cannot be made: the command is not run. */
export class RedirectFailure extends Error {}

const FLAGS: Record<string, OpenFlags> = {
  '<': { read: true },
  '>': { write: true, create: true, truncate: true },
  '>|': { write: true, create: true, truncate: true },
  '>>': { write: true, create: true, append: true },
  '<>': { read: true, write: true, create: true },
};

export type RedirectContext = { proc: Process; fs: FileSystem; expansion: Expansion; noclobber: boolean };

/** Redirections that were made: either undone, or kept for the rest of the process. */
export type Redirected = { undo(): void; keep(): void };

/** Makes the redirections one after another. */
export async function applyRedirects(redirects: readonly Redirect[], context: RedirectContext): Promise<Redirected> {
  const { proc } = context;
  const saved = new Map<number, OpenFile | undefined>();
  const undo = () => {
    for (const [fd, file] of saved) {
      if (file) proc.install(fd, file);
      else proc.closeFile(fd);
    }
    saved.clear();
  };
  const keep = () => {
    for (const file of saved.values()) file?.close();
    saved.clear();
  };
  const remember = (fd: number) => {
    if (!saved.has(fd)) saved.set(fd, proc.files.get(fd)?.share());
  };
  try {
    for (const redirect of redirects) {
      remember(redirect.fd);
      if (redirect.operator.startsWith('&>')) remember(2);
      await applyRedirect(redirect, context);
    }
  } catch (thrown) {
    undo();
    throw thrown;
  }
  return { undo, keep };
}

async function applyRedirect(redirect: Redirect, context: RedirectContext): Promise<void> {
  const { fd, operator, target, hereDocument } = redirect;
  const { proc, expansion } = context;
  if (hereDocument) return proc.install(fd, new TextFile(await expansion.text(hereDocument.body)));
  const text = await expansion.text(target);
  if (operator === '<<<') return proc.install(fd, new TextFile(`${text}\n`));
  if (operator === '<&' || (operator === '>&' && /^(\d+|-)$/.test(text))) return duplicate(fd, text, proc);
  try {
    if (operator === '&>' || operator === '&>>' || operator === '>&') openBoth(text, operator, context);
    else proc.install(fd, open(text, operator, context));
  } catch (thrown) {
    if (thrown instanceof Errno) throw new RedirectFailure(`${text}: ${thrown.message}`);
    throw thrown;
  }
}

function openBoth(text: string, operator: string, context: RedirectContext): void {
  const file = open(text, operator === '&>>' ? '>>' : '>', context);
  context.proc.install(1, file);
  context.proc.install(2, file.share());
}

function open(path: string, operator: string, { proc, fs, noclobber }: RedirectContext): OpenFile {
  if (operator === '>' && noclobber && fs.find(absolutePath(path, proc.cwd), proc.user)?.kind === 'file') {
    throw new RedirectFailure(`${path}: cannot overwrite existing file`);
  }
  return openFile(proc, fs, path, FLAGS[operator] ?? {});
}

function duplicate(fd: number, text: string, proc: Process): void {
  if (text === '-') return proc.closeFile(fd);
  if (!/^\d+$/.test(text)) throw new ExpansionFailure(`${text}: ambiguous redirect`);
  const source = proc.files.get(Number(text));
  if (!source) throw new RedirectFailure(`${text}: Bad file descriptor`);
  if (Number(text) !== fd) proc.install(fd, source.share());
}
