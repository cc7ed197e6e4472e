import type { KnownBlock } from '@slack/types';
import type { Choice } from '../../errors.js';
import { counted } from '../../model/figures.js';

/** A finished message: `text` is what notifications and screen readers get, `blocks` what the screen shows. */
export type Message = { text: string; blocks: KnownBlock[] };

/** Well below Slack's 3,000, so that the marks around a text still fit. */
export const SECTION_CHARS = 2_800;

const MENU_WORDS = 150;

/** Slack refuses an edit whose text is longer than 4,000 characters. */
const FALLBACK_CHARS = 3_000;

// Colours and cursor movements of a terminal, then every other control character but newline and tab,
// then the marks that turn the direction of reading.
// oxlint-disable-next-line no-control-regex
const TERMINAL_CODES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a host or a person, made safe for Slack's markup: no mentions, no links, no control characters. */
export function escape(text: string): string {
  return clean(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

// A foreign * or _ may come out bold or italic. That does no harm, and altering it would spoil what people copy.
/** Foreign text for the middle of a line: on one line, at most `maxChars` after escaping. */
export function inline(text: string, maxChars = 200): string {
  return cutEscaped(escape(text).replaceAll(/\s+/g, ' ').trim(), maxChars);
}

/** What a person may type, as it is: monospaced, on one line. */
export function typed(text: string, maxChars = 200): string {
  return `\`${inline(text.replaceAll('`', "'"), maxChars)}\``;
}

/** Escaped text in a monospaced block, its fences disarmed. */
export function code(escaped: string): string {
  return `\`\`\`\n${escaped.replaceAll('```', '`\u200b`\u200b`')}\n\`\`\``;
}

/** At most `maxChars` characters, the rest told by "…". */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${wholeCharacters(text, maxChars - 1)}…`;
}

/** Foreign text, escaped and cut on a line boundary; what is missing is counted, with where to find it. */
export function cutLines(text: string, { maxChars, maxLines, run }: Cut): string {
  const lines = escape(text).split('\n');
  const kept: string[] = [];
  let room = maxChars - 80;
  for (const line of lines) {
    if (kept.length >= maxLines || room <= 0) break;
    const shown = kept.length === 0 ? cutEscaped(line, room) : line;
    room -= shown.length + 1;
    if (room >= 0) kept.push(shown);
  }
  const missing = lines.length - kept.length;
  if (missing === 0) return kept.join('\n');
  return [...kept, `… ${counted(missing, 'more line')}; stars show ${inline(run, 40)}`].join('\n');
}

export type Cut = { maxChars: number; maxLines: number; run: string };

export function section(mrkdwn: string): KnownBlock {
  // verbatim: or Slack itself would turn an "@here" in a host's output into a mention.
  return { type: 'section', text: { type: 'mrkdwn', text: fit(mrkdwn), verbatim: true } };
}

export function context(mrkdwn: string): KnownBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text: fit(mrkdwn), verbatim: true }] };
}

export type ButtonOf = Choice;

/** A row of buttons, each of which does what its words would. */
export function actions(buttons: readonly ButtonOf[]): KnownBlock[] {
  const plain = (text: string) => ({ type: 'plain_text' as const, text });
  const elements = buttons.map(({ words, label, style, asks }, index) => ({
    type: 'button' as const,
    // Within a row each needs its own.
    action_id: `stars.do.${words.split(' ')[0] ?? ''}${isFirst(index, buttons) ? '' : `.${index}`}`,
    text: plain(label),
    value: words,
    ...(style ? { style } : {}),
    ...(asks ? { confirm: { title: plain(label), text: plain(asks), confirm: plain('Yes'), deny: plain('No') } } : {}),
  }));
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

const LONGEST_WORDS = 1_000;
const MAX_CHOICES = 5;

/** What may be done next, as far as buttons can hold it. */
export function choiceButtons(choices: readonly Choice[]): KnownBlock[] {
  return actions(choices.filter(({ words }) => words.length <= LONGEST_WORDS).slice(0, MAX_CHOICES));
}

export type MenuOf = { label: string; asks: string; choices: readonly Pick<Choice, 'words' | 'label'>[] };

/** A menu: each choice does what its words would, after the person was asked. Without one of more than 150 characters, which Slack refuses. */
export function menu({ label, asks, choices }: MenuOf): KnownBlock[] {
  const plain = (text: string) => ({ type: 'plain_text' as const, text });
  const options = choices
    .filter(({ words }) => words.length <= MENU_WORDS)
    .map((choice) => ({ text: plain(choice.label), value: choice.words }));
  const [first] = options;
  if (!first) return [];
  const confirm = { title: plain(label), text: plain(shorten(asks, 300)), confirm: plain('Yes'), deny: plain('No') };
  const action_id = `stars.do.${first.value.split(' ')[0] ?? ''}`;
  const element = { type: 'static_select' as const, action_id, placeholder: plain(label), options, confirm };
  return [{ type: 'actions', elements: [element] }];
}

function isFirst(index: number, buttons: readonly ButtonOf[]): boolean {
  const [command] = buttons[index]?.words.split(' ') ?? [];
  return buttons.findIndex(({ words }) => words.split(' ')[0] === command) === index;
}

export function message(text: string, blocks: KnownBlock[]): Message {
  return { text: cutEscaped(text, FALLBACK_CHARS), blocks };
}

/** A person as Slack shows them; somebody from outside Slack by name. */
export function mention({ id, name }: { id: string; name: string }): string {
  return /^[UW][A-Z0-9]{2,}$/.test(id) ? `<@${id}>` : inline(name, 60);
}

/** Milliseconds as people say them: `8 s`, `1 m 12 s`, `2 h 5 m`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

function clean(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(TERMINAL_CODES, '').replaceAll(CONTROLS, '');
}

// The last guard: builders count before they escape, and escaping makes text longer.
function fit(mrkdwn: string): string {
  if (mrkdwn.length <= 3_000) return mrkdwn || ' ';
  const open = wholeCharacters(mrkdwn, 2_980);
  const lineEnd = open.lastIndexOf('\n');
  const cut = lineEnd > 1_500 ? open.slice(0, lineEnd) : cutEscaped(mrkdwn, 2_980);
  const fenced = (cut.match(/```/g)?.length ?? 0) % 2 === 1;
  return `${cut}${fenced ? '\n```' : ''}\n…`;
}

/** Cuts escaped text, but never inside a character or an escape. */
function cutEscaped(escaped: string, maxChars: number): string {
  if (escaped.length <= maxChars) return escaped;
  return `${wholeCharacters(escaped, maxChars - 1).replace(/&[a-z]{0,3}$/, '')}…`;
}

function wholeCharacters(text: string, end: number): string {
  const cut = text.slice(0, Math.max(0, end));
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
