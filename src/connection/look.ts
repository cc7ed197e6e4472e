import { ALIVE, keepFence, lockPlace, oneWord, SELF } from './claim.js';
import type { ExecResult } from './connection.js';
import { type Holder, HOLDER_BYTES, holderOf } from './contest.js';
import { quote } from '../shell/command.js';
import { PROCESSES, STOP_TREE } from './stop.js';

/**
 * What a host tells of a run's last action there. `task` is the number under which the action was noted, `sentAt` in seconds since 1970.
 * `lost` began, and its shell is gone without a note of its end; `idle` has the run's lock and no action.
 */
export type Look =
  | { state: 'running'; task: string; pid: string; sentAt: number }
  | { state: 'ended'; task: string; code: number; sentAt: number }
  | { state: 'lost'; task: string; sentAt: number }
  | { state: 'idle' }
  /** The lock there is another run's; `held` while one of its shells lives. */
  | { state: 'other'; holder: Holder; held: boolean }
  | { state: 'none' };

const NOTE_BYTES = 300;
const MOST_NOTES = 50;

/** Reads the lock and the notes in it; changes nothing. Any user may. */
export function lookScript(folder?: string): string {
  return `${lockPlace('d', folder)}
${SELF}
${ALIVE}
if [ -L $d ] || [ ! -f $d/holder ]; then echo none; exit 0; fi
head -c ${HOLDER_BYTES} $d/holder | {
  for number in 1 2 3 4; do read -r line; printf '%s\\n' "$line"; done
  while read -r a b c; do if alive "$a" "$b" "$c"; then echo "alive $b"; fi; done
}
count=0
for file in $d/note-*; do
  [ -f "$file" ] && [ ! -L "$file" ] && [ $count -lt ${MOST_NOTES} ] || continue
  count=$((count + 1))
  printf 'note %s %s\\n' "\${file##*-}" "$(head -c ${NOTE_BYTES} "$file" | head -n 1)"
done`;
}

type Note = { shell: string; look: Extract<Look, { sentAt: number }> };

/** What the script printed, as it concerns the run. */
export function lookOf({ stdout }: Pick<ExecResult, 'stdout'>, run: string): Look {
  const lines = stdout.split('\n');
  if (lines[0] === 'none' || lines.length < 5) return { state: 'none' };
  const holder = holderOf(lines);
  const alive = new Set(lines.flatMap((line) => (line.startsWith('alive ') ? [line.slice('alive '.length)] : [])));
  if (holder.run !== oneWord(run)) return { state: 'other', holder, held: alive.size > 0 };
  const notes = lines.slice(4).flatMap((line) => noteOf(line, alive));
  const running = notes.find(({ look }) => look.state === 'running');
  const last = notes.toSorted((a, b) => b.look.sentAt - a.look.sentAt)[0];
  return (running ?? last)?.look ?? { state: 'idle' };
}

function noteOf(line: string, alive: ReadonlySet<string>): Note[] {
  const [word, shell = '', kind, task = '', ...rest] = line.split(' ');
  if (word !== 'note') return [];
  if (kind === 'E') {
    const [sentAt, code] = rest.map(Number);
    return [{ shell, look: { state: 'ended', task, code: code ?? 1, sentAt: sentAt ?? 0 } }];
  }
  if (kind !== 'B') return [];
  const [pid = '', at] = rest;
  const sentAt = Number(at ?? 0);
  return [
    { shell, look: alive.has(shell) ? { state: 'running', task, pid, sentAt } : { state: 'lost', task, sentAt } },
  ];
}

/**
 * Ends what the run does on a host: from its first step on nothing can be begun there in its name, its shells and all that their scripts have
 * started end, and then its lock is gone. Prints `none`, `other`, `idle` when nothing was under way, `ended`, `left` when some of it lives on, or
 * `stuck` and where the lock is when it is not this user's to change. Root can end what any user does.
 */
export function haltScript(run: string, folder?: string): string {
  const name = oneWord(run);
  return `${lockPlace('d', folder)}
line=
[ -e $d ] || [ -L $d ] || { echo none; exit 0; }
[ -L $d ] || [ ! -f $d/holder ] || read -r line <$d/holder
[ "\${line%% *}" = ${quote(name)} ] || { echo other; exit 0; }
halted=$line
${SELF}
${ALIVE}
text=$(head -c ${HOLDER_BYTES} $d/holder)
umask 022
{ echo ${quote(`${name} 0 stopped`)}; printf '%s\\n' "$text" | { read -r line; while read -r line; do printf '%s\\n' "$line"; done; }; } >$d/halted 2>/dev/null &&
  mv -f $d/halted $d/holder 2>/dev/null || { echo stuck $d; exit 0; }
shells() {
  printf '%s\\n' "$text" | {
    read -r line; read -r line; read -r line; read -r line
    while read -r a b c rest; do if alive "$a" "$b" "$c"; then echo "$b"; fi; done
  }
}
stop_tree() (
shell=$1 script= mark=$2
${STOP_TREE}
)
${PROCESSES}
# The mark of what its script started, also of what detached itself: it stands in the environment of the script's children.
mark_of() {
  for process in $(processes); do
    rest=\${process#*:}
    [ "\${rest%%:*}" = "$1" ] || continue
    tr '\\0' '\\n' </proc/\${process%%:*}/environ 2>/dev/null | grep '^STARS_TASK=' | head -n 1
  done
}
said=idle
for shell in $(shells); do
  kill -USR1 $shell 2>/dev/null
  scripts=
  for process in $(processes); do case $process in *":$shell:"*) scripts="$scripts \${process%%:*}" ;; esac; done
  [ "$scripts" ] || continue
  said=ended
  set -- $(for script in $scripts; do mark_of $script; done)
  stop_tree $shell "\${1#STARS_TASK=}"
done
for signal in 0 0 TERM KILL KILL; do
  left=$(shells)
  [ "$left" ] || break
  kill -$signal $left 2>/dev/null
  sleep 0.3 2>/dev/null || sleep 1
done
[ -z "$left" ] || { echo left $left; exit 0; }
# Its process may live and come back: it finds itself outrun then.
${keepFence(folder)}
( set -C -f; set -- $halted; case $2 in '' | 0 | *[!0-9]*) ;; *) keep_fence "$3" $(($2 + 1)) ;; esac ) 2>/dev/null
rm -rf $d 2>/dev/null
if [ -e $d ]; then echo stuck $d; else echo $said; fi`;
}
