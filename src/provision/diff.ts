import { createTwoFilesPatch } from 'diff';
import type { Diff } from './module.js';

const MOST_LINES = 200;

/** A unified diff of at most 200 lines; undefined when there is nothing to show. */
export function unifiedDiff(diff: Diff | undefined): string | undefined {
  if (!diff || diff.before === diff.after) return undefined;
  const patch = createTwoFilesPatch(
    diff.beforeHeader ?? 'before',
    diff.afterHeader ?? 'after',
    diff.before,
    diff.after,
    undefined,
    undefined,
    { context: 3, timeout: 2000 },
  );
  const lines = (patch ?? '--- the files differ too much to show how').replace(/^=+\n/, '').split('\n');
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `… ${lines.length - MOST_LINES} more lines`].join('\n')
    : lines.join('\n').trimEnd();
}
