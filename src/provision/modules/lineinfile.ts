import { args, bool, choice, path, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { attributeArgs } from './attributes.js';
import { editLine, type LineEdit } from './edit-line.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { bytePattern, toBytes } from './python-pattern.js';
import { dict } from './result.js';

export const lineinfile = defineModule({
  name: 'lineinfile',
  summary: 'Have one line in a file, replace it or remove it.',
  aliases: { dest: 'path', destfile: 'path', name: 'path', regex: 'regexp', value: 'line', attr: 'attributes' },
  args: args({
    path: path(),
    state: choice('absent', 'present').default('present'),
    regexp: text().optional(),
    search_string: text().optional(),
    line: text().optional(),
    insertafter: text().optional(),
    insertbefore: text().optional(),
    backrefs: bool().default(false),
    create: bool().default(false),
    backup: bool().default(false),
    firstmatch: bool().default(false),
    follow: bool().default(true),
    validate: text().optional(),
    ...attributeArgs,
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
  if (given.insertbefore !== undefined && given.insertafter !== undefined) return exclusive('insertbefore|insertafter');
  if (given.regexp !== undefined && given.search_string !== undefined) return exclusive('regexp|search_string');
  if (given.backrefs && given.search_string !== undefined) return exclusive('backrefs|search_string');
  if (given.state === 'present' && given.backrefs && given.regexp === undefined)
    return 'regexp is required with backrefs=true';
  if (given.state === 'present' && given.line === undefined) return 'line is required with state=present';
  const { regexp, search_string: search, line } = given;
  return regexp === undefined && search === undefined && line === undefined
    ? 'one of line, search_string, or regexp is required with state=absent'
    : undefined;
}

function exclusive(names: string): string {
  return `parameters are mutually exclusive: ${names}`;
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
