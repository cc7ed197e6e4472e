import { sh } from '../../shell/command.js';
import { dpkgPackage } from '../facts/packages.js';
import { hostPath } from '../facts/host-path.js';
import type { ModuleContext } from '../module.js';
import type { AptArgs } from './apt-arguments.js';
import { type Commands, install } from './apt-commands.js';

/** The .deb files of the argument `deb`. */
export async function fileInstallation(given: AptArgs & { deb: string }, context: ModuleContext): Promise<Commands> {
  const files = await Promise.all(given.deb.split(',').map((file) => hostPath(context, file)));
  const needed = await Promise.all(files.map((file) => neededFile(file, context)));
  const problem = needed.find((entry) => typeof entry === 'string');
  if (problem !== undefined) return problem;
  const words = needed.flat();
  return words.length === 0 ? [] : [install(given, words)];
}

/** What apt-get is to install for a file or an address; a sentence where there is no such file. */
export async function neededFile(file: string, context: ModuleContext): Promise<string[] | string> {
  if (/^[a-z]+:\/\//.test(file)) return neededUrl(file, context);
  const state = await context.fact({
    script: `[ -e ${sh`${file}`.text} ] || echo missing; wanted=$(dpkg-deb -W --showformat '\${Package} \${Version}' ${sh`${file}`.text} 2>/dev/null) && set -- $wanted &&
[ "$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$1" 2>/dev/null)" = "ii $2" ] && echo same; :`,
    parse: ({ stdout }) => stdout.trim(),
  });
  if (state === 'missing') return `Unable to install package: ${file} does not exist`;
  return state === 'same' ? [] : [file.startsWith('/') ? file : `./${file}`];
}

/** A file behind a URL tells by its name what it installs. */
async function neededUrl(url: string, context: ModuleContext): Promise<string[]> {
  const [, name, version = ''] = /([^/_]+)_([^/_]+)_[^/_]+\.deb$/.exec(url) ?? [];
  const state = name === undefined ? undefined : await context.fact(dpkgPackage(name));
  return state?.installed !== undefined && state.installed.replace(/^\d+:/, '') === decodeURIComponent(version)
    ? []
    : [url];
}
