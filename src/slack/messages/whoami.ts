import type { Person } from '../../model/run.js';
import { inline, mention, message, section, type Message } from './message.js';

export type Rights = { environment: string; may: string[] };

/** Who Stars takes this person for, and what they may do where. */
export function whoamiMessage(person: Person, rights: Rights[]): Message {
  const lines = rights
    .slice(0, 20)
    .map(
      ({ environment, may }) =>
        `*${inline(environment, 60)}*: ${may.length > 0 ? inline(may.join(', '), 300) : 'nothing'}`,
    );
  const none = 'You may not run anything here yet.';
  return message(`You are ${person.name} (${person.id})`, [
    section([`${mention(person)} · ${inline(person.id, 60)}`, ...(lines.length > 0 ? lines : [none])].join('\n')),
  ]);
}
