import { quote, sh } from '../../shell/command.js';
import { args, bool, choice, list, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const pip = defineModule({
  name: 'pip',
  summary: 'Install or remove Python packages.',
  args: args({
    name: list().default([]),
    version: text().optional(),
    requirements: path().optional(),
    state: choice('present', 'latest', 'absent', 'forcereinstall').default('present'),
    executable: text().optional(),
    virtualenv: path().optional(),
    virtualenv_command: text().default('virtualenv'),
    virtualenv_python: text().optional(),
    virtualenv_site_packages: bool().default(false),
    extra_args: text().optional(),
    editable: bool().default(false),
    chdir: path().optional(),
    umask: text().optional(),
  }),

  async plan(given, context): Promise<Plan> {
    const home = given.virtualenv === undefined ? undefined : await hostPath(context, given.virtualenv);
    const program = home === undefined ? given.executable : `${home}/bin/pip`;
    const names = given.version === undefined ? given.name : given.name.map((name) => `${name}==${given.version}`);
    const find = program === undefined ? '$(command -v pip3 || command -v pip || echo pip)' : quote(program);
    const installed = await context.fact({
      script: `${find} list --format=freeze --disable-pip-version-check 2>/dev/null || ${find} freeze --all 2>/dev/null; :`,
      parse: ({ stdout }) =>
        new Map(stdout.split('\n').flatMap((line) => (line.includes('==') ? [splitPin(line)] : []))),
    });
    const has = (name: string) => {
      const [wanted, version] = splitPin(name.replace(/\[.*?\]/, ''));
      return installed.has(wanted) && (version === '' || installed.get(wanted) === version) && !/[<>~!]/.test(name);
    };
    const removing = given.state === 'absent';
    const words = removing
      ? names.filter((name) => installed.has(splitPin(name)[0]))
      : given.state === 'present'
        ? names.filter((name) => !has(name))
        : names;
    if (words.length === 0 && given.requirements === undefined)
      return { actions: [], result: dict({ name: given.name, state: given.state }) };
    const flags = [
      ...(given.state === 'latest' ? ['-U'] : []),
      ...(given.state === 'forcereinstall' ? ['-U', '--force-reinstall'] : []),
      ...(given.editable ? ['-e'] : []),
    ];
    const what = sh`${words} ${given.requirements === undefined ? [] : ['-r', given.requirements]}`.text;
    const make =
      home === undefined
        ? ''
        : `[ -x ${quote(home)}/bin/pip ] || ${given.virtualenv_command}${given.virtualenv_python === undefined ? '' : ` -p ${quote(given.virtualenv_python)}`}${given.virtualenv_site_packages ? ' --system-site-packages' : ''} ${quote(home)} || return 1\n`;
    const folder = given.chdir === undefined ? '' : `cd ${quote(given.chdir)} || return 1\n`;
    const act = removing
      ? `${find} uninstall -y ${what}`
      : `${find} install ${flags.join(' ')} ${given.extra_args ?? ''} ${what}`;
    const umask = given.umask === undefined ? '' : `umask ${quote(given.umask)}\n`;
    return {
      actions: [
        {
          kind: 'run',
          command: { text: `stars_pip() {\n${exported(context)}${umask}${folder}${make}${act}\n}\nstars_pip` },
        },
      ],
      result: dict({ name: given.name, state: given.state, version: given.version }),
      finish: (results) =>
        dict({
          name: given.name,
          ...(results.at(-1)?.code === 0
            ? { changed: removing || /Successfully installed/.test(results.at(-1)?.stdout ?? '') }
            : {}),
        }),
    };
  },
});

function splitPin(text: string): [string, string] {
  const [name = '', version = ''] = text.split(/==|[<>~!]=?/);
  return [
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[-_.]+/g, '-'),
    version.trim(),
  ];
}
