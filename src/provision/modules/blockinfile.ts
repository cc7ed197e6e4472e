import { args, bool, choice, path, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict } from './result.js';

const schema = args({
  path: path().describe('The file.'),
  state: choice('absent', 'present').default('present').describe('Whether the block is there.'),
  block: text().default('').describe('The lines between the markers; none removes the block.'),
  marker: text()
    .default('# {mark} ANSIBLE MANAGED BLOCK')
    .describe('The marker lines, in which `{mark}` stands for beginning or end.'),
  marker_begin: text().default('BEGIN').describe('What `{mark}` is in the first marker.'),
  marker_end: text().default('END').describe('What `{mark}` is in the last marker.'),
  insertafter: text()
    .optional()
    .describe('Put a new block after the last line that matches this regular expression, or at `EOF`.'),
  insertbefore: text()
    .optional()
    .describe('Put a new block before the last line that matches this regular expression, or at `BOF`.'),
  create: bool().default(false).describe('Make the file when it is missing.'),
  backup: bool().default(false).describe('Keep the old file beside the new one.'),
  follow: bool().default(true).describe('Accepted and without effect: of a link, what it points to is edited.'),
  validate: text()
    .optional()
    .describe("A command that must accept the new file, named by `%s`, before it takes the old one's place."),
  ...fileArgs,
});
type Args = ReturnType<typeof schema.parse>;

export const blockinfile = fileModule<Args>({
  name: 'blockinfile',
  summary: 'Have a block of lines between two marker lines of a file.',
  aliases: { dest: 'path', destfile: 'path', name: 'path', content: 'block' },
  exclusive: [['insertbefore', 'insertafter']],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const dest = await hostPath(context, given.path);
    const [state, before] = await Promise.all([editState(context, dest), context.fact(fileContent(dest))]);
    const { stat } = resolved(state);
    if (stat?.kind === 'directory')
      return { actions: [], failed: `Path ${dest} is a directory !`, result: dict({ rc: 256 }) };
    if (!stat && given.state === 'absent') return { actions: [], result: dict({ msg: `File ${dest} not present` }) };
    if (!stat && !given.create)
      return { actions: [], failed: `Path ${dest} does not exist !`, result: dict({ rc: 257 }) };
    const { content, message } = editBlock(before?.toString('latin1') ?? '', given);
    return ensureEdited(context, {
      ...given,
      path: dest,
      state,
      before,
      after: Buffer.from(content, 'latin1'),
      message,
      wanted: given,
    });
  },
});

/** The file's text with the block, or without it. */
export function editBlock(content: string, given: Args): { content: string; message: string } {
  const begin = `${toBytes(given.marker.replaceAll('{mark}', given.marker_begin))}\n`;
  const end = `${toBytes(given.marker.replaceAll('{mark}', given.marker_end))}\n`;
  const lines: string[] = content.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const wanted = given.state === 'present' && given.block !== '' ? blockOf(toBytes(given.block), begin, end) : [];
  const [first, last] = [lines.lastIndexOf(begin), lines.lastIndexOf(end)].sort((a, b) => a - b);
  const found = first !== undefined && last !== undefined && first !== -1;
  const at = found ? first : placeOf(lines, given);
  const rest = found ? lines.toSpliced(first, last - first + 1) : [...lines];
  const above = rest[at - 1];
  // The line above may be the file's last one, and not ended.
  if (above !== undefined && !above.endsWith('\n')) rest[at - 1] = `${above}\n`;
  const message = wanted.length === 0 ? 'Block removed' : 'Block inserted';
  return { content: rest.toSpliced(at, 0, ...wanted).join(''), message: content === '' ? 'File created' : message };
}

function blockOf(block: string, begin: string, end: string): string[] {
  return [begin, block.endsWith('\n') ? block : `${block}\n`, end];
}

function placeOf(lines: string[], { insertafter: after, insertbefore: before }: Args): number {
  if (before === 'BOF') return 0;
  const pattern = before ?? (after === 'EOF' ? undefined : after);
  if (pattern === undefined) return lines.length;
  const near = bytePattern(pattern);
  const found = lines.findLastIndex((line) => near.exec(line) !== null);
  if (found === -1) return lines.length;
  return before === undefined ? found + 1 : found;
}
