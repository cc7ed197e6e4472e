import type { YAMLError } from 'yaml';
import { StarsError } from '../errors.js';

type Explanation = { message: string; hint?: string };

/** What the YAML parser complains about, in plain words and with the classic mistakes recognised from the line itself. */
export function syntaxError(error: YAMLError, { source, file }: { source: string; file: string }): StarsError {
  const offset = Math.min(error.pos[0], source.length);
  const before = source.slice(0, offset).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const text = source.split('\n')[line - 1] ?? '';
  const { message, hint } = explain(error, text, source.split('\n')[line - 2] ?? '');
  return new StarsError('SYNTAX', message, { where: { file, line, column }, cause: error, ...(hint ? { hint } : {}) });
}

function explain({ code, message }: YAMLError, line: string, lineBefore: string): Explanation {
  if (/^\s*\t/.test(line)) {
    return { message: 'YAML may not be indented with tabs.', hint: 'Replace the tab by spaces.' };
  }
  if (/:\s+\{\{/.test(line) || /^\s*-\s+\{\{/.test(line)) {
    return {
      message: 'A value that starts with "{{" has to be quoted.',
      hint: 'Write the value in quotes: "{{ variable }}".',
    };
  }
  if (/:\s+(["'])(?:(?!\1).)*\1\s*\S/.test(line)) {
    return {
      message: 'After the closing quote stands more text.',
      hint: 'Quote the whole value: a value that starts with a quote has to end with it.',
    };
  }
  const missingSpace = [line, lineBefore].find((text) => /^\s*(?:-\s+)?\w+:\S/.test(text));
  if (
    missingSpace !== undefined &&
    (code === 'MISSING_CHAR' || code === 'MULTILINE_IMPLICIT_KEY' || code === 'BLOCK_AS_IMPLICIT_KEY')
  ) {
    return { message: 'After the colon of a key there has to be a space.', hint: `Look at: ${missingSpace.trim()}` };
  }
  if (code === 'BLOCK_AS_IMPLICIT_KEY') {
    return {
      message: 'This line holds a second ": ".',
      hint: 'Quote a value that contains a colon and a space, or put the key on its own line.',
    };
  }
  if (message.startsWith('Sequence item without -')) {
    return {
      message: 'This line belongs neither to the list item above it nor to the list: the indentation is off.',
      hint: 'Keys of one item start in the same column, two beyond the “-”.',
    };
  }
  if (/^Flow (sequence|map) in block collection/.test(message)) {
    return {
      message: 'A “[” or “{” before this is not closed, or not indented further than its key.',
      hint: 'Look for a missing “]” or “}”.',
    };
  }
  return GENERAL[code] ?? { message: `This is not valid YAML: ${firstSentence(message)}.` };
}

const GENERAL: Partial<Record<YAMLError['code'], Explanation>> = {
  BAD_INDENT: {
    message: 'The indentation does not match the lines above.',
    hint: 'Keys of one dict, and items of one list, start in the same column.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'A key has to stand on one line and end with ": ".',
    hint: 'Is a colon missing, or the indentation off?',
  },
  TAB_AS_INDENT: { message: 'YAML may not be indented with tabs.', hint: 'Replace the tab by spaces.' },
  BAD_SCALAR_START: { message: 'A plain value cannot start with this character.', hint: 'Put the value in quotes.' },
  BAD_ALIAS: {
    message: 'A value that starts with "*" or "&" is an alias or anchor in YAML.',
    hint: 'Put the value in quotes if it is text.',
  },
  BAD_DQ_ESCAPE: {
    message: 'This backslash sequence does not exist in double quotes.',
    hint: 'Double the backslash, or use single quotes.',
  },
};

function firstSentence(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '');
}
