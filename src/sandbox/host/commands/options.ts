import { UsageFault } from './call.js';

export type Options = {
  /** Values by option letter, in order; an option without a value has an empty text. */
  values: Map<string, string[]>;
  has(letter: string): boolean;
  /** The last value of an option. */
  value(letter: string): string | undefined;
  operands: string[];
};

export type OptionSpec = {
  /** As getopt: letters, each with `:` behind it when it takes a value. */
  letters: string;
  /** Long names and the letters they stand for. */
  long?: Record<string, string>;
  /** Stop at the first operand: for programs that run another one. */
  inOrder?: boolean;
  status?: number;
};

/** Reads options as GNU programs do: mixed with operands, joined letters, `--name=value`, `--` ends them. */
export function parseOptions(
  args: readonly string[],
  { letters, long = {}, inOrder = false, status = 1 }: OptionSpec,
): Options {
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  const rest = [...args];
  const takesValue = (letter: string) => letters[letters.indexOf(letter) + letter.length] === ':';
  const add = (letter: string, value: string) => values.set(letter, [...(values.get(letter) ?? []), value]);
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      operands.push(...rest);
      break;
    }
    if (arg.startsWith('--')) {
      const [name = '', ...value] = arg.slice(2).split('=');
      const letter = longLetter(name, long, status);
      if (!takesValue(letter)) add(letter, value.join('='));
      else if (arg.includes('=')) add(letter, value.join('='));
      else add(letter, required(rest.shift(), `option '--${name}' requires an argument`, status));
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] as string;
        if (letter === ':' || !letters.includes(letter)) throw new UsageFault(`invalid option -- '${letter}'`, status);
        if (!takesValue(letter)) {
          add(letter, '');
          continue;
        }
        add(letter, arg.slice(at + 1) || required(rest.shift(), `option requires an argument -- '${letter}'`, status));
        break;
      }
    } else {
      operands.push(arg);
      if (!inOrder) continue;
      operands.push(...rest);
      break;
    }
  }
  return { values, operands, has: (letter) => values.has(letter), value: (letter) => values.get(letter)?.at(-1) };
}

/** A number an option was given, 0 or more. */
export function wholeNumber(text: string | undefined, fallback: number, status = 1): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new UsageFault(`invalid number '${text}'`, status);
  return Number(text);
}

function longLetter(name: string, long: Record<string, string>, status: number): string {
  const exact = long[name];
  if (exact !== undefined) return exact;
  const fitting = Object.keys(long).filter((candidate) => candidate.startsWith(name));
  const letter = fitting.length === 1 ? long[fitting[0] as string] : undefined;
  if (letter === undefined) throw new UsageFault(`unrecognized option '--${name}'`, status);
  return letter;
}

function required(value: string | undefined, message: string, status: number): string {
  if (value === undefined) throw new UsageFault(message, status);
  return value;
}
