import { StarsError } from '../../errors.js';
import { toJsRegExp } from '../../jinja/python-regex.js';
import { quote } from '../../shell/command.js';
import type { Fact, ModuleContext } from '../module.js';

type Sized = { path: string; size: number };
type Pattern = { pattern: string; whole: boolean };

/** What one answer of a host may hold, base64 and all. */
const SCRIPT_BYTES = 600_000;
const MOST_BYTES = 16_000_000;

/** Of these files the ones in which the pattern is found as Python finds it, read on this side. */
export async function filesThatContain(
  files: readonly Sized[],
  pattern: Pattern,
  context: ModuleContext,
): Promise<ReadonlySet<string>> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const large = files.find(({ size }) => size > SCRIPT_BYTES);
  if (large || total > MOST_BYTES) throw tooMuch(large, { total, pattern });
  const test = contentTest(pattern);
  const found = new Set<string>();
  for (const batch of batches(files)) {
    const contents = await context.fact(contentsOf(batch));
    for (const [index, content] of contents.entries()) if (test(content)) found.add(batch[index] ?? '');
  }
  return found;
}

function tooMuch(large: Sized | undefined, { total, pattern }: { total: number; pattern: Pattern }): StarsError {
  const what = large
    ? `${large.path} (${large.size} bytes) is too large`
    : `the files, ${total} bytes together, are too much`;
  return new StarsError('UNSUPPORTED', `contains ${JSON.stringify(pattern.pattern)}: ${what} to be read from here.`, {
    hint: 'Narrow it down by patterns, size or age; or write the pattern without look-ahead, \\b, back references and what matches a line break: then the host looks itself.',
  });
}

function batches(files: readonly Sized[]): string[][] {
  const result: string[][] = [];
  let room = 0;
  for (const { path, size } of files) {
    const needs = size + 200;
    if (needs > room) {
      result.push([]);
      room = SCRIPT_BYTES;
    }
    room -= needs;
    result.at(-1)?.push(path);
  }
  return result;
}

/** In their order; what cannot be read is undefined. */
function contentsOf(paths: readonly string[]): Fact<(Buffer | undefined)[]> {
  return {
    script: `for file in ${paths.map(quote).join(' ')}; do if [ -r "$file" ]; then echo file; base64 <"$file"; else echo none; fi; echo; done`,
    parse({ stdout, truncated }) {
      if (truncated) throw new StarsError('UNSUPPORTED', 'The files that find looks into grew while they were read.');
      const answers = stdout.split('\n\n');
      return paths.map((_path, index) => {
        const answer = answers[index] ?? '';
        return answer.startsWith('file') ? Buffer.from(answer.slice('file'.length), 'base64') : undefined;
      });
    },
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Python reads texts alone, and takes the ends of lines of Windows and of old Macs for line feeds. */
export function contentTest({ pattern, whole }: Pattern): (content: Buffer | undefined) => boolean {
  const expression = toJsRegExp(pattern, whole ? '' : 'y');
  return (content) => {
    const text = content && textOf(content);
    if (text === undefined) return false;
    if (whole) return expression.test(text);
    return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).some((line) => {
      expression.lastIndex = 0;
      return expression.test(line);
    });
  };
}

function textOf(content: Buffer): string | undefined {
  try {
    return UTF8.decode(content).replaceAll(/\r\n?/g, '\n');
  } catch {
    return undefined;
  }
}
