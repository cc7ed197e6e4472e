export type Word = { text: string; column: number };

export class UnclosedQuote extends Error {
  constructor(readonly column: number) {
    super('A quote is opened and never closed');
  }
}

/** The words of a line as a POSIX shell without expansions reads it; a `#` outside quotes ends the line. Columns count from 1. */
export function splitShellWords(line: string): Word[] {
  const words: Word[] = [];
  let word: Word | undefined;
  let at = 0;

  function grow(text: string, from: number): void {
    word ??= { text: '', column: from + 1 };
    word.text += text;
  }

  function finish(): void {
    if (word) words.push(word);
    word = undefined;
  }

  while (at < line.length) {
    const char = line.charAt(at);
    if (char === '#') break;
    if (/[ \t\r\n]/.test(char)) {
      finish();
      at += 1;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      grow(quoted.text, at);
      at = quoted.end;
    } else if (char === '\\') {
      if (at + 1 >= line.length) throw new UnclosedQuote(at + 1);
      grow(line.charAt(at + 1), at);
      at += 2;
    } else {
      grow(char, at);
      at += 1;
    }
  }
  finish();
  return words;
}

function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line.charAt(start);
  let text = '';
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === quote) return { text, end: at + 1 };
    const next = line.charAt(at + 1);
    if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) {
      text += next;
      at += 1;
    } else {
      text += char;
    }
  }
  throw new UnclosedQuote(start + 1);
}
