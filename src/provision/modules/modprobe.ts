import { quote, sh } from '../../shell/command.js';
import { args, choice, text } from '../arguments.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';
import { asBytes, linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const schema = args({
  name: text().describe('The kernel module.'),
  params: text().default('').describe('Its parameters, separated by spaces.'),
  state: choice('present', 'absent').default('present').describe('Whether it is to be loaded now.'),
  persistent: choice('disabled', 'absent', 'present')
    .default('disabled')
    .describe('Whether it is to be loaded at boot with these parameters; disabled leaves that as it is.'),
});
type Args = ReturnType<typeof schema.parse>;

export const modprobe = defineModule<Args>({
  name: 'modprobe',
  collection: 'community.general',
  summary: 'Have a kernel module loaded, now and at boot.',
  differences: [
    'Check mode writes nothing; Ansible writes the files for the next boot in it.',
    'Lines of other files that are put out of effect stay where they are, without empty lines between them.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const { name, params, state, persistent } = given;
    const { loaded, loads, options } = await context.fact(kernelModule(name));
    const change = state === 'present' ? [name, ...words(params)] : ['-r', name];
    const now: Action[] = loaded === (state === 'present') ? [] : [{ kind: 'run', command: sh`modprobe ${change}` }];
    const refused = context.checkMode && now.length > 0 ? await context.fact(refusal(change)) : undefined;
    if (refused !== undefined) return { actions: [], failed: refused, result: dict({ name, params, state }) };
    const atBoot =
      persistent === 'disabled'
        ? []
        : persistent === 'present'
          ? await loadAtBoot(given, { loads, options }, context)
          : [
              ...(await commentedOut(loads, (line) => loadsModule(line, name), context)),
              ...(await commentedOut(options.files, (line) => optionsOf(line, name) !== undefined, context)),
            ];
    return { actions: [...now, ...atBoot], result: dict({ name, params, state }) };
  },
});

/** What modprobe says against a change, without making it. */
function refusal(change: readonly string[]): Fact<string | undefined> {
  return {
    script: `why=$(${sh`modprobe -n ${change}`.text} 2>&1) || echo "refused $why"`,
    parse: ({ stdout }) => /^refused ([^]*)/.exec(stdout)?.[1]?.trim(),
  };
}

async function loadAtBoot(
  { name, params }: Args,
  { loads, options }: Pick<KernelModule, 'loads' | 'options'>,
  context: ModuleContext,
): Promise<Action[]> {
  const load = loads.length > 0 ? [] : await written(`/etc/modules-load.d/${name}.conf`, `${name}\n`, context);
  const wanted = words(params);
  const same = wanted.length === new Set(options.values).size && wanted.every((word) => options.values.includes(word));
  if (wanted.length === 0 || same) return load;
  const file = `/etc/modprobe.d/${name}.conf`;
  const text = wanted.map((word) => `options ${name} ${word}\n`).join('');
  const others = options.files.filter((each) => each !== file);
  const old = await commentedOut(others, (line) => optionsOf(line, name) !== undefined, context);
  return [...load, ...old, ...(await written(file, text, context))];
}

type KernelModule = {
  loaded: boolean;
  /** Files that load it at boot. */
  loads: string[];
  options: { files: string[]; values: string[] };
};

/** Whether a module is in the running kernel, and what the files for the next boot say of it. */
function kernelModule(name: string): Fact<KernelModule> {
  const plain = name.replaceAll('-', '_');
  const inTree = quote(`/${name}.ko`);
  return {
    script: `if grep -q ${quote(`^${plain} `)} /proc/modules 2>/dev/null || grep -qF ${inTree} "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null; then echo loaded; fi
for file in /etc/modules-load.d/*.conf; do if [ -f "$file" ]; then sed "s#^#load $file:#" "$file"; echo; fi; done
for file in /etc/modprobe.d/*.conf; do if [ -f "$file" ]; then sed "s#^#option $file:#" "$file"; echo; fi; done
:`,
    parse({ stdout }) {
      const lines = (word: string) =>
        stdout.split('\n').flatMap((line) => {
          const [, kind, file = '', rest = ''] = /^(load|option) (.*?\.conf):(.*)$/.exec(line) ?? [];
          return kind === word ? [{ file, line: rest }] : [];
        });
      const loads = lines('load').filter(({ line }) => loadsModule(line, name));
      const options = lines('option').filter(({ line }) => optionsOf(line, name) !== undefined);
      return {
        loaded: /^loaded$/m.test(stdout),
        loads: [...new Set(loads.map(({ file }) => file))],
        options: {
          files: [...new Set(options.map(({ file }) => file))],
          values: options.flatMap(({ line }) => optionsOf(line, name) ?? []),
        },
      };
    },
  };
}

function loadsModule(line: string, name: string): boolean {
  return line.replace(/^ +| *([#;].*)?$/g, '') === name;
}

/** The parameters that a line sets for the module; undefined when it is about something else. */
function optionsOf(line: string, name: string): string[] | undefined {
  const [first, module, ...params] = words(line.replace(/[#;].*$/, ''));
  return first === 'options' && module === name && params.length > 0 ? params : undefined;
}

async function commentedOut(
  files: string[],
  isMeant: (line: string) => boolean,
  context: ModuleContext,
): Promise<Action[]> {
  const edits = files.map(async (path) => {
    const file = await readTextFile(context, path);
    const lines = linesOf(file.text ?? '').map((line) => (isMeant(line) ? `#${line}` : line));
    return rewriteTextFile(context, file, lines.map((line) => `${line}\n`).join('')).actions;
  });
  return (await Promise.all(edits)).flat();
}

async function written(path: string, text: string, context: ModuleContext): Promise<Action[]> {
  return rewriteTextFile(context, await readTextFile(context, path), asBytes(text)).actions;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
