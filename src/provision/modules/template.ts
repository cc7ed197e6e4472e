import { posix } from 'node:path';
import { args, bool, choice, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { attributeArgs } from './attributes.js';
import { resolveMode } from './copy-arguments.js';
import { ensureContent } from './ensure-content.js';

export const template = defineModule({
  name: 'template',
  summary: 'Render a template and put the text on a host.',
  args: args({
    src: path(),
    dest: path(),
    backup: bool().default(false),
    force: bool().default(true),
    follow: bool().default(false),
    validate: text().optional(),
    newline_sequence: choice('\n', '\r', '\r\n', String.raw`\n`, String.raw`\r`, String.raw`\r\n`).default('\n'),
    output_encoding: choice('utf-8', 'utf8', 'UTF-8').default('utf-8'),
    trim_blocks: bool().default(true),
    lstrip_blocks: bool().default(false),
    block_start_string: text().optional(),
    block_end_string: text().optional(),
    variable_start_string: text().optional(),
    variable_end_string: text().optional(),
    comment_start_string: text().optional(),
    comment_end_string: text().optional(),
    ...attributeArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const source = await context.readLocal(given.src, 'templates');
    const rendered = context.renderFile(headerOf(given) + source.content.toString('utf8'), source.path);
    const lineEnd = given.newline_sequence.replace(String.raw`\r`, '\r').replace(String.raw`\n`, '\n');
    const content = Buffer.from(lineEnd === '\n' ? rendered : rendered.replaceAll('\n', lineEnd));
    return ensureContent(context, {
      ...given,
      content,
      wanted: { ...given, mode: await resolveMode(given.mode, source.path) },
      basename: posix.basename(source.path),
      src: source.path,
    });
  },
});

const SETTINGS = [
  'block_start_string',
  'block_end_string',
  'variable_start_string',
  'variable_end_string',
  'comment_start_string',
  'comment_end_string',
] as const;

/** Settings other than the defaults travel as the `#jinja2:` line that a template may begin with. */
function headerOf(
  given: { trim_blocks: boolean; lstrip_blocks: boolean } & Partial<
    Record<(typeof SETTINGS)[number], string | undefined>
  >,
): string {
  const settings = SETTINGS.flatMap((name) => (given[name] === undefined ? [] : [`${name}: '${given[name]}'`]));
  if (!given.trim_blocks) settings.push('trim_blocks: False');
  if (given.lstrip_blocks) settings.push('lstrip_blocks: True');
  return settings.length === 0 ? '' : `#jinja2: ${settings.join(', ')}\n`;
}
