import { quote, sh } from '../../shell/command.js';
import { args, bool, choice, path, raw } from '../arguments.js';
import { text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Fact, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { asBytes, linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const schema = args({
  name: text().describe('The setting, in dotted form or as a path below /proc/sys.'),
  value: raw().optional().describe('What it is to be; needed unless it is to be absent.'),
  state: choice('present', 'absent').default('present').describe('Whether the file is to hold the setting.'),
  sysctl_file: path().default('/etc/sysctl.conf').describe('The file that holds it.'),
  reload: bool().default(true).describe('Load the file into the kernel when something was not as wanted.'),
  sysctl_set: bool().default(false).describe('Also set the value in the kernel when it differs there.'),
  ignoreerrors: bool().default(false).describe('Pass over settings that the kernel does not know.'),
});
type Args = ReturnType<typeof schema.parse>;

export const sysctl = defineModule<Args>({
  name: 'sysctl',
  collection: 'ansible.posix',
  summary: 'Have a kernel setting in a file and in the running kernel.',
  aliases: { key: 'name', val: 'value' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const { name, state, reload } = given;
    const value = valueOf(given.value);
    if (state === 'present' && given.value === undefined)
      return { actions: [], failed: 'state is present but all of the following are missing: value' };
    if (name === '') return { actions: [], failed: 'name cannot be blank' };
    if (state === 'present' && value === '') return { actions: [], failed: 'value cannot be blank' };
    const dest = await hostPath(context, given.sysctl_file);
    const [file, current] = await Promise.all([readTextFile(context, dest), context.fact(kernelValue(name))]);
    if (!file.state.parentExists && !context.checkMode)
      return { actions: [], failed: `The folder of ${dest} does not exist: make it first, with the file module.` };
    const key = asBytes(name);
    const inFile = settingsOf(file.text ?? '').get(key);
    const wrongInFile = state === 'present' ? inFile !== asBytes(value) : inFile !== undefined;
    const wrongInKernel = state === 'present' && (current === undefined || !sameWords(current, value));
    if (!wrongInFile && !(wrongInKernel && (reload || given.sysctl_set))) return { actions: [] };
    const after = editSettings(file.text ?? '', key, state === 'present' ? asBytes(value) : undefined);
    const rewrite = wrongInFile ? rewriteTextFile(context, file, after, { throughLink: false }) : { actions: [] };
    const actions = [
      ...(given.sysctl_set && wrongInKernel && current !== undefined ? [set(given, value)] : []),
      ...rewrite.actions,
      ...(reload ? [load(given, dest)] : []),
    ];
    return { ...rewrite, actions, changed: true };
  },
});

/** YAML's yes and no are 1 and 0 to the kernel. */
function valueOf(given: Args['value']): string {
  if (typeof given === 'boolean') return given ? '1' : '0';
  const words = pythonText(given ?? '').trim();
  if (/^(yes|true|on)$/i.test(words)) return '1';
  return /^(no|false|off)$/i.test(words) ? '0' : words;
}

/** What the running kernel has; undefined when it does not know the setting. */
function kernelValue(name: string): Fact<string | undefined> {
  return {
    script: `LC_ALL=C sysctl -e -n ${quote(name)} 2>/dev/null; :`,
    parse: ({ stdout }) => (stdout.trim() === '' ? undefined : stdout.trim()),
  };
}

function sameWords(one: string, other: string): boolean {
  const words = (text: string) => text.trim().split(/\s+/).join(' ');
  return words(one) === words(other);
}

function set({ name, ignoreerrors }: Args, value: string): Action {
  const flags = ignoreerrors ? ['-e'] : [];
  return { kind: 'run', command: sh`LC_ALL=C sysctl ${flags} -w ${`${name}=${value}`}` };
}

function load({ ignoreerrors }: Args, file: string): Action {
  const flags = ignoreerrors ? ['-e'] : [];
  const failed = `{ code=$?; printf 'Failed to reload sysctl: %s\\n' "$said" >&2; exit "$code"; }`;
  return {
    kind: 'run',
    command: { text: `said=$(${sh`LC_ALL=C sysctl ${flags} -p ${file}`.text} 2>&1) || ${failed}` },
  };
}

function settingsOf(text: string): Map<string, string> {
  return new Map(linesOf(text).flatMap((line) => setting(line) ?? []));
}

function setting(line: string): [[string, string]] | undefined {
  const words = line.trim();
  if (/^[#;]/.test(words) || !words.includes('=')) return undefined;
  const at = words.indexOf('=');
  return [[words.slice(0, at).trim(), words.slice(at + 1).trim()]];
}

/** The file with the setting changed, added or (undefined) removed; each setting is kept once, in sysctl's plainest form. */
function editSettings(text: string, name: string, value: string | undefined): string {
  const seen = new Set<string>();
  const lines = linesOf(text).flatMap((line) => {
    const [key, has = ''] = setting(line)?.[0] ?? [];
    if (key === undefined) return [line.trim()];
    if (seen.has(key) || (key === name && value === undefined)) return [];
    seen.add(key);
    return [`${key}=${key === name ? (value ?? '') : has}`];
  });
  if (value !== undefined && !seen.has(name)) lines.push(`${name}=${value}`);
  return lines.map((line) => `${line}\n`).join('');
}
