import type { KnownBlock } from '@slack/types';
import type { Report } from '../../model/report.js';
import { inline, section } from './message.js';

const MOST_CHARS = 9_000;
const LINE_CHARS = 220;
const ICONS = { up: '🟢', degraded: '🟡', down: '🔴' } satisfies Record<Report['state'], string>;

/** The report itself, in the message: the thread is for charts and for those who want the same as text. */
export function reportBlocks({ headline, state, parts }: Report): KnownBlock[] {
  const blocks = [section(`${ICONS[state]} *${inline(headline, 400)}*`)];
  let chars = headline.length;
  for (const { title, lines } of parts) {
    const text = [`*${inline(title, 80)}*`, ...lines.map((line) => `• ${inline(line, LINE_CHARS)}`)].join('\n');
    chars += text.length;
    // Slack refuses a message that is too long as a whole; the thread has the rest.
    if (chars > MOST_CHARS) break;
    blocks.push(section(text));
  }
  return blocks;
}
