import type { AnyModule } from '../module.js';
import { acl } from './acl.js';
import { apk } from './apk.js';
import { apt } from './apt.js';
import { command, shell } from './command.js';
import { copy } from './copy.js';
import { file } from './file.js';
import { getUrl } from './get-url.js';
import { group } from './group.js';
import { iptables } from './iptables.js';
import { jenkinsPlugin } from './jenkins-plugin.js';
import { lineinfile } from './lineinfile.js';
import { npm } from './npm.js';
import { pacman } from './pacman.js';
import { packageFacts } from './package-facts.js';
import { packageModule } from './package.js';
import { seboolean } from './seboolean.js';
import { selinux } from './selinux.js';
import { seport } from './seport.js';
import { serviceFacts } from './service-facts.js';
import { service } from './service.js';
import { stat } from './stat.js';
import { systemd } from './systemd.js';
import { blockinfile } from './blockinfile.js';
import { deb822Repository } from './deb822-repository.js';
import { debconf } from './debconf.js';
import { dpkgSelections } from './dpkg-selections.js';
import { easyInstall } from './easy-install.js';
import { fetch } from './fetch.js';
import { firewalld } from './firewalld.js';
import { find } from './find.js';
import { getent } from './getent.js';
import { iniFile } from './ini-file.js';
import { raw } from './raw.js';
import { replace } from './replace.js';
import { script } from './script.js';
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
import { zypperRepository } from './zypper-repository.js';
import { zypper } from './zypper.js';
import { assemble } from './assemble.js';
import { authorizedKey } from './authorized-key.js';
import { hostname } from './hostname.js';
import { localeGen } from './locale-gen.js';
import { modprobe } from './modprobe.js';
import { mount } from './mount.js';
import { pamLimits } from './pam-limits.js';
import { sysctl } from './sysctl.js';
import { timezone } from './timezone.js';
import { capabilities } from './capabilities.js';
import { knownHosts } from './known-hosts.js';
import { make } from './make.js';

const ALL: readonly AnyModule[] = [
  acl,
  apk,
  pacman,
  apt,
  command,
  copy,
  dnf,
  file,
  getUrl,
  group,
  iptables,
  jenkinsPlugin,
  lineinfile,
  npm,
  packageFacts,
  packageModule,
  service,
  seboolean,
  selinux,
  seport,
  serviceFacts,
  shell,
  stat,
  systemd,
  template,
  blockinfile,
  deb822Repository,
  debconf,
  dpkgSelections,
  easyInstall,
  fetch,
  find,
  firewalld,
  getent,
  iniFile,
  raw,
  replace,
  script,
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
  zypperRepository,
  assemble,
  authorizedKey,
  hostname,
  localeGen,
  modprobe,
  mount,
  pamLimits,
  sysctl,
  timezone,
  capabilities,
  knownHosts,
  make,
];

/** Other names under which playbooks call them. */
export const moduleAliases: Readonly<Record<string, string>> = { systemd_service: 'systemd' };

/** Every module by its short name. */
export const modules: ReadonlyMap<string, AnyModule> = createModules();

function createModules(): ReadonlyMap<string, AnyModule> {
  const named = new Map(ALL.map((module) => [module.name, module]));
  for (const [alias, name] of Object.entries(moduleAliases)) {
    const module = named.get(name);
    if (module) named.set(alias, module);
  }
  return named;
}
