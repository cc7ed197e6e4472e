import { StarsError } from '../../errors.js';
import { args, bool, list, raw, text } from '../arguments.js';
import { moduleArguments } from '../arguments.js';
import { defineModule, type Fact, type ModuleContext, type ModuleDefinition, type Plan } from '../module.js';
import { apk } from './apk.js';
import { pacman } from './pacman.js';
import { apt } from './apt.js';
import { dnf, yum } from './yum.js';
import { zypper } from './zypper.js';

const SUPPORTED = 'apt-get, dnf, yum, zypper, apk or pacman';

const schema = args({
  name: list().describe("Packages, as the host's package manager calls them."),
  state: text()
    .optional()
    .describe('Whether they are there, there in the newest version, or gone; there, where nobody says it.'),
  use: text().default('auto').describe("The package manager, in place of the host's own."),
  update_cache: bool().optional().describe('Fetch the lists of packages first.'),
  enablerepo: raw().optional().describe('As in yum and dnf.'),
  disablerepo: raw().optional().describe('As in yum and dnf.'),
  install_recommends: raw().optional().describe('As in apt.'),
  allow_downgrade: raw().optional().describe('As in apt, yum and dnf.'),
  disable_gpg_check: raw().optional().describe('As in yum, dnf and zypper.'),
  cache_valid_time: raw().optional().describe('As in apt.'),
});

export const packageModule = defineModule<ReturnType<typeof schema.parse>>({
  name: 'package',
  summary: "Install or remove packages with the host's own package manager.",
  needs: SUPPORTED,
  differences: ['Other package managers are refused: the modules here are the ones it can hand on to.'],
  aliases: { pkg: 'name' },
  args: schema,

  async plan({ use, ...given }, context): Promise<Plan> {
    const manager = use === 'auto' ? await managerOf(context) : use;
    const planned = MANAGERS[manager];
    if (!planned) throw unsupported(manager);
    return planned(withoutUndefined(given), context);
  },
});

function unsupported(manager: string): StarsError {
  if (manager !== 'unknown')
    return new StarsError('UNSUPPORTED', `package: the package manager ${manager} is not supported.`);
  return new StarsError('HOSTS_FAILED', 'package: this host has no package manager that Stars knows.', {
    hint: `It needs ${SUPPORTED}; use command or raw where packages come otherwise.`,
  });
}

const MANAGERS: Record<string, (given: Record<string, unknown>, context: ModuleContext) => Promise<Plan>> = {
  apt: by(apt),
  yum: by(yum),
  dnf: by(dnf),
  dnf4: by(dnf),
  dnf5: by(dnf),
  apk: by(apk),
  pacman: by(pacman),
  zypper: by(zypper),
};

function by<Args>(definition: ModuleDefinition<Args>) {
  return (given: Record<string, unknown>, context: ModuleContext) =>
    definition.plan(moduleArguments(definition, { ...context.defaultsOf(definition.name), ...given }), context);
}

async function managerOf(context: ModuleContext): Promise<string> {
  const known = context.variable('ansible_pkg_mgr');
  return typeof known === 'string' ? known : context.fact(packageManager);
}

/** Asked only where facts were not gathered. */
const packageManager: Fact<string> = {
  script: `for name in apt-get dnf yum zypper apk pacman; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; break; fi; done`,
  parse: ({ stdout }) => stdout.trim().replace('apt-get', 'apt') || 'unknown',
};

function withoutUndefined(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
