import { StarsError } from '../../errors.js';
import { args, bool, list, raw, text } from '../arguments.js';
import { moduleArguments } from '../arguments.js';
import { defineModule, type Fact, type ModuleContext, type ModuleDefinition, type Plan } from '../module.js';
import { apk } from './apk.js';
import { apt } from './apt.js';
import { dnf, yum } from './yum.js';
import { zypper } from './zypper.js';

const schema = args({
  name: list(),
  state: text().default('present'),
  use: text().default('auto'),
  update_cache: bool().optional(),
  enablerepo: raw().optional(),
  disablerepo: raw().optional(),
  install_recommends: raw().optional(),
  allow_downgrade: raw().optional(),
  disable_gpg_check: raw().optional(),
  cache_valid_time: raw().optional(),
});

export const packageModule = defineModule<ReturnType<typeof schema.parse>>({
  name: 'package',
  summary: "Install or remove packages with the host's own package manager.",
  aliases: { pkg: 'name' },
  args: schema,

  async plan({ use, ...given }, context): Promise<Plan> {
    const manager = use === 'auto' ? await managerOf(context) : use;
    const planned = MANAGERS[manager];
    if (!planned) throw new StarsError('UNSUPPORTED', `package: the package manager ${manager} is not supported.`);
    return planned(withoutUndefined(given), context);
  },
});

const MANAGERS: Record<string, (given: Record<string, unknown>, context: ModuleContext) => Promise<Plan>> = {
  apt: by(apt),
  yum: by(yum),
  dnf: by(dnf),
  dnf4: by(dnf),
  dnf5: by(dnf),
  apk: by(apk),
  zypper: by(zypper),
};

function by<Args>(definition: ModuleDefinition<Args>) {
  return (given: Record<string, unknown>, context: ModuleContext) =>
    definition.plan(moduleArguments(definition, given), context);
}

async function managerOf(context: ModuleContext): Promise<string> {
  const known = context.variable('ansible_pkg_mgr');
  return typeof known === 'string' ? known : context.fact(packageManager);
}

/** Asked only where facts were not gathered. */
const packageManager: Fact<string> = {
  script: `for name in apt-get dnf yum zypper apk; do if command -v "$name" >/dev/null 2>&1; then echo "$name"; break; fi; done`,
  parse: ({ stdout }) => stdout.trim().replace('apt-get', 'apt') || 'unknown',
};

function withoutUndefined(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
