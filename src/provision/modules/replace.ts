import { args, bool, choice, path, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { bytePattern, expandMatch, toBytes } from './python-pattern.js';
import { dict } from './result.js';

export const replace = fileModule({
  name: 'replace',
  summary: 'Replace every match of a regular expression in a file.',
  differences: ['A group in `replace` that `regexp` does not have is an error only where something is replaced.'],
  aliases: { dest: 'path', destfile: 'path', name: 'path' },
  args: args({
    path: path().describe('The file.'),
    regexp: text().describe("Regular expression in Python's way; `^` and `$` mean lines."),
    replace: text()
      .default('')
      .describe(String.raw`What takes the match's place, with '\1' and the like; nothing removes it.`),
    after: text().optional().describe('Only look behind the first match of this regular expression.'),
    before: text().optional().describe('Only look before the first match of this regular expression.'),
    backup: bool().default(false).describe('Keep the old file beside the new one.'),
    follow: bool().default(true).describe('Accepted and without effect: of a link, what it points to is edited.'),
    validate: text()
      .optional()
      .describe("A command that must accept the new file, named by `%s`, before it takes the old one's place."),
    encoding: choice('utf-8', 'utf8').default('utf-8').describe('Encoding of the file.'),
    ...fileArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const dest = await hostPath(context, given.path);
    const [state, before] = await Promise.all([editState(context, dest), context.fact(fileContent(dest))]);
    const { stat } = resolved(state);
    if (stat?.kind === 'directory')
      return { actions: [], failed: `Path ${dest} is a directory !`, result: dict({ rc: 256 }) };
    if (!stat || !before) return { actions: [], failed: `Path ${dest} does not exist !`, result: dict({ rc: 257 }) };
    const content = before.toString('latin1');
    const section = sectionOf(content, given.after, given.before);
    if (!section) {
      const msg = `Pattern for before/after params did not match the given file: ${sectionPattern(given.after, given.before)}`;
      return { actions: [], result: dict({ msg, rc: 0 }) };
    }
    const replaced = replaceAll(content.slice(section.from, section.to), given.regexp, given.replace);
    const after = Buffer.from(content.slice(0, section.from) + replaced.text + content.slice(section.to), 'latin1');
    const message = `${replaced.count} replacements made`;
    return ensureEdited(context, {
      ...given,
      path: dest,
      state,
      before,
      after,
      message,
      backupAs: 'backup_file',
      fields: { rc: 0 },
      wanted: given,
    });
  },
});

function replaceAll(text: string, regexp: string, replacement: string): { text: string; count: number } {
  const template = toBytes(replacement);
  let next = '';
  let at = 0;
  const matches = [...text.matchAll(bytePattern(regexp, { multiline: true }).all())];
  for (const match of matches) {
    next += text.slice(at, match.index) + expandMatch(template, match);
    at = match.index + match[0].length;
  }
  return { text: next + text.slice(at), count: matches.length };
}

function sectionPattern(after: string | undefined, before: string | undefined): string {
  if (after !== undefined && before !== undefined) return `${after}(?P<subsection>.*?)${before}`;
  return after === undefined ? `(?P<subsection>.*)${before ?? ''}` : `${after}(?P<subsection>.*)`;
}

/** Where the searched part lies; the whole text without `after` and `before`. */
function sectionOf(content: string, after: string | undefined, before: string | undefined) {
  if (after === undefined && before === undefined) return { from: 0, to: content.length };
  const found = bytePattern(sectionPattern(after, before), { dotAll: true }).all().exec(content);
  const [from, to] = found?.indices?.groups?.subsection ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}
