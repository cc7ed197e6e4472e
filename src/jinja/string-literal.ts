const SIMPLE: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([^]))/g;

/** The text a quoted literal stands for, by Python's rules: an escape that Python does not know keeps its backslash. */
export function unescapeText(inner: string, fail: (message: string) => Error): string {
  if (!inner.includes('\\')) return inner;
  return inner.replace(ESCAPE, (all, octal: string, hex2: string, hex4: string, hex8: string, char: string) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = hex2 ?? hex4 ?? hex8;
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw fail(`${all} is no Unicode character.`);
      return String.fromCodePoint(code);
    }
    if (char === 'x' || char === 'u' || char === 'U') throw fail(`The escape ${all} in a text is cut short.`);
    return SIMPLE[char] ?? all;
  });
}
