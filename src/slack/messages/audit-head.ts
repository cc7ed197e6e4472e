import { type AuditHead, shortHead } from '../../model/audit.js';
import { type Message, message, section } from './message.js';
import { counted } from '../../model/figures.js';

/** For a channel, where nobody can take it back: later it proves that the audit up to here was not rewritten. */
export function auditHeadMessage(head: AuditHead): Message {
  const short = shortHead(head);
  const text = `The audit has ${counted(head.seq, 'entry').replace('entrys', 'entries')}. Its head is \`${short}\`.`;
  return message(text, [
    section(`${text}\n\`audit verify --head ${short}\` proves at any time that nothing up to it was changed.`),
  ]);
}
