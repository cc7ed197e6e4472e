import { StarsError } from '../../errors.js';
import { sequence, sh, type ShellCommand } from '../../shell/command.js';

export type Times = {
  modification_time?: string | undefined;
  access_time?: string | undefined;
  modification_time_format?: string;
  access_time_format?: string;
};

/** Sets a file's times: `now`, `preserve`, or a time in the given format (local time of the host). */
export function timeChanges(path: string, times: Times): ShellCommand | undefined {
  const { modification_time: modified = 'preserve', access_time: accessed = 'preserve' } = times;
  if (modified === 'now' && accessed === 'now') return sh`touch -c ${path}`;
  const commands = [
    one(path, '-m', modified, times.modification_time_format),
    one(path, '-a', accessed, times.access_time_format),
  ].filter((command) => command !== undefined);
  return commands.length > 0 ? sequence(commands) : undefined;
}

// Whether a file has a given local time already cannot be told from here, so a set time is always a change.
function one(path: string, which: '-m' | '-a', time: string, format = '%Y%m%d%H%M.%S'): ShellCommand | undefined {
  if (time === 'preserve') return undefined;
  return time === 'now' ? sh`touch -c ${which} ${path}` : sh`touch -c ${which} -t ${touchStamp(time, format)} ${path}`;
}

/** CCYYMMDDhhmm.ss, which every touch takes. */
function touchStamp(time: string, format: string): string {
  const names: string[] = [];
  const pattern = format.replaceAll(/%(.)|[.*+?^${}()|[\]\\]/g, (all, letter: string | undefined) => {
    if (letter === undefined) return `\\${all}`;
    names.push(letter);
    return letter === 'Y' ? '(\\d{4})' : '(\\d{1,2})';
  });
  const match = new RegExp(`^${pattern}$`).exec(time);
  if (!match) throw new StarsError('PLAYBOOK', `The time ${time} does not have the format ${format}.`);
  const part = (letter: string, otherwise: string) => (match[names.indexOf(letter) + 1] ?? otherwise).padStart(2, '0');
  const read = (letter: string, otherwise: string) => (names.includes(letter) ? part(letter, otherwise) : otherwise);
  return `${read('Y', '1900')}${read('m', '01')}${read('d', '01')}${read('H', '00')}${read('M', '00')}.${read('S', '00')}`;
}
