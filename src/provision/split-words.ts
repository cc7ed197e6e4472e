import { StarsError } from '../errors.js';

/** Words of a command line as a shell would split them, without any expansion; throws PLAYBOOK for an open quote. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (char === '\\') {
      at += 1;
      if (at >= line.length) throw new StarsError('PLAYBOOK', `No escaped character in: ${line}`);
      word = (word ?? '') + line.charAt(at);
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readQuoted(line: string, start: number): { text: string; end: number } {
  const mark = line.charAt(start);
  let text = '';
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === mark) return { text, end: at };
    // Inside double quotes a backslash only escapes itself and the quote.
    const escapes = mark === '"' && char === '\\' && ['"', '\\'].includes(line.charAt(at + 1));
    text += escapes ? line.charAt(++at) : char;
  }
  throw new StarsError('PLAYBOOK', `No closing quotation in: ${line}`, { hint: `Close the ${mark} in this command.` });
}
