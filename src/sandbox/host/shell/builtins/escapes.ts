const LETTERS: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  e: '\x1b',
};

/** Backslash sequences as bytes: in a printf format `\101`, for echo and %b `\0101`; `\c` ends the output. */
export function backslashes(text: string, style: 'printf' | 'echo'): { text: string; stop: boolean } {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char !== '\\') {
      result += char;
      continue;
    }
    const rest = text.slice(at + 1, at + 6);
    const octal = (style === 'printf' ? /^[0-7]{1,3}/ : /^0[0-7]{0,3}|^[1-7][0-7]{0,2}/).exec(rest)?.[0];
    const hex = /^x[\da-fA-F]{1,2}/.exec(rest)?.[0];
    const letter = text[at + 1] ?? '';
    if (octal !== undefined) {
      result += String.fromCharCode(Number.parseInt(octal, 8) & 255);
      at += octal.length;
    } else if (hex !== undefined) {
      result += String.fromCharCode(Number.parseInt(hex.slice(1), 16));
      at += hex.length;
    } else if (letter === 'c' && style === 'echo') return { text: result, stop: true };
    else if (letter === '"' && style === 'printf') {
      result += '"';
      at++;
    } else {
      result += LETTERS[letter] ?? `\\${letter}`;
      at++;
    }
  }
  return { text: result, stop: false };
}
