import { args, bool, choice, path, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { editLine, type LineEdit } from './edit-line.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict } from './result.js';

export const lineinfile = fileModule({
  name: 'lineinfile',
  summary: 'Have one line in a file, replace it or remove it.',
  differences: ['What `validate` refuses leaves no backup behind.'],
  aliases: { dest: 'path', destfile: 'path', name: 'path', regex: 'regexp', value: 'line' },
  exclusive: [
    ['insertbefore', 'insertafter'],
    ['regexp', 'search_string'],
    ['backrefs', 'search_string'],
  ],
  args: args({
    path: path().describe('The file.'),
    state: choice('absent', 'present').default('present').describe('Whether the line is there.'),
    regexp: text().optional().describe('Regular expression of the line to replace or remove; the last match counts.'),
    search_string: text().optional().describe('Text of the line to replace or remove, as it is.'),
    line: text().optional().describe('The line.'),
    insertafter: text()
      .optional()
      .describe('Put a new line after the last one that matches this regular expression, or at `EOF`.'),
    insertbefore: text()
      .optional()
      .describe('Put a new line before the last one that matches this regular expression, or at `BOF`.'),
    backrefs: bool()
      .default(false)
      .describe(String.raw`Fill '\1' and the like in the line from the match, and add nothing when there is none.`),
    create: bool().default(false).describe('Make the file when it is missing.'),
    backup: bool().default(false).describe('Keep the old file beside the new one.'),
    firstmatch: bool().default(false).describe('Let the first match of `insertafter` or `insertbefore` count.'),
    follow: bool().default(true).describe('Accepted and without effect: of a link, what it points to is edited.'),
    validate: text()
      .optional()
      .describe("A command that must accept the new file, named by `%s`, before it takes the old one's place."),
    ...fileArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const problem = contradiction(given);
    if (problem) return { actions: [], failed: problem };
    const dest = await hostPath(context, given.path);
    const [state, before] = await Promise.all([editState(context, dest), context.fact(fileContent(dest))]);
    const { stat } = resolved(state);
    if (stat?.kind === 'directory')
      return { actions: [], failed: `Path ${dest} is a directory !`, result: dict({ rc: 256 }) };
    if (!stat && given.state === 'absent') return { actions: [], result: dict({ msg: 'file not present' }) };
    if (!stat && !given.create) {
      return { actions: [], failed: `Destination ${dest} does not exist !`, result: dict({ rc: 257 }) };
    }
    const edited = editLine(before?.toString('latin1') ?? '', toEdit(given));
    return ensureEdited(context, {
      ...given,
      path: dest,
      state,
      before,
      after: Buffer.from(edited.content, 'latin1'),
      message: edited.message,
      fields: given.state === 'absent' ? { found: edited.found } : {},
      wanted: given,
    });
  },
});

type Given = {
  state: 'present' | 'absent';
  regexp?: string | undefined;
  search_string?: string | undefined;
  line?: string | undefined;
  insertafter?: string | undefined;
  insertbefore?: string | undefined;
  backrefs: boolean;
  firstmatch: boolean;
};

function contradiction(given: Given): string | undefined {
  if (given.state === 'present' && given.backrefs && given.regexp === undefined)
    return 'regexp is required with backrefs=true';
  if (given.state === 'present' && given.line === undefined) return 'line is required with state=present';
  const { regexp, search_string: search, line } = given;
  return regexp === undefined && search === undefined && line === undefined
    ? 'one of line, search_string, or regexp is required with state=absent'
    : undefined;
}

function toEdit(given: Given): LineEdit {
  const { insertafter: after, insertbefore: before } = given;
  return {
    state: given.state,
    regexp: given.regexp === undefined ? undefined : bytePattern(given.regexp),
    search: given.search_string === undefined ? undefined : toBytes(given.search_string),
    line: toBytes(given.line ?? ''),
    backrefs: given.backrefs,
    firstMatch: given.firstmatch,
    after: after === undefined || after === 'EOF' || after === 'BOF' ? after : bytePattern(after),
    before: before === undefined || before === 'BOF' ? before : bytePattern(before),
  };
}
