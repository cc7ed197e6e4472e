import { Command, CommanderError } from 'commander';
import { StarsError } from '../errors.js';
import type { AnyCommand, Flag } from './command.js';
import { didYouMean } from '../near-names.js';
import { splitWords, type Words } from './words.js';

/** A command found and its words sorted: positions by name, the environment apart, flags in camel case. */
export type Parsed = {
  command: AnyCommand;
  /** Not yet validated by the command's own `args`. */
  input: Record<string, unknown>;
  environment: string | undefined;
  rest: string | undefined;
};

export type Names = { commands: readonly AnyCommand[]; environments: readonly string[] };

/** From words to a command and its raw arguments; UNKNOWN_COMMAND, UNKNOWN_ENVIRONMENT or USAGE say what was expected. */
export function parse({ words, rest }: Words, { commands, environments }: Names): Parsed {
  const [name = 'help', ...others] = words;
  for (const word of words) if (word.length > LONGEST_WORD) throw tooLong(word);
  if (HELP_FLAGS.includes(name))
    return parse({ words: ['help', ...others], rest: undefined }, { commands, environments });
  const command = commands.find((candidate) => candidate.name === name.toLowerCase());
  if (!command) throw unknownCommand(name, commands);
  const help = commands.find((candidate) => candidate.name === 'help');
  if (help && others.some((word) => HELP_FLAGS.includes(word)))
    return { command: help, input: { command: command.name }, environment: undefined, rest: undefined };
  const { operands: given, flags } = readFlags(command, others);
  const { operands, end } = command.takesEnd ? withoutEnd(given) : { operands: given, end: {} };
  // `--` ends the flags; only a command that passes text on takes what follows as it stands.
  const after = rest === undefined || command.takesRest ? [] : splitWords(rest).words;
  const { positions, environment } = placeOperands(command, [...operands, ...after], environments);
  return {
    command,
    input: { ...positions, ...end, ...flags },
    environment,
    rest: command.takesRest ? rest : undefined,
  };
}

/** Takes `for 2h` or `until 18:00` off the end. */
function withoutEnd(words: string[]): { operands: string[]; end: { until?: string } } {
  const [word, until] = words.slice(-2);
  if (until === undefined || !/^(?:for|until)$/i.test(word ?? '')) return { operands: words, end: {} };
  return { operands: words.slice(0, -2), end: { until } };
}

/** `deploy <target> <environment> [--check] …` */
export function usageOf(command: AnyCommand): string {
  const environment = command.environment === 'none' ? [] : ['[environment]'];
  const end = command.takesEnd ? ['[for 2h]'] : [];
  const flags = Object.entries(command.flags ?? {}).map(([name, flag]) => `[${spell(name, flag)}]`);
  return [command.name, ...(command.words ?? []), ...environment, ...end, ...flags].join(' ');
}

/** `--limit PATTERN`, `-e, --extra-vars KEY=VALUE`. */
export function spell(name: string, { takes, short }: Flag): string {
  return `${short ? `-${short}, ` : ''}--${name}${takes ? ` ${takes}` : ''}`;
}

const HELP_FLAGS = ['--help', '-h'];
// Long enough for variables as JSON; a name of anything is shorter by far.
const LONGEST_WORD = 20_000;
const LONGEST_NAME = 200;

function tooLong(word: string): StarsError {
  return new StarsError('USAGE', `“${word.slice(0, 40)}…” is too long: it has ${word.length} characters.`, {
    hint: 'Write what is long into a file of the stack or the inventory.',
  });
}

export function unknownCommand(name: string, commands: readonly AnyCommand[]): StarsError {
  if (name.length > LONGEST_NAME) return tooLong(name);
  const names = commands.map((command) => command.name);
  return new StarsError('UNKNOWN_COMMAND', `There is no command ${name === '' ? '“”' : name}.`, {
    hint: didYouMean(name, names) ?? `Commands: ${names.join(', ')}.`,
  });
}

function readFlags(command: AnyCommand, words: string[]): { operands: string[]; flags: Record<string, unknown> } {
  const reader = new Command(command.name)
    .exitOverride()
    .helpOption(false)
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  reader.argument('[operands...]').allowExcessArguments();
  for (const [name, flag] of Object.entries(command.flags ?? {})) addFlag(reader, name, flag);
  try {
    reader.parse(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError)
      throw usageError(command, error.message.replace(/^error: /, '').replace('\n', ' '), error);
    throw error;
  }
  return { operands: reader.args, flags: reader.opts() };
}

function addFlag(reader: Command, name: string, { takes, many, short, says }: Flag): void {
  const spelled = `${short ? `-${short}, ` : ''}--${name}${takes ? ` <${takes}>` : ''}`;
  if (many) reader.option(spelled, says, (value: string, before: string[] | undefined) => [...(before ?? []), value]);
  else reader.option(spelled, says);
}

function placeOperands(
  command: AnyCommand,
  operands: string[],
  environments: readonly string[],
): { positions: Record<string, string>; environment: string | undefined } {
  const slots = command.words ?? [];
  for (const word of operands) {
    if (word.length > LONGEST_NAME) throw tooLong(word);
    if (word.trim() === '') throw usageError(command, 'a word is empty');
  }
  const required = slots.filter((slot) => slot.startsWith('<')).length;
  const last = operands.at(-1);
  const takesEnvironment = command.environment !== 'none';
  const named = takesEnvironment && last !== undefined && operands.length > required && environments.includes(last);
  const others = named ? operands.slice(0, -1) : operands;

  if (others.length > slots.length) {
    if (takesEnvironment && others.length === slots.length + 1)
      throw unknownEnvironment(others.at(-1) ?? '', environments);
    throw usageError(command, `too many words: ${others.slice(slots.length).join(' ')}`);
  }
  if (others.length < required) throw usageError(command, `${slots[others.length]} is missing`);
  const positions = Object.fromEntries(
    others.map((word, index) => [(slots[index] ?? '').replaceAll(/[<>[\]]/g, ''), word]),
  );
  return { positions, environment: named ? last : undefined };
}

export function unknownEnvironment(name: string, environments: readonly string[]): StarsError {
  const all =
    environments.length > 0
      ? `Environments: ${environments.join(', ')}.`
      : 'There is none yet: make inventories/<name>/hosts.';
  return new StarsError('UNKNOWN_ENVIRONMENT', `There is no environment ${name}.`, {
    hint: didYouMean(name, environments) ?? all,
  });
}

export function usageError(command: AnyCommand, message: string, cause?: unknown): StarsError {
  return new StarsError('USAGE', `${command.name}: ${message}.`.replace('?).', '?)'), {
    hint: `Usage: ${usageOf(command)}`,
    cause,
  });
}
