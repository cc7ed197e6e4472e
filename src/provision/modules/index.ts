import type { AnyModule } from '../module.js';
import { apk } from './apk.js';
import { apt } from './apt.js';
import { command, shell } from './command.js';
import { copy } from './copy.js';
import { file } from './file.js';
import { getUrl } from './get-url.js';
import { group } from './group.js';
import { lineinfile } from './lineinfile.js';
import { packageModule } from './package.js';
import { service } from './service.js';
import { stat } from './stat.js';
import { systemd } from './systemd.js';
import { blockinfile } from './blockinfile.js';
import { find } from './find.js';
import { getent } from './getent.js';
import { iniFile } from './ini-file.js';
import { replace } from './replace.js';
import { slurp } from './slurp.js';
import { tempfile } from './tempfile.js';
import { alternatives } from './alternatives.js';
import { aptKey } from './apt-key.js';
import { aptRepository } from './apt-repository.js';
import { cron } from './cron.js';
import { git } from './git.js';
import { rpmKey } from './rpm-key.js';
import { pip } from './pip.js';
import { uri } from './uri.js';
import { waitFor } from './wait-for.js';
import { yumRepository } from './yum-repository.js';
import { template } from './template.js';
import { unarchive } from './unarchive.js';
import { user } from './user.js';
import { dnf, yum } from './yum.js';
import { zypper } from './zypper.js';

const ALL: readonly AnyModule[] = [
  apk,
  apt,
  command,
  copy,
  dnf,
  file,
  getUrl,
  group,
  lineinfile,
  packageModule,
  service,
  shell,
  stat,
  systemd,
  template,
  blockinfile,
  find,
  getent,
  iniFile,
  replace,
  slurp,
  tempfile,
  alternatives,
  aptKey,
  aptRepository,
  cron,
  git,
  rpmKey,
  pip,
  uri,
  waitFor,
  yumRepository,
  unarchive,
  user,
  yum,
  zypper,
];

/** Other names under which playbooks call them. */
const ALIASES: Record<string, string> = { systemd_service: 'systemd' };

/** Every module by its short name. */
export const modules: ReadonlyMap<string, AnyModule> = createModules();

function createModules(): ReadonlyMap<string, AnyModule> {
  const named = new Map(ALL.map((module) => [module.name, module]));
  for (const [alias, name] of Object.entries(ALIASES)) {
    const module = named.get(name);
    if (module) named.set(alias, module);
  }
  return named;
}
