import type { YAMLError } from 'yaml';

/**
 * PyYAML lets a quoted text or a flow collection go on at its parent's indentation, the parser used here does not. Leading white
 * space means nothing on such a line, so the line the parser stumbles over can be indented further.
 * Gives the changed source; undefined when the error is another one.
 */
export function indentContinuation(source: string, { code, message, pos }: YAMLError): string | undefined {
  const line = continuationLine(source, code, message, pos[0]);
  if (line === undefined || source.slice(line).trim() === '') return undefined;
  const before = source.slice(0, line).trimEnd();
  const indent = /^ */.exec(before.slice(before.lastIndexOf('\n') + 1))?.[0] ?? '';
  return `${source.slice(0, line)}${indent}  ${source.slice(line)}`;
}

/** Where the line starts that has to be indented. */
function continuationLine(source: string, code: string, message: string, at: number): number | undefined {
  if (code === 'MISSING_CHAR' && /^Missing closing ["']quote/.test(message)) {
    const end = source.indexOf('\n', at);
    return end < 0 ? undefined : end + 1;
  }
  if (code === 'BAD_INDENT' && message.includes('must be sufficiently indented')) {
    const start = source.lastIndexOf('\n', at - 1) + 1;
    return source.slice(start, at).trim() === '' ? start : undefined;
  }
  return undefined;
}
