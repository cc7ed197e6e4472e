import { posix } from 'node:path';
import { args, bool, choice, path, text } from '../arguments.js';
import { type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { resolveMode } from './copy-arguments.js';
import { ensureContent } from './ensure-content.js';

export const template = fileModule({
  name: 'template',
  summary: 'Render a template and put the text on a host.',
  differences: [
    'What `validate` refuses leaves everything as it is; Ansible has then replaced a link at the destination by an empty file.',
  ],
  args: args({
    src: path().describe('The template, in the templates of the role or playbook.'),
    dest: path().describe('Where the text goes on the host.'),
    backup: bool().default(false).describe('Keep the old file beside the new one.'),
    force: bool().default(true).describe('Replace a file that differs; otherwise only a missing one is written.'),
    follow: bool().default(false).describe('Write through a link at the destination rather than replace it.'),
    validate: text()
      .optional()
      .describe("A command that must accept the new file, named by `%s`, before it takes the old one's place."),
    newline_sequence: choice('\n', '\r', '\r\n', String.raw`\n`, String.raw`\r`, String.raw`\r\n`)
      .default('\n')
      .describe('How lines end.'),
    output_encoding: choice('utf-8', 'utf8', 'UTF-8').default('utf-8').describe('Encoding of the file.'),
    trim_blocks: bool().default(true).describe('Drop the line break behind a block tag.'),
    lstrip_blocks: bool().default(false).describe('Drop the spaces before a block tag that begins a line.'),
    block_start_string: text().optional().describe('What stands for `{%`.'),
    block_end_string: text().optional().describe('What stands for `%}`.'),
    variable_start_string: text().optional().describe('What stands for `{{`.'),
    variable_end_string: text().optional().describe('What stands for `}}`.'),
    comment_start_string: text().optional().describe('What stands for `{#`.'),
    comment_end_string: text().optional().describe('What stands for `#}`.'),
    ...fileArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const source = await context.readLocal(given.src, 'templates');
    const rendered = context.renderFile(withSettings(source.content.toString('utf8'), given), source.path, given);
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

const HEADER = '#jinja2:';

/** Settings other than the defaults travel on the `#jinja2:` line that a template may begin with; what stands there already wins. */
function withSettings(
  text: string,
  given: { trim_blocks: boolean; lstrip_blocks: boolean } & Partial<
    Record<(typeof SETTINGS)[number], string | undefined>
  >,
): string {
  const settings = SETTINGS.flatMap((name) => (given[name] === undefined ? [] : [`${name}: '${given[name]}'`]));
  if (!given.trim_blocks) settings.push('trim_blocks: False');
  if (given.lstrip_blocks) settings.push('lstrip_blocks: True');
  if (settings.length === 0) return text;
  const header = `${HEADER} ${settings.join(', ')}`;
  return text.startsWith(HEADER) ? `${header},${text.slice(HEADER.length)}` : `${header}\n${text}`;
}
