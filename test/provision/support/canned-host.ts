import type { Value } from '../../../src/jinja/value.js';
import { type Answers, planned } from './planned.js';

/** The commands a module plans on such a host, without the environment that they are given and without more than one space between words. */
export async function commands(
  name: string,
  args: Record<string, unknown>,
  answers: Answers,
  variables: Record<string, Value> = {},
  defaults: Record<string, Record<string, Value>> = {},
): Promise<string[] | string> {
  const all = await planned(name, args, answers, variables, defaults);
  return typeof all === 'string' ? all : all.map(withoutExports);
}

function withoutExports(command: string): string {
  return command
    .split('\n')
    .filter((line) => !line.startsWith('export '))
    .join('\n')
    .replaceAll(/ +/g, ' ');
}
