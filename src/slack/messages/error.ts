import { formatPosition, type StarsError } from '../../errors.js';
import { choiceButtons, inline, message, section, type Message } from './message.js';

/** An error as a person reads it: what failed, where, and what to do, as buttons where there is a choice. */
export function errorMessage(error: StarsError): Message {
  const place = error.where ? `${formatPosition(error.where)}: ` : '';
  const lines = [`❌ *${inline(`${place}${error.message}`, 1_000)}*`];
  if (error.hint) lines.push(inline(error.hint, 1_000));
  return message(error.describe(), [section(lines.join('\n')), ...choiceButtons(error.choices ?? [])]);
}
