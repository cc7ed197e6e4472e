import { quote } from '../../shell/command.js';
import { splitWords } from '../split-words.js';

/** How pip is found and in what it runs. */
export type PipPlace = {
  /** The virtual environment, as a whole path. */
  home: string | undefined;
  executable: string | undefined;
  /** The Python that the host's variables name; its pip comes first. */
  python: string | undefined;
};

const WITH_SYSTEM_FOLDERS = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; ';

/** Shell after which `"$@"` calls pip; it ends with a sentence where there is none. */
export function findingPip({ home, executable, python }: PipPlace): string {
  if (home !== undefined) return findingIn(home);
  if (executable?.startsWith('/')) return `${requiring(executable)}\nset -- ${quote(executable)}`;
  const names = executable === undefined ? ['pip3', 'pip'] : [executable];
  const tries = names.map((name) => `command -v ${quote(name)}`).join(' || ');
  const missing = `Unable to find any of ${names.join(', ')} to use.  pip needs to be installed.`;
  const plain = `pip=$(${WITH_SYSTEM_FOLDERS}${tries}) || { echo ${quote(missing)} >&2; exit 1; }\nset -- "$pip"`;
  if (executable !== undefined || python === undefined) return plain;
  const has = `${quote(python)} -c 'import importlib.util as u, sys; sys.exit(u.find_spec("pip") is None)'`;
  return `if ${has} 2>/dev/null; then set -- ${quote(python)} -m pip; else\n${plain}\nfi`;
}

function findingIn(home: string): string {
  const missing = `Unable to find pip in the virtualenv, ${home}, under any of these names: pip3, pip. Make sure pip is present in the virtualenv.`;
  return `for pip in ${quote(home)}/bin/pip3 ${quote(home)}/bin/pip ''; do [ -x "$pip" ] && break; done
[ -n "$pip" ] || { echo ${quote(missing)} >&2; exit 1; }\nset -- "$pip"`;
}

/** A program that was named by its path and is not there fails with the code of that error. */
function requiring(program: string): string {
  const missing = `[Errno 2] No such file or directory: ${program}`;
  return `[ -e ${quote(program)} ] || { echo ${quote(missing)} >&2; exit 2; }`;
}

export type NewEnvironment = { home: string; command: string; python: string | undefined; sitePackages: boolean };

/** Shell that makes a virtual environment. Its command decides which options there are. */
export function makingEnvironment({ home, command, python, sitePackages }: NewEnvironment): string {
  const [program = '', ...words] = splitWords(command);
  const call = ['"$maker"', ...words.map((word) => quote(word))];
  const site = sitePackages ? ['--system-site-packages'] : isVenv(command) ? [] : ['$without'];
  const chosen = isVenv(command) ? [] : [python === undefined ? '$python' : `-p${quote(python)}`];
  return [
    program.includes('/') ? `${requiring(program)}; maker=${quote(program)}` : findingMaker(program),
    // Only old ones have this option, and hide the host's packages when asked to.
    ...(site.includes('$without')
      ? ['without=; case $("$maker" --help) in *--no-site-packages*) without=--no-site-packages;; esac']
      : []),
    ...(chosen.includes('$python') ? ['python=$(command -v python3) && python=-p$python'] : []),
    `${[...call, ...site, ...chosen, quote(home)].join(' ')} || exit`,
  ].join('\n');
}

function findingMaker(program: string): string {
  const missing = `Failed to find required executable "${program}"`;
  return `maker=$(${WITH_SYSTEM_FOLDERS}command -v ${quote(program)}) || { echo ${quote(missing)} >&2; exit 1; }`;
}

/** Python's own module takes no options about the Python to use. */
export function isVenv(command: string): boolean {
  return command.includes('-m venv') || command.includes('pyvenv');
}
