import { type ArgumentOutline, argumentOutlines } from './argument-outline.js';
import { type ControlDefinition, controlDefinitions } from './control/index.js';
import type { AnyModule } from './module.js';
import { moduleAliases, modules } from './modules/index.js';

/** The pages of the modules' reference by file name, `README.md` being their index; Markdown, made of the definitions alone. */
export function referencePages(): ReadonlyMap<string, string> {
  const documented = [...new Set([...modules.values(), ...controlDefinitions.values()])].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return new Map([
    ['README.md', indexPage(documented)],
    ...documented.map((module) => [`${module.name}.md`, modulePage(module)] as const),
  ]);
}

type Documented = Pick<
  AnyModule,
  | 'name'
  | 'collection'
  | 'summary'
  | 'args'
  | 'aliases'
  | 'exclusive'
  | 'freeForm'
  | 'differences'
  | 'needs'
  | 'checkMode'
> &
  Pick<ControlDefinition, 'others'>;

const MADE_BY = '<!-- Made by `npm run docs` from the definition that checks the arguments. -->';

function indexPage(documented: readonly Documented[]): string {
  const rows = documented.map(({ name, summary }) => [`[${name}](${name}.md)`, summary]);
  return page([
    MADE_BY,
    '# Modules',
    'Each module takes what its page lists and refuses any other argument before a host is touched. What runs beside them: [What of Ansible runs](../ansible.md).',
    table(['module', 'what it does'], rows),
  ]);
}

function modulePage(module: Documented): string {
  const arguments_ = argumentOutlines(module);
  return page([
    MADE_BY,
    `# ${module.name}`,
    [module.summary, fullName(module), alsoCalled(module)].filter((text) => text !== '').join(' '),
    '## Arguments',
    arguments_.length === 0
      ? 'None.'
      : table(
          ['argument', 'takes', 'default', 'meaning'],
          arguments_.map((argument) => argumentRow(argument, module)),
        ),
    module.others ?? '',
    ...(module.exclusive ?? []).map((names) => `At most one of ${codes(names)}.`),
    module.freeForm ? `Free text is taken as \`${module.freeForm}\`.` : '',
    '## What the host needs',
    needsOf(module),
    '## Check mode',
    module.checkMode ?? 'Shows what would change and changes nothing.',
    '## Differs from Ansible',
    module.differences?.length ? module.differences.map((text) => `- ${text}`).join('\n') : 'Nothing known.',
  ]);
}

function needsOf({ name, needs }: Documented): string {
  const control = controlDefinitions.get(name);
  if (control && !control.asksHost) return 'Nothing: Stars performs it itself.';
  return `A shell, and coreutils or busybox${needs ? `; also ${needs}` : ''}.`;
}

function fullName({ name, collection = 'ansible.builtin' }: Documented): string {
  return `In full: \`${collection}.${name}\`.`;
}

function alsoCalled({ name }: Documented): string {
  const others = Object.keys(moduleAliases).filter((alias) => moduleAliases[alias] === name);
  return others.length === 0 ? '' : `Also called ${codes(others)}.`;
}

function argumentRow(argument: ArgumentOutline, { aliases }: Documented): string[] {
  const others = Object.keys(aliases ?? {}).filter((alias) => aliases?.[alias] === argument.name);
  return [
    `\`${argument.name}\`${others.length === 0 ? '' : ` (or ${codes(others)})`}`,
    argument.choices ? codes(argument.choices.map(shownValue)) : TAKES[argument.type],
    argument.required ? 'required' : argument.default === undefined ? '' : code(shownValue(argument.default)),
    argument.description ?? '',
  ];
}

const TAKES: Readonly<Record<ArgumentOutline['type'], string>> = {
  text: 'text',
  bool: 'yes or no',
  int: 'whole number',
  path: 'path',
  list: 'list of texts',
  dict: 'dict of texts',
  mode: 'permissions',
  choice: 'a word',
  any: 'any value',
};

/** As one writes it in YAML. */
function shownValue(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return `[${value.map(shownValue).join(', ')}]`;
  if (typeof value === 'string') return /^[^\s"'][^\n\r"]*$/.test(value) ? value : JSON.stringify(value);
  return String(value);
}

function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

function page(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
