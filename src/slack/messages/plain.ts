import type { ActionsBlockElement, KnownBlock } from '@slack/types';
import { escape, message, section, SECTION_CHARS, shorten, type Message } from './message.js';

/** How people are called, by Slack id. */
export type Names = Record<string, string>;

/** A message as a terminal shows it: no markup, monospaced blocks indented by two spaces. */
export function toPlain(
  { text, blocks }: { text: string; blocks?: KnownBlock[] | undefined },
  names: Names = {},
): string {
  if (!blocks || blocks.length === 0) return markup(text, names);
  return blocks
    .map((block) => plainBlock(block, names))
    .filter(Boolean)
    .join('\n');
}

/** The same content without blocks, for when Slack refuses them: text only, cut to what an edit may carry. */
export function withoutBlocks(full: Message): { text: string } {
  // Where there is nothing to press, no buttons are spoken of.
  const blocks = full.blocks.filter(({ type }) => type !== 'actions');
  return { text: shorten(escape(toPlain({ ...full, blocks })), 3_900) };
}

// Slack takes some 13,000 characters of blocks in a message.
const MOST_SECTIONS = 4;

/** Any text as a message: a block, or several that are broken between lines where one would cut it. */
export function plainMessage(text: string): Message {
  const escaped = escape(text);
  return message(escaped, sectionTexts(escaped).map(section));
}

/** What does not fit into the last of them is cut there. */
function sectionTexts(text: string): string[] {
  const texts: string[] = [];
  for (const line of text.split('\n')) {
    const last = texts.at(-1);
    const longer = `${last}\n${line}`;
    const goesOn = last !== undefined && (longer.length <= SECTION_CHARS || texts.length === MOST_SECTIONS);
    if (goesOn) texts[texts.length - 1] = longer;
    else texts.push(line);
  }
  return texts;
}

function plainBlock(block: KnownBlock, names: Names): string {
  switch (block.type) {
    case 'section': {
      const fields = (block.fields ?? []).map(({ text }) => markup(text, names));
      return [...(block.text ? [markup(block.text.text, names)] : []), ...fields].join('\n');
    }
    case 'header':
      return block.text.text;
    case 'divider':
      return '────────';
    case 'context':
      return block.elements
        .map((element) => (element.type === 'image' ? (element.alt_text ?? '') : markup(element.text, names)))
        .join('  ');
    case 'actions':
      return block.elements.map((element) => `[${labelOf(element)}]`).join(' ');
    default:
      return '';
  }
}

function labelOf(element: ActionsBlockElement): string {
  if (element.type === 'button') return element.text.text;
  return 'placeholder' in element ? (element.placeholder?.text ?? '') : '';
}

function markup(text: string, names: Names): string {
  return text
    .split('```')
    .map((part, at) => (at % 2 === 1 ? indent(unescape(part)) : inlineMarkup(part, names)))
    .join('');
}

function indent(text: string): string {
  const lines = text.replace(/^\n/, '').replace(/\n$/, '').split('\n');
  return lines.map((line) => `  ${line}`).join('\n');
}

function inlineMarkup(text: string, names: Names): string {
  const unlinked = text
    .replaceAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id: string) => `@${names[id] ?? id}`)
    .replaceAll(/<[!#][^>|]*\|([^>]*)>/g, '$1')
    .replaceAll(/<([^>|]+)\|([^>]*)>/g, '$2')
    .replaceAll(/<([^>|]+)>/g, '$1');
  const plain = unlinked
    .replaceAll(/(^|[\s(\u00b7>])\*(?! )([^*\n]*[^*\s])\*(?=$|[\s),.:;\u00b7])/gm, '$1$2')
    .replaceAll(/`([^`\n]+)`/g, '$1');
  return unescape(plain);
}

function unescape(text: string): string {
  return text.replaceAll('\u200b', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
