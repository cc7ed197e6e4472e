import { refuse } from './refusal.js';

/** Arguments of a call: texts as sent, JSON in a form already parsed. */
export type Args = Record<string, unknown>;

export type Method = {
  /** One of these the token must have. */
  scopes: string[];
  token?: 'bot' | 'app';
  call(args: Args): Record<string, unknown>;
};

/** A text argument that must be there. */
export function text(args: Args, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  return refuse('invalid_arguments', { response_metadata: { messages: [`[ERROR] missing required field: ${name}`] } });
}

/** A text argument that may be left out. */
export function optionalText(args: Args, name: string): string | undefined {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function flag(args: Args, name: string): boolean {
  return args[name] === true || args[name] === 'true' || args[name] === '1' || args[name] === 1;
}
