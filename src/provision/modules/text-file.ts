import { fileContent } from '../facts/file-content.js';
import { fileState, resolved, type FileState } from '../facts/file-state.js';
import type { Action, Diff, ModuleContext } from '../module.js';
import type { Attributes } from './attributes.js';
import { contentDiff } from './content-diff.js';
import { placeFile } from './place-file.js';
import { toBytes } from './python-pattern.js';

/** A text file on a host that a module edits as a whole; undefined `text` means there is none. */
export type TextFile = { path: string; state: FileState; text: string | undefined };

export type Rewrite = { actions: Action[]; diff?: Diff };

export type RewriteOptions = {
  wanted?: Attributes;
  backup?: boolean;
  /** Write into what a link points to rather than in its place. */
  throughLink?: boolean;
};

/** Reads a file, one character per byte, so that what is not UTF-8 stays as it is. */
export async function readTextFile(context: ModuleContext, path: string): Promise<TextFile> {
  const [state, content] = await Promise.all([context.fact(fileState(path)), context.fact(fileContent(path))]);
  return { path, state, text: content?.toString('latin1') };
}

/** What it takes to have this text in the file: nothing when it is there already. Characters are bytes, see `asBytes`. */
export function rewriteTextFile(
  context: ModuleContext,
  { path, state, text }: TextFile,
  after: string,
  { wanted = {}, backup = false, throughLink = true }: RewriteOptions = {},
): Rewrite {
  if (text === after) return { actions: [] };
  const content = Buffer.from(after, 'latin1');
  const before = text === undefined ? undefined : Buffer.from(text, 'latin1');
  return {
    actions: placeFile(context, { state, content, wanted, backup, throughLink }),
    diff: contentDiff(throughLink ? resolved(state).path : path, before, content),
  };
}

/** An argument's text in the form in which `readTextFile` gives a file. */
export const asBytes = toBytes;

/** The lines of a text, without their ends. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
