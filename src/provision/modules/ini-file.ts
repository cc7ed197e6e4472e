import { args, bool, choice, path, text } from '../arguments.js';
import { list } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { attributeArgs } from './attributes.js';
import { editState, ensureEdited } from './ensure-edited.js';
import { dict } from './result.js';

const schema = args({
  path: path(),
  section: text().optional(),
  option: text().optional(),
  value: text().optional(),
  values: list().optional(),
  state: choice('absent', 'present').default('present'),
  exclusive: bool().default(true),
  no_extra_spaces: bool().default(false),
  ignore_spaces: bool().default(false),
  allow_no_value: bool().default(false),
  create: bool().default(true),
  backup: bool().default(false),
  follow: bool().default(false),
  ...attributeArgs,
});
type Args = ReturnType<typeof schema.parse>;

export const iniFile = defineModule<Args>({
  name: 'ini_file',
  summary: 'Have an option in a section of an INI file.',
  aliases: { dest: 'path', attr: 'attributes' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.values !== undefined && given.values.length > 1)
      return { actions: [], failed: 'several values of one option are not supported' };
    const dest = await hostPath(context, given.path);
    const [state, before] = await Promise.all([editState(context, dest), context.fact(fileContent(dest))]);
    if (!resolved(state).stat && !given.create) return { actions: [], failed: `Destination ${dest} does not exist!` };
    if (!resolved(state).stat && given.state === 'absent')
      return { actions: [], result: dict({ msg: 'OK', path: dest }) };
    const after = Buffer.from(
      editIni(before?.toString('utf8') ?? '', { ...given, value: given.value ?? given.values?.[0] }),
    );
    return ensureEdited(context, {
      ...given,
      path: dest,
      state,
      before,
      after,
      message: given.state === 'present' ? 'option changed' : 'option removed',
      wanted: given,
    });
  },
});

/** The text with the option set or removed; sections and options keep their places. */
export function editIni(
  content: string,
  given: Pick<Args, 'section' | 'option' | 'value' | 'state' | 'no_extra_spaces' | 'ignore_spaces' | 'allow_no_value'>,
): string {
  const lines = content === '' ? [] : content.replace(/\n$/, '').split('\n');
  const section = findSection(lines, given.section);
  const edited = given.state === 'absent' ? without(lines, section, given) : withOption(lines, section, given);
  return edited.length === 0 ? '' : `${edited.join('\n')}\n`;
}

type Section = { start: number; end: number } | undefined;
type Given = Parameters<typeof editIni>[1];

/** The lines of a section, without its header; without a name, those above the first header. */
function findSection(lines: string[], name: string | undefined): Section {
  const isHeader = (line: string) => /^\s*\[.*\]/.test(line);
  const header = name === undefined ? -1 : lines.findIndex((line) => line.trim() === `[${name}]`);
  if (name !== undefined && header === -1) return undefined;
  const next = lines.findIndex((line, index) => index > header && isHeader(line));
  return { start: header + 1, end: next === -1 ? lines.length : next };
}

function without(lines: string[], section: Section, { section: name, option }: Given): string[] {
  if (!section) return lines;
  if (option === undefined)
    return lines.toSpliced(
      Math.max(0, section.start - (name === undefined ? 0 : 1)),
      section.end - section.start + (name === undefined ? 0 : 1),
    );
  return lines.filter((line, index) => index < section.start || index >= section.end || !isOption(line, option));
}

function withOption(lines: string[], section: Section, given: Given): string[] {
  const { option, section: name } = given;
  const line = option === undefined ? undefined : optionLine(given, option);
  if (!section) return [...lines, `[${name ?? ''}]`, ...(line === undefined ? [] : [line])];
  if (option === undefined || line === undefined) return lines;
  const inside = lines.findIndex(
    (each, index) => index >= section.start && index < section.end && isOption(each, option),
  );
  if (inside !== -1) {
    const same = given.ignore_spaces && lines[inside]?.replaceAll(/\s*=\s*/g, '=') === line.replaceAll(/\s*=\s*/g, '=');
    return same ? lines : lines.with(inside, line);
  }
  const commented = lines.findIndex(
    (each, index) => index >= section.start && index < section.end && isOption(each.replace(/^[#;]\s*/, ''), option),
  );
  if (commented !== -1) return lines.with(commented, line);
  // New options stand before the blank lines that end a section.
  let at = section.end;
  while (at > section.start && lines[at - 1]?.trim() === '') at -= 1;
  return lines.toSpliced(at, 0, line);
}

function isOption(line: string, option: string): boolean {
  const name = /^\s*([^=\s#;][^=]*?)\s*(=|$)/.exec(line)?.[1];
  return name === option;
}

function optionLine({ value, allow_no_value: bare, no_extra_spaces: tight }: Given, option: string): string {
  if (value === undefined && bare) return option;
  return tight ? `${option}=${value ?? ''}` : `${option} = ${value ?? ''}`;
}
