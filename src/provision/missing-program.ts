import type { ExecResult } from '../connection/connection.js';
import { StarsError } from '../errors.js';

/** The code with which every shell says that it did not find a program. */
const NOT_FOUND = 127;

/** The programs of every host that its questions are asked with. */
const BASIC = 'awk|base64|cat|cut|date|grep|head|id|ls|md5sum|od|readlink|sed|sha1sum|sort|stat|tr|uname|wc';
const MISSING_BASIC = new RegExp(`(?:^|: )(${BASIC}): (?:command )?not found$`, 'm');
const OTHER_STAT = /^stat: (?:invalid|unrecognized|illegal|unknown) option/m;

/** What a module's action failed for, when that is a program that the host does not have; `needs` is what the module asks of hosts. */
export function missingProgram({ code, stderr }: ExecResult, { name, needs }: Needing): string | undefined {
  const program = code === NOT_FOUND ? /([^\s:]+): (?:command )?not found\s*$/.exec(stderr)?.[1] : undefined;
  return program === undefined ? undefined : lacking(program, { name, needs });
}

export function lacking(program: string, { name, needs }: Needing): string {
  const wanted = `a shell, and coreutils or busybox${needs ? `; also ${needs}` : ''}`;
  return `${program} is no program of this host. Install it there first: the module ${name} needs ${wanted}.`;
}

type Needing = { name: string; needs?: string | undefined };

/** An answer that was found without a program of its question tells of a host that is not so. Throws HOSTS_FAILED. */
export function requireBasics({ stderr }: ExecResult): void {
  const program = MISSING_BASIC.exec(stderr)?.[1];
  const problem =
    program !== undefined
      ? `${program} is no program of this host`
      : OTHER_STAT.test(stderr)
        ? 'stat of this host does not know the option -c'
        : undefined;
  if (problem === undefined) return;
  throw new StarsError('HOSTS_FAILED', `${problem}, so that Stars cannot tell how it is.`, {
    hint: 'Install coreutils or busybox there.',
  });
}
