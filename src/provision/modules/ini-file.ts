import { args, bool, choice, path, text, texts } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { dict } from './result.js';

const schema = args({
  path: path().describe('The file.'),
  section: text().optional().describe('The section; when not given, the lines before the first one.'),
  option: text().optional().describe('The option; when not given, the whole section is meant.'),
  value: text().optional().describe('Its value.'),
  values: texts().optional().describe('Its values, a line for each.'),
  state: choice('absent', 'present').default('present').describe('Whether the option is there.'),
  exclusive: bool()
    .default(true)
    .describe('Replace or remove all lines of the option rather than add or remove the given values.'),
  no_extra_spaces: bool().default(false).describe('Write no spaces around `=`.'),
  ignore_spaces: bool().default(false).describe('Leave a line alone that differs in spaces only.'),
  allow_no_value: bool().default(false).describe('Allow an option without a value.'),
  create: bool().default(true).describe('Make the file when it is missing.'),
  backup: bool().default(false).describe('Keep the old file beside the new one.'),
  follow: bool().default(false).describe('Edit what a link points to rather than replace the link.'),
  ...fileArgs,
});
type Args = ReturnType<typeof schema.parse>;

export const iniFile = fileModule<Args>({
  name: 'ini_file',
  collection: 'community.general',
  summary: 'Have an option in a section of an INI file.',
  differences: [
    'Check mode tells of attributes that would change, which Ansible only looks at in earnest.',
    'With `allow_no_value` an option whose values are there is left alone; Ansible adds it without a value in every run.',
  ],
  aliases: { dest: 'path' },
  exclusive: [['value', 'values']],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const values = given.value === undefined ? (given.values ?? []) : [given.value];
    if (given.state === 'present' && values.length === 0 && !given.allow_no_value)
      return { actions: [], failed: "Parameter 'value(s)' must be defined if state=present and allow_no_value=False." };
    const dest = await hostPath(context, given.path);
    const [state, before] = await Promise.all([editState(context, dest), context.fact(fileContent(dest))]);
    if (!resolved(state).stat && !given.create) return { actions: [], failed: `Destination ${dest} does not exist!` };
    const { text: after, message } = editIni(before?.toString('utf8') ?? '', { ...given, values });
    if (!resolved(state).stat && given.state === 'absent' && after.trim() === '')
      return { actions: [], result: dict({ msg: 'OK', path: dest }) };
    const plan = ensureEdited(context, {
      ...given,
      path: dest,
      state,
      before,
      after: Buffer.from(after),
      message,
      fields: { msg: message },
      backupAs: 'backup_file',
      wanted: given,
      throughLink: given.follow,
    });
    return plan;
  },
});

type Given = Pick<
  Args,
  'section' | 'option' | 'state' | 'exclusive' | 'no_extra_spaces' | 'ignore_spaces' | 'allow_no_value'
> & { values: readonly string[] };

/** The text with the option set or removed, and what was done in Ansible's words; sections and options keep their places. */
export function editIni(content: string, given: Given): { text: string; message: string } {
  const lines = content === '' ? [''] : content.replace(/\n$/, '').split('\n');
  const { start, end } = findSection([TOP, ...lines], given.section ? `[${given.section}]` : TOP);
  if (start === -1) return given.state === 'absent' ? done(lines, 'OK', content) : withSection(lines, given);
  const all = [TOP, ...lines];
  const section = all.slice(start, end);
  const edited = given.state === 'absent' ? without(section, given) : withOption(section, given);
  const now = [...all.slice(0, start), ...edited.lines, ...all.slice(end)];
  return done(now[0] === TOP ? now.slice(1) : now, edited.message, content);
}

/** A header that no file has: the lines above the first one are a section like any other. */
const TOP = '[\0]';

/** A file that is otherwise left alone keeps its last line as it is only when that ends in a line break. */
function done(lines: readonly string[], message: string, content: string): { text: string; message: string } {
  if (message === 'OK' && (content === '' || content.endsWith('\n'))) return { text: content, message };
  return { text: lines.map((line) => `${line}\n`).join(''), message };
}

/** The lines of a section with its header. -1: there is no such section. */
function findSection(lines: readonly string[], header: string): { start: number; end: number } {
  const start = lines.findIndex((line) => line.startsWith(header));
  const next = lines.findIndex((line, index) => index > start && line.startsWith('['));
  return { start, end: next === -1 ? lines.length : next };
}

function withSection(lines: readonly string[], given: Given): { text: string; message: string } {
  const added = given.option === undefined ? [] : newLines(given, given.values);
  const all = [...lines, `[${given.section ?? ''}]`, ...added];
  return done(all, added.length > 0 ? 'section and option added' : 'only section added', '');
}

type Edited = { lines: string[]; message: string };

function without(section: readonly string[], { option, exclusive, values }: Given): Edited {
  if (option === undefined) return { lines: [], message: 'section removed' };
  const goes = (line: string) => {
    const found = activeOption(line, option);
    return found !== undefined && (exclusive || values.includes(found.value));
  };
  const lines = section.filter((line) => !goes(line));
  return { lines, message: lines.length === section.length ? 'OK' : 'option changed' };
}

/** First lines that have a wanted value already, then other lines of the option; what is left over is added or goes. */
function withOption(section: readonly string[], given: Given): Edited {
  const { option, exclusive, allow_no_value: bare } = given;
  if (option === undefined) return { lines: [...section], message: 'OK' };
  const edit = { lines: [...section], kept: section.map(() => false), message: 'OK' };
  const open = [...new Set(given.values)];
  let bareStands = keepLinesOf(edit, open, { ...given, option });
  if (exclusive && !bare) replaceOthers(edit, open, { ...given, option });
  if (open.length === 0 && (!bare || bareStands || given.values.length > 0)) return edit;
  bareStands = false;
  return addedAtTheEnd(edit, newLines(given, open));
}

type Editing = Edited & { kept: boolean[] };
type Asked = Given & { option: string };

/** Writes lines that hold a wanted value, commented ones too, and takes those values off `open`; whether the bare option stands. */
function keepLinesOf(edit: Editing, open: string[], given: Asked): boolean {
  for (const [index, line] of edit.lines.entries()) {
    const found = anyOption(line, given.option);
    if (!found) continue;
    if (given.values.length === 0 && given.allow_no_value) {
      setLine(edit, index, given.option, given);
      return true;
    }
    const at = open.indexOf(found.value);
    if (at === -1) continue;
    setLine(
      edit,
      index,
      found.value === '' && given.allow_no_value ? given.option : assignment(given, found.value),
      given,
    );
    open.splice(at, 1);
  }
  return false;
}

function replaceOthers(edit: Editing, open: string[], given: Asked): void {
  for (const [index, line] of edit.lines.entries()) {
    if (open.length === 0) break;
    if (edit.kept[index] || !anyOption(line, given.option)) continue;
    setLine(edit, index, assignment(given, open.shift() ?? ''), given);
  }
  const goes = edit.lines.map(
    (line, index) => index > 0 && !edit.kept[index] && anyOption(line, given.option) !== undefined,
  );
  if (!goes.some(Boolean)) return;
  edit.lines = edit.lines.filter((_, index) => !goes[index]);
  edit.message = 'option changed';
}

function setLine(edit: Editing, index: number, line: string, { ignore_spaces: loose }: Given): void {
  const old = edit.lines[index] ?? '';
  const tight = (text: string) => text.replace(/\s*=\s*/, '=');
  edit.kept[index] = true;
  if (old === line || (loose && tight(old) === tight(line))) return;
  edit.lines[index] = line;
  edit.message = 'option changed';
}

/** Behind the last line that says something. */
function addedAtTheEnd({ lines, message }: Editing, added: readonly string[]): Edited {
  const at = lines.findLastIndex((line) => !/^[ \t]*([#;].*)?$/.test(line)) + 1;
  if (added.length === 0) return { lines, message };
  return { lines: lines.toSpliced(at, 0, ...added), message: 'option added' };
}

function newLines(given: Given, values: readonly string[]): string[] {
  if (values.length > 0) return values.map((value) => assignment(given, value));
  return given.allow_no_value && given.values.length === 0 ? [given.option ?? ''] : [];
}

function assignment({ option = '', no_extra_spaces: tight }: Given, value: string): string {
  return tight ? `${option}=${value}` : `${option} = ${value}`;
}

/** The option's line with its value, be it commented out or not. */
function anyOption(line: string, option: string): { value: string } | undefined {
  return optionIn(line.replace(/^[ \t]*[#;]?[ \t]*/, ''), option);
}

function activeOption(line: string, option: string): { value: string } | undefined {
  return optionIn(line.trimStart(), option);
}

function optionIn(line: string, option: string): { value: string } | undefined {
  if (!line.startsWith(option)) return undefined;
  const [, value] = /^[ \t]*(?:=[ \t]*(.*?)[ \t]*)?$/.exec(line.slice(option.length)) ?? [];
  return /^[ \t]*(=.*)?$/.test(line.slice(option.length)) ? { value: value ?? '' } : undefined;
}
