import { readsAsText } from './scalar.js';

export type ScalarStyle = 'plain' | 'single' | 'double';

const BREAKS = '\n\x85\u2028\u2029';
const WHITE = new Set(['\0', ' ', '\t', '\r', '\n', '\x85', '\u2028', '\u2029']);

type Analysis = { multiline: boolean; flowPlain: boolean; blockPlain: boolean; single: boolean };

/** How PyYAML would quote a text at this place. */
export function scalarStyle(text: string, { inFlow, asKey }: { inFlow: boolean; asKey: boolean }): ScalarStyle {
  const { multiline, flowPlain, blockPlain, single } = analyse(text);
  const plainAllowed = inFlow ? flowPlain : blockPlain;
  if (plainAllowed && readsAsText(text) && !(asKey && multiline)) return 'plain';
  return single && !(asKey && multiline) ? 'single' : 'double';
}

function analyse(text: string): Analysis {
  if (text === '') return { multiline: false, flowPlain: false, blockPlain: true, single: true };
  const chars = Array.from(text);
  const { flow, block } = indicators(text, chars);
  const multiline = chars.some((char) => BREAKS.includes(char));
  const special = chars.some((char) => !isPlainCharacter(char));
  const edges = /^[ \n\x85\u2028\u2029]|[ \n\x85\u2028\u2029]$/.test(text);
  const breakSpace = /[\n\x85\u2028\u2029] /.test(text);
  const spaceBreak = / [\n\x85\u2028\u2029]/.test(text);
  const plain = !edges && !breakSpace && !spaceBreak && !special && !multiline;
  return {
    multiline,
    flowPlain: plain && !flow,
    blockPlain: plain && !block,
    single: !breakSpace && !spaceBreak && !special,
  };
}

function isPlainCharacter(char: string): boolean {
  if (char === '\n' || (char >= ' ' && char <= '~')) return true;
  const code = char.codePointAt(0) ?? 0;
  return char !== '\uFEFF' && (code === 0x85 || (code >= 0xa0 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd));
}

/** Whether characters with a meaning in YAML forbid the plain style inside and outside flow collections. */
function indicators(text: string, chars: readonly string[]): { flow: boolean; block: boolean } {
  let block = text.startsWith('---') || text.startsWith('...');
  let flow = block;
  chars.forEach((char, index) => {
    const followed = index + 1 >= chars.length || WHITE.has(chars[index + 1] ?? '');
    const preceded = index === 0 || WHITE.has(chars[index - 1] ?? '');
    const always =
      index === 0 ? '#,[]{}&*!|>\'"%@`'.includes(char) || (char === '-' && followed) : char === '#' && preceded;
    flow ||= always || char === ':' || (index === 0 ? char === '?' : ',?[]{}'.includes(char));
    block ||= always || (followed && (char === ':' || (index === 0 && char === '?')));
  });
  return { flow, block };
}
