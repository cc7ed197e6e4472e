import { quote } from '../../shell/command.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { cronArguments, type CronArguments } from './cron-arguments.js';
import { contradiction, editCrontab, editVariables, entryLine, namesIn } from './crontab.js';
import { dict } from './result.js';

export const cron = defineModule<CronArguments>({
  name: 'cron',
  summary: 'Have an entry in a crontab, or not.',
  needs: 'crontab',
  aliases: { value: 'job', dow: 'weekday', dom: 'day' },
  exclusive: [['insertafter', 'insertbefore']],
  args: cronArguments,
  differences: ['A job of several lines is refused, where Ansible writes lines that cron cannot read.'],

  async plan(given, context): Promise<Plan> {
    const problem = contradiction(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const place = placeOf(given);
    const before = await read(place, context);
    const edited = given.env ? editVariables(before, given) : editCrontab(before, given.name, wantedEntry(given));
    if ('missing' in edited) return { actions: [], failed: edited.missing };
    const { after } = edited;
    const write: Action = {
      kind: 'run',
      command: { text: `${given.backup ? backup(place) : ''}${writing(place, after)}` },
    };
    const names = namesIn(after);
    const known = (saved?: string) => dict({ ...names, cron_file: given.cron_file, backup_file: saved });
    return {
      actions: after === before ? [] : [write],
      result: known(),
      finish: (results) => known(/^stars-backup (.*)$/m.exec(results.at(-1)?.stdout ?? '')?.[1]),
      diff: { before, after, beforeHeader: place.file ?? 'crontab', afterHeader: place.file ?? 'crontab' },
    };
  },
});

/** Where the entry stands: a file, or a user's crontab. */
type CronPlace = { file: string | undefined; user: string | undefined };

function placeOf({ cron_file: file, user }: CronArguments): CronPlace {
  if (file === undefined) return { file, user };
  return { file: file.startsWith('/') ? file : `/etc/cron.d/${file}`, user };
}

function crontab({ user }: CronPlace): string {
  return `crontab${user === undefined ? '' : ` -u ${quote(user)}`}`;
}

function read(place: CronPlace, context: ModuleContext): Promise<string> {
  return context.fact({
    script:
      place.file === undefined ? `${crontab(place)} -l 2>/dev/null; :` : `cat ${quote(place.file)} 2>/dev/null; :`,
    parse: ({ stdout }) => stdout,
  });
}

function wantedEntry(given: CronArguments): string | undefined {
  return given.state === 'present' ? entryLine(given) : undefined;
}

function backup(place: CronPlace): string {
  const source = place.file === undefined ? `${crontab(place)} -l` : `cat ${quote(place.file)}`;
  return `saved=$(mktemp /tmp/crontabXXXXXX) && { ${source} >"$saved" 2>/dev/null || :; } && printf 'stars-backup %s\\n' "$saved" && `;
}

function writing(place: CronPlace, after: string): string {
  const text = `printf %s ${after === '' ? "''" : quote(after)}`;
  if (place.file !== undefined) return `{ ${text} | ( umask 022; cat >${quote(place.file)} ); }`;
  return `{ ${text} | ${crontab(place)} -; }`;
}
