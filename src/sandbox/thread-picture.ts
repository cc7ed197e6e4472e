import { type Names, toPlain } from '../slack/messages/plain.js';
import type { FakeMessage } from './fake-slack/workspace.js';

const WIDTH = 860;
const LINE = 21;
const PAD = 18;
const REPLY_INDENT = 44;
const LETTERS_A_LINE = 96;

type Line = { text: string; indent: number; kind: 'author' | 'text' | 'table' };

/** A thread as an SVG picture: what Slack shows, line by line. */
export function threadPicture(messages: readonly FakeMessage[], names: Names): string {
  const lines = messages.flatMap((message, index) => [
    ...(index === 0 ? [] : [gap()]),
    ...linesOf(message, index === 0 ? 0 : REPLY_INDENT, names),
  ]);
  const height = 2 * PAD + lines.length * LINE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="A run's message in Slack and the thread below it">`,
    '<style>text{font:15px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1d1c1d;white-space:pre}.author{font-weight:700}.table{font:13px ui-monospace,"DejaVu Sans Mono",Menlo,monospace}</style>',
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8" fill="#ffffff" stroke="#d0d0d0"/>`,
    ...threadLine(messages.length, lines, height),
    ...lines.map((line, index) => drawn(line, PAD + (index + 0.75) * LINE)),
    '</svg>',
    '',
  ].join('\n');
}

function linesOf(message: FakeMessage, indent: number, names: Names): Line[] {
  const author: Line = { text: 'Stars', indent, kind: 'author' };
  const texts = toPlain(message, names).split('\n').flatMap(wrapped);
  return [author, ...texts.map((text): Line => ({ text, indent, kind: text.startsWith('  ') ? 'table' : 'text' }))];
}

function wrapped(text: string): string[] {
  if (text.length <= LETTERS_A_LINE) return [text];
  const cut = text.lastIndexOf(' ', LETTERS_A_LINE);
  const at = cut > 20 ? cut : LETTERS_A_LINE;
  return [text.slice(0, at), ...wrapped(text.slice(at).trimStart())];
}

function threadLine(messages: number, lines: readonly Line[], height: number): string[] {
  const first = lines.findIndex(({ indent }) => indent > 0);
  if (messages < 2 || first === -1) return [];
  const top = PAD + first * LINE;
  return [
    `<line x1="${PAD + 14}" y1="${top}" x2="${PAD + 14}" y2="${height - PAD}" stroke="#d0d0d0" stroke-width="3"/>`,
  ];
}

function drawn({ text, indent, kind }: Line, y: number): string {
  if (text === '') return '';
  return `<text class="${kind}" x="${PAD + indent}" y="${y}" xml:space="preserve">${escaped(text)}</text>`;
}

function gap(): Line {
  return { text: '', indent: REPLY_INDENT, kind: 'text' };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
