import type { CronArguments } from './cron-arguments.js';

export type CronEdit = { after: string } | { missing: string };

type Job = Pick<
  CronArguments,
  'job' | 'minute' | 'hour' | 'day' | 'month' | 'weekday' | 'special_time' | 'disabled' | 'cron_file' | 'user'
>;

/** Why these arguments do not go together, in words; undefined when they do. */
export function contradiction(given: CronArguments): string | undefined {
  const { job, state, cron_file: file, user, special_time: special, env, insertafter, insertbefore } = given;
  if (state === 'absent') return undefined;
  if (job === undefined) return "You must specify 'job' to install a new cron job or variable";
  if (/[\r\n]/.test(job.replace(/[\r\n]+$/, ''))) return 'Job should not contain line breaks';
  if (file !== undefined && user === undefined)
    return 'To use cron_file=... parameter you must specify user=... as well';
  if (special !== undefined && TIMES.some((time) => given[time] !== '*'))
    return 'You must specify time and date fields or special time.';
  if ((insertafter !== undefined || insertbefore !== undefined) && !env)
    return 'Insertafter and insertbefore parameters are valid only with env=yes';
  return undefined;
}

const TIMES = ['minute', 'hour', 'day', 'month', 'weekday'] as const;

/** The line of a job; in a file it names the user who runs it. */
export function entryLine(given: Job): string {
  const time = given.special_time === undefined ? TIMES.map((name) => given[name]).join(' ') : `@${given.special_time}`;
  const words = [
    time,
    ...(given.cron_file === undefined ? [] : [given.user ?? 'root']),
    (given.job ?? '').replace(/[\r\n]+$/, ''),
  ];
  return `${given.disabled ? '#' : ''}${words.join(' ')}`;
}

/** The crontab with the entry of this name replaced, added, or (undefined) removed. */
export function editCrontab(before: string, name: string, entry: string | undefined): { after: string } {
  const lines = linesOf(before);
  const at = lines.indexOf(`${MARK}${name}`);
  const wanted = entry === undefined ? [] : [`${MARK}${name}`, entry];
  return { after: textOf(at === -1 ? [...lines, ...wanted] : lines.toSpliced(at, 2, ...wanted)) };
}

/** The crontab with a variable replaced in its place, added where it is asked for or at the top, or removed. */
export function editVariables(
  before: string,
  {
    name,
    job = '',
    state,
    insertafter,
    insertbefore,
  }: Pick<CronArguments, 'name' | 'job' | 'state' | 'insertafter' | 'insertbefore'>,
): CronEdit {
  const lines = linesOf(before);
  const at = find(lines, name);
  if (state === 'absent') return { after: at === -1 ? before : textOf(lines.toSpliced(at, 1)) };
  const line = `${name}="${job}"`;
  if (at !== -1) return { after: textOf(lines.with(at, line)) };
  const other = insertafter ?? insertbefore;
  if (other === undefined) return { after: textOf([line, ...lines]) };
  const there = find(lines, other);
  if (there === -1) return { missing: `Variable named '${other}' not found.` };
  return { after: textOf(lines.toSpliced(insertafter === undefined ? there : there + 1, 0, line)) };
}

/** What the module knows of a crontab: the names of its jobs and variables. */
export function namesIn(text: string): { jobs: string[]; envs: string[] } {
  const lines = linesOf(text);
  return {
    jobs: lines.flatMap((line) => (line.startsWith(MARK) ? [line.slice(MARK.length)] : [])),
    envs: lines.flatMap((line) => /^(\S+)=/.exec(line)?.[1] ?? []),
  };
}

const MARK = '#Ansible: ';

function find(lines: readonly string[], variable: string): number {
  return lines.findIndex((line) => line.startsWith(`${variable}=`));
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function textOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
