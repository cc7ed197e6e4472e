import type { Diff } from '../module.js';

const LIMIT = 100 * 1024;

/** Old and new content of a file as a diff shows it; binary and very long content only by its size. */
export function contentDiff(path: string, before: Buffer | undefined, after: Buffer, afterHeader = path): Diff {
  return { before: shown(before), after: shown(after), beforeHeader: path, afterHeader };
}

function shown(content: Buffer | undefined): string {
  if (!content) return '';
  if (content.includes(0)) return `(${content.length} bytes, binary)\n`;
  return content.length > LIMIT ? `(${content.length} bytes)\n` : content.toString('utf8');
}
