import { str } from '../../jinja/python-text.js';
import type { Value } from '../../jinja/value.js';
import type { Options } from './plugin.js';

/** Splits a term such as `name file=x col=1` into its free words and its settings, on top of the named options. */
export function parameters(term: Value, options: Options): { words: string; settings: Map<string, string> } {
  const settings = new Map([...options].map(([key, value]) => [key, str(value)]));
  const words: string[] = [];
  for (const [word] of str(term).matchAll(/(?:[^\s"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+/g)) {
    const [, key, value] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (key !== undefined && value !== undefined) settings.set(key, unquoted(value));
    else words.push(unquoted(word));
  }
  return { words: words.join(' '), settings };
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text;
}
