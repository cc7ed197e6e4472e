import { z } from 'zod';
import type { ExecResult } from '../../connection/connection.js';
import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { expandingWord, hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { exported } from './environment.js';

const schema = args({
  name: text().optional().describe('The package; without it, what the package.json of `path` asks for.'),
  path: path().optional().describe('The folder of the project, made when it is missing; not needed with `global`.'),
  version: text().optional().describe('The version that must be there.'),
  state: choice('present', 'absent', 'latest')
    .default('present')
    .describe('Whether the packages are there, are gone, or are as new as the project allows.'),
  global: bool().default(false).describe('Whether the package is for the whole host.'),
  production: bool().default(false).describe('Leave out what only development needs.'),
  executable: text().optional().describe('The npm to use, such as that of nvm, with words before it if need be.'),
  registry: text().optional().describe('The address of the registry.'),
  ignore_scripts: bool().default(false).describe('Run no scripts of the packages.'),
  unsafe_perm: bool().default(false).describe('Let scripts of the packages run as root.'),
  ci: bool().default(false).describe('Install exactly what the lock file says, each time.'),
  no_optional: bool().default(false).describe('Leave out optional dependencies.'),
  no_bin_links: bool().default(false).describe('Make no links to programs of the packages.'),
});
type Args = ReturnType<typeof schema.parse>;

export const npm = defineModule<Args>({
  name: 'npm',
  collection: 'community.general',
  summary: 'Install or remove packages of Node.js.',
  needs: 'npm',
  args: schema,
  differences: [
    'Check mode does not make the folder `path`.',
    'A registry with a password in its address reaches npm by its settings, not as an argument that other users see.',
  ],

  async plan(given, context): Promise<Plan> {
    if (given.path === undefined && !given.global)
      return { actions: [], failed: 'path must be specified when not using global' };
    if (given.state === 'absent' && given.name === undefined)
      return { actions: [], failed: 'uninstalling a package is only available for named packages' };
    const call = await callerOf(given, context);
    const commands = await neededCommands(given, call, context);
    return { actions: commands.map((command) => run(call, command, given)) };
  },
});

/** Shell around npm's words: the environment, the folder, and the program. */
type Caller = { enter: string; program: string; make: string };

async function callerOf({ path: folder, executable, registry }: Args, context: ModuleContext): Promise<Caller> {
  const words = executable?.split(' ').filter(Boolean) ?? ['npm'];
  const program = words.map((word) => expandingWord(word)).join(' ');
  const hidden = registry !== undefined && hasLogin(registry) ? `export npm_config_registry=${quote(registry)}\n` : '';
  const place = folder === undefined ? undefined : quote(await hostPath(context, folder));
  return {
    program,
    make: place === undefined ? '' : `mkdir -p ${place} && `,
    enter: `${exported(context)}${hidden}${place === undefined ? '' : `cd ${place} || exit\n`}`,
  };
}

async function neededCommands(given: Args, call: Caller, context: ModuleContext): Promise<string[]> {
  if (given.ci) return ['ci'];
  const { installed, missing } = await context.fact(installedPackages(call, given));
  if (given.state === 'absent') return installed.has(given.name ?? '') ? ['uninstall'] : [];
  const install = missing ? ['install'] : [];
  if (given.state === 'present') return install;
  return [...install, ...((await context.fact(outdated(call, given))) ? ['update'] : [])];
}

type Installed = { installed: ReadonlySet<string>; missing: boolean };

function installedPackages({ enter, program }: Caller, given: Args): Fact<Installed> {
  const flags = given.global ? ' --global' : '';
  return {
    script: `${enter.replace(/\|\| exit\n$/, '2>/dev/null || { echo {}; exit; }\n')}command -v ${program.split(' ')[0] ?? ''} >/dev/null || exit 127
${program} list --json --depth=0${flags} 2>/dev/null; :`,
    parse: (result) => parseInstalled(result, given),
  };
}

function parseInstalled({ code, stdout }: ExecResult, { name, version, state }: Args): Installed {
  if (code === 127) throw new StarsError('HOSTS_FAILED', 'Failed to find required executable "npm".');
  const dependencies = dependenciesOf(stdout);
  const installed = new Set<string>();
  let missing = dependencies === undefined;
  for (const [dependency, found] of Object.entries(dependencies ?? {})) {
    if (found.missing || (found.invalid !== undefined && found.invalid !== false && found.invalid !== '')) {
      missing = true;
      continue;
    }
    installed.add(dependency);
    if (found.version !== undefined) installed.add(`${dependency}@${found.version}`);
  }
  const wanted = version !== undefined && name !== undefined && state !== 'absent' ? `${name}@${version}` : name;
  return { installed, missing: missing || (wanted !== undefined && !installed.has(wanted)) };
}

const Listing = z.object({
  dependencies: z
    .record(
      z.string(),
      z.object({
        version: z.string().optional(),
        missing: z.boolean().optional(),
        invalid: z.union([z.boolean(), z.string()]).optional(),
      }),
    )
    .optional(),
});

function dependenciesOf(json: string): z.output<typeof Listing>['dependencies'] {
  try {
    return Listing.parse(JSON.parse(json.trim() === '' ? '{}' : json)).dependencies;
  } catch (cause) {
    throw new StarsError('HOSTS_FAILED', 'What npm says of the installed packages is not JSON.', {
      hint: 'Run “npm list --json” on the host to see what is in its way.',
      cause,
    });
  }
}

function outdated({ enter, program }: Caller, given: Args): Fact<boolean> {
  const script = `${enter.replace(/\|\| exit\n$/, '2>/dev/null || exit 0\n')}${program} ${wordsOf('outdated', given)} 2>/dev/null; :`;
  return { script, parse: ({ stdout }) => stdout.trim() !== '' };
}

function run({ make, enter, program }: Caller, command: string, given: Args): Action {
  const folder = command === 'uninstall' ? '' : make;
  return { kind: 'run', command: { text: `${folder}( ${enter}${program} ${wordsOf(command, given)} )` } };
}

function wordsOf(command: string, given: Args): string {
  const { name, version, state, registry } = given;
  const installs = command !== 'outdated' && command !== 'uninstall';
  const target = name !== undefined && version !== undefined && state !== 'absent' ? `${name}@${version}` : name;
  return [
    command,
    ...(given.global ? ['--global'] : []),
    ...(given.production && installs ? ['--production'] : []),
    ...(given.ignore_scripts ? ['--ignore-scripts'] : []),
    ...(given.unsafe_perm ? ['--unsafe-perm'] : []),
    ...(target === undefined ? [] : [target]),
    ...(registry !== undefined && !hasLogin(registry) ? ['--registry', registry] : []),
    ...(given.no_optional ? ['--no-optional'] : []),
    ...(given.no_bin_links ? ['--no-bin-links'] : []),
  ]
    .map((word) => quote(word))
    .join(' ');
}

function hasLogin(address: string): boolean {
  return /^\w+:\/\/[^/]*@/.test(address);
}
