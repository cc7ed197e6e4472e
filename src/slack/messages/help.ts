import { context, escape, inline, message, section, typed, type Message } from './message.js';

export type CommandHelp = { name: string; usage: string; summary: string; details?: string };

const MAX_COMMANDS = 45;
const PER_SECTION = 10;

/** The commands this person may run, one line of usage and one sentence each. */
export function helpMessage(commands: CommandHelp[]): Message {
  const shown = commands.slice(0, MAX_COMMANDS);
  const sections = Array.from({ length: Math.ceil(shown.length / PER_SECTION) }, (_, at) =>
    section(
      shown
        .slice(at * PER_SECTION, (at + 1) * PER_SECTION)
        .map(entry)
        .join('\n'),
    ),
  );
  return message(`Commands: ${commands.map(({ name }) => name).join(', ')}`, [
    ...sections,
    context(`${typed('stars help <command>')} tells more`),
  ]);
}

/** One command in full. */
export function commandHelpMessage({ name, usage, summary, details }: CommandHelp): Message {
  const text = [typed(usage, 150), inline(summary, 400), ...(details ? ['', escape(details)] : [])].join('\n');
  return message(`${name}: ${summary}`, [section(text)]);
}

function entry({ usage, summary }: CommandHelp): string {
  return `${typed(usage, 150)}\n${inline(summary, 150)}`;
}
