import type { RenderOptions } from '../jinja/jinja.js';
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

/** Takes Ansible's `#jinja2: name: value, …` line off a template. Throws TEMPLATE for settings that do not exist. */
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
  const [, name = '', source = ''] = /^\s*(\w+)\s*:\s*(.*?)\s*$/s.exec(pair) ?? [];
  const value = parsePythonLiteral(source);
  if (name in SWITCHES && typeof value === 'boolean') return { [SWITCHES[name as keyof typeof SWITCHES]]: value };
  if (name in DELIMITER_NAMES && typeof value === 'string' && value !== '') {
    return { delimiters: { [DELIMITER_NAMES[name as keyof typeof DELIMITER_NAMES]]: value } };
  }
  if (name === 'newline_sequence' && value === '\n') return {};
  throw templateError(
    `The setting "${pair.trim()}" of the "#jinja2:" line cannot be used.`,
    `Known are ${[...Object.keys(SWITCHES), ...Object.keys(DELIMITER_NAMES)].join(', ')}, as "name: value" with commas between them.`,
  );
}
