import type { RenderOptions } from '../jinja/jinja.js';
import { truthy } from '../jinja/python-value.js';
import { templateError } from '../jinja/template-error.js';
import { parsePythonLiteral } from './python-literal.js';

const HEADER = '#jinja2:';

const DELIMITER_NAMES = {
  block_start_string: 'blockStart',
  block_end_string: 'blockEnd',
  variable_start_string: 'variableStart',
  variable_end_string: 'variableEnd',
  comment_start_string: 'commentStart',
  comment_end_string: 'commentEnd',
} as const;

const SWITCHES = {
  trim_blocks: 'trimBlocks',
  lstrip_blocks: 'lstripBlocks',
  keep_trailing_newline: 'keepTrailingNewline',
} as const;

/** What Jinja2 can do and this engine cannot; a name that Jinja2 does not know has no effect there either. */
const UNKNOWN_HERE = new Set(['line_statement_prefix', 'line_comment_prefix', 'autoescape']);

/** Literals of JSON, but not of Python. */
const JSON_WORDS = new Set(['true', 'false', 'null']);

/** Takes Ansible's `#jinja2: name: value, …` line off a template. Throws TEMPLATE for a value that fits none, and for settings that the engine does not follow. */
export function splitHeader(text: string): { body: string; settings: RenderOptions; lines: number } {
  if (!text.startsWith(HEADER)) return { body: text, settings: {}, lines: 0 };
  const end = text.indexOf('\n');
  const header = end < 0 ? text.slice(HEADER.length) : text.slice(HEADER.length, end);
  const settings: RenderOptions = {};
  for (const pair of header.split(',')) Object.assign(settings, merged(settings, setting(pair)));
  return { body: end < 0 ? '' : text.slice(end + 1), settings, lines: 1 };
}

function merged(settings: RenderOptions, more: RenderOptions): RenderOptions {
  return more.delimiters ? { delimiters: { ...settings.delimiters, ...more.delimiters } } : more;
}

function setting(pair: string): RenderOptions {
  const colon = pair.indexOf(':');
  const name = pair.slice(0, colon).trim();
  const source = pair.slice(colon + 1).trim();
  const value = colon < 0 || JSON_WORDS.has(source) ? undefined : parsePythonLiteral(source);
  if (value !== undefined) {
    if (isOneOf(SWITCHES, name)) return { [SWITCHES[name]]: truthy(value) };
    if (isOneOf(DELIMITER_NAMES, name) && typeof value === 'string' && value !== '')
      return { delimiters: { [DELIMITER_NAMES[name]]: value } };
    const isOfNoEffect = name === 'newline_sequence' ? value === '\n' : !UNKNOWN_HERE.has(name) || !truthy(value);
    if (isOfNoEffect && !isOneOf(DELIMITER_NAMES, name)) return {};
  }
  throw templateError(
    `The setting "${pair.trim()}" of the "#jinja2:" line cannot be used.`,
    `Known are ${[...Object.keys(SWITCHES), ...Object.keys(DELIMITER_NAMES)].join(', ')}, as "name: value" with commas between them.`,
  );
}

function isOneOf<Names extends object>(names: Names, name: string): name is string & keyof Names {
  return Object.hasOwn(names, name);
}
