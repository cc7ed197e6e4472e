import { args, bool, choice, int, list, text } from '../arguments.js';

export const APT_NEEDS = 'apt-get, apt-cache and dpkg';

export const aptSchema = args({
  name: list()
    .optional()
    .describe("Packages, each also as `name=version`, with `*`, or as a .deb file's path or address."),
  state: choice('present', 'installed', 'latest', 'absent', 'removed', 'build-dep', 'fixed')
    .default('present')
    .describe('Whether they are there, there in the newest version, gone, or have what building them needs.'),
  update_cache: bool().optional().describe('Fetch the lists of packages first.'),
  cache_valid_time: int().default(0).describe('Seconds for which fetched lists are good enough.'),
  update_cache_retries: int().default(5).describe('How often the lists are asked for before the task fails.'),
  update_cache_retry_max_delay: int()
    .default(12)
    .describe('Seconds between two attempts at most; they begin with one and double.'),
  deb: text().optional().describe('Files `*.deb` of the host, with commas between them, or an address.'),
  default_release: text().optional().describe('Release from which packages are taken first.'),
  install_recommends: bool()
    .optional()
    .describe("Also install what the packages recommend; when not given, apt's own setting decides."),
  purge: bool().default(false).describe('Remove configuration files together with the packages.'),
  autoremove: bool().default(false).describe('Remove packages that nothing needs any more.'),
  autoclean: bool().default(false).describe('Remove downloaded packages that are no longer offered.'),
  clean: bool().default(false).describe('Remove all downloaded packages.'),
  upgrade: choice('no', 'yes', 'safe', 'full', 'dist')
    .optional()
    .describe('Upgrade the whole host, with as much caution as the word says.'),
  only_upgrade: bool().default(false).describe('Upgrade packages that are there, install none.'),
  force: bool().default(false).describe('Let apt do what it deems unsafe, such as installing what nobody signed.'),
  allow_unauthenticated: bool().default(false).describe('Install packages that nobody signed.'),
  allow_downgrade: bool().default(false).describe('Let a version replace a newer one.'),
  allow_change_held_packages: bool().default(false).describe('Let held packages change.'),
  fail_on_autoremove: bool().default(false).describe('Fail rather than remove a package nobody named.'),
  force_apt_get: bool().default(false).describe('Accepted and without effect, since apt-get is always used.'),
  lock_timeout: int().default(60).describe('Seconds to wait for another run of apt.'),
  policy_rc_d: int()
    .optional()
    .describe('Exit code with which services are kept from starting during the installation.'),
  dpkg_options: text().default('force-confdef,force-confold').describe('Options for dpkg, with commas between them.'),
});

export type AptArgs = ReturnType<typeof aptSchema.parse>;

export const aptAliases = {
  pkg: 'name',
  package: 'name',
  'update-cache': 'update_cache',
  'default-release': 'default_release',
  'install-recommends': 'install_recommends',
  'allow-unauthenticated': 'allow_unauthenticated',
  'allow-downgrade': 'allow_downgrade',
  allow_downgrades: 'allow_downgrade',
  'allow-downgrades': 'allow_downgrade',
};

/** Why no host can be brought to what the arguments say together. */
export function contradictionIn({ name, deb, state }: AptArgs): string | undefined {
  if (deb !== undefined && state !== 'present' && state !== 'installed') return 'deb only supports state=present';
  if (state === 'latest' && name?.includes('*') && name.length > 1)
    return 'unable to install additional packages when upgrading all installed packages';
  const odd = name?.find((one) => one.split('=').length > 2 && !/^[a-z]+:\/\//.test(one));
  return odd === undefined ? undefined : `invalid package spec: ${odd}`;
}

/** Whether the host as a whole is upgraded. */
export function upgradesAll({ name, state, upgrade }: AptArgs): boolean {
  return (upgrade !== undefined && upgrade !== 'no') || (state === 'latest' && name?.includes('*') === true);
}

/** The packages that are named; `*` alone means all there are, which only `latest` does something to. */
export function namesOf({ name = [] }: AptArgs): string[] {
  return name.filter((one) => one !== '*');
}

/** Whether nothing is to be installed, removed or upgraded. */
export function asksForNothing(given: AptArgs): boolean {
  return !given.name?.length && given.deb === undefined && !upgradesAll(given);
}

export function isRemoving({ state }: AptArgs): boolean {
  return state === 'absent' || state === 'removed';
}
