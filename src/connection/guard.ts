import { quote } from '../shell/command.js';
import { ALIVE, lockPlace, type LockWords } from './claim.js';
import type { Standing } from './contest.js';

/** How an action is noted on the host: letters and digits, and when it was sent. */
export type Noted = { action: string; sentAt: Date };

/**
 * For the start of a session: whether the lock is still the run's, and what is noted before and after each action: `B ACTION PID SECONDS`, and
 * then `E ACTION SECONDS EXIT`. Built-in commands only; what cannot be noted stops nothing.
 */
export function guardFunctions({ claim, identity }: LockWords): string {
  return `${lockPlace('_stars_lock', claim.folder)}
_stars_mine() { _stars_by=;{ read -r _stars_by <$_stars_lock/holder; } 2>/dev/null;[ "$_stars_by" = ${identity} ]; }
_stars_note() { printf '%s\\n' "$*" >$_stars_lock/note-$$; } 2>/dev/null
_stars_done() { _stars_note E "$1" "$2" "$3";return "$3"; }
`;
}

/** The note before an action, in its subshell, which the variable `_stars_pid` names. */
export function noteBefore({ action, sentAt }: Noted): string {
  return `_stars_note B ${quote(action)} "$_stars_pid" ${secondsOf(sentAt)}`;
}

/** The note behind an action; keeps its exit code. */
export function noteAfter({ action, sentAt }: Noted): string {
  return `_stars_done ${quote(action)} ${secondsOf(sentAt)} $?`;
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

/** Notes the shell of a user who cannot write in the lock, and makes the file in which that user notes actions. */
export function registerScript({ shell, user }: Standing & { kind: 'guest' }): string {
  const [, pid = ''] = shell.split(' ');
  const note = `$_stars_lock/note-${quote(pid)}`;
  return `{ printf '%s\\n' ${quote(shell)} >>$_stars_lock/holder;(umask 022;: >${note})&&{ chown ${quote(user)} ${note}||chmod 622 ${note}; }; } 2>/dev/null`;
}

/**
 * The last lines of a session that can write there: its shell takes the lock away when it ends, unless another shell of the run lives. Mostly
 * there is no other one in the file.
 */
export const RELEASE_LINES = `_stars_release() {
_stars_mine||return
{ read -r line;read -r line;read -r line;read -r line;read -r line;read -r line; } <$_stars_lock/holder&&{ _stars_others&&return; }
_stars_left="$_stars_left $_stars_lock"
}
_stars_others() {
${ALIVE}
read -r boot </proc/sys/kernel/random/boot_id
{ read -r line;read -r line;read -r line;read -r line
while read -r a b c;do [ "$b" = $$ ]||! alive "$a" "$b" "$c"||return 0;done; } <$_stars_lock/holder
return 1
}
_stars_release 2>/dev/null
`;
