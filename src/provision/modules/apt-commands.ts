import { sh, type ShellCommand } from '../../shell/command.js';
import type { Action, Fact, ModuleContext } from '../module.js';
import { type AptArgs, isRemoving } from './apt-arguments.js';
import { exported } from './environment.js';

/** What is to be done; a sentence instead where a package does not exist. */
export type Commands = ShellCommand[] | string;

/** What every command that changes packages is given. */
export function aptOptions(given: AptArgs): string[] {
  const dpkg = given.dpkg_options
    .split(',')
    .filter(Boolean)
    .flatMap((option) => ['-o', `Dpkg::Options::=--${option}`]);
  return [
    '-o',
    `DPkg::Lock::Timeout=${given.lock_timeout}`,
    ...dpkg,
    ...(given.install_recommends === undefined
      ? []
      : ['-o', `APT::Install-Recommends=${given.install_recommends ? 'yes' : 'no'}`]),
    ...(given.default_release === undefined ? [] : ['-t', given.default_release]),
    ...(given.autoremove ? ['--auto-remove'] : []),
    ...(given.state === 'fixed' ? ['--fix-broken'] : []),
    ...(given.force
      ? ['--allow-downgrades', '--allow-remove-essential', '--allow-change-held-packages', '--allow-unauthenticated']
      : []),
    ...(given.allow_unauthenticated ? ['--allow-unauthenticated'] : []),
    ...(given.allow_downgrade ? ['--allow-downgrades'] : []),
    ...(given.allow_change_held_packages ? ['--allow-change-held-packages'] : []),
    ...(given.fail_on_autoremove && !isRemoving(given) ? ['--no-remove'] : []),
  ];
}

/** Installs names (`name=version`), files of the host and addresses of files. */
export function install(given: AptArgs, words: readonly string[]): ShellCommand {
  const urls = words.filter((word) => /^[a-z]+:\/\//.test(word));
  const fetched = urls.map((url, index) => ({ url, file: `"$fetched"/${index}.deb` }));
  const flags = [...aptOptions(given), ...(given.only_upgrade ? ['--only-upgrade'] : [])];
  const verb = given.state === 'build-dep' ? 'build-dep' : 'install';
  const plain = sh`apt-get -y -q ${flags} ${verb} -- ${words.filter((word) => !urls.includes(word))}`;
  if (urls.length === 0) return plain;
  const fetching = fetched.map(
    ({ url, file }) => `{ curl -fsSL -o ${file} ${sh`${url}`.text} || wget -q -O ${file} ${sh`${url}`.text}; }`,
  );
  return {
    text: `fetched=$(mktemp -d) && chmod 755 "$fetched" && ${fetching.join(' && ')} && ${plain.text} ${fetched.map(({ file }) => file).join(' ')}; code=$?; rm -rf "$fetched"; ( exit $code )`,
  };
}

const SETTING = 'export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none LC_ALL=C.UTF-8\n';

export function aptAction(context: ModuleContext, { text }: ShellCommand): Action {
  return { kind: 'run', command: { text: `${SETTING}${exported(context)}${text}` } };
}

/** The command while services are kept from starting; the host's own policy is back when it ends, however that is. */
export function underPolicy({ policy_rc_d: code }: AptArgs, { text }: ShellCommand): ShellCommand {
  if (code === undefined) return { text };
  return {
    text: `( policy=/usr/sbin/policy-rc.d own=$policy.stars-own
trap '[ -e "$own" ] && mv -f "$own" "$policy" || rm -f "$policy"' EXIT
trap 'exit 1' HUP INT TERM
if [ -e "$policy" ] && [ ! -e "$own" ]; then mv "$policy" "$own"; fi
printf '#!/bin/sh\\nexit ${code}\\n' >"$policy" && chmod 755 "$policy" || exit
( ${text} ) )`,
  };
}

/** What apt would fail with, in check mode. */
export function simulation(context: ModuleContext, commands: readonly ShellCommand[]): Fact<string | undefined> {
  const each = commands.map(({ text }) => text.replaceAll(/\bapt-get -y -q\b/g, 'apt-get -s -y -q'));
  return {
    script: [': ', ...each].map((text) => `( ${exported(context)}${text} )`).join(' && '),
    parse: ({ code, stdout, stderr }) => (code === 0 ? undefined : (stderr.trim() || stdout.trim()).slice(0, 4000)),
  };
}

/** Whether apt said that nothing was upgraded, installed or removed. */
export function saysNothingDone(stdout: string): boolean {
  return /^0 upgraded, 0 newly installed, 0 to remove/m.test(stdout);
}
