import type { Position } from '../errors.js';
import type { RenderOptions } from '../jinja/jinja.js';
import { splitHeader } from './header.js';

export type Prepared = { body: string; settings: RenderOptions };

/** How Ansible has Jinja2 read a text of a playbook or a variable. */
export function textSettings(text: string, where: Position | undefined): Prepared {
  const { body, settings, lines } = splitHeader(text);
  const literalBackslashes = text.includes('\\') && text.includes('{{');
  // Where Ansible keeps backslashes as they are, it also loses a line break at the end before it looks at the result.
  const source = literalBackslashes ? body.replace(/\n$/, '') : body;
  return { body: source, settings: { ...at(where, lines), trimBlocks: true, literalBackslashes, ...settings } };
}

/** The same for a template file. */
export function fileSettings(text: string, file: string): Prepared {
  const { body, settings, lines } = splitHeader(text);
  return { body, settings: { ...at({ file }, lines), trimBlocks: true, ...settings } };
}

export function at(where: Position | undefined, skippedLines = 0): Pick<RenderOptions, 'file' | 'line'> {
  return where ? { file: where.file, line: (where.line ?? 1) + skippedLines } : {};
}
