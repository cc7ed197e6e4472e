import type { Become } from './connection.js';
import { launch, type Launcher } from './launch.js';

/** Which script of which session's shell is to end; without `pid`, whatever the shell runs right now. `mark` is in the environment of its processes. */
export type StopRequest = { shell: number; pid: number | undefined; mark: string | undefined; runs: boolean };

/**
 * Ends a script and all it started, over a second channel as the same user: TERM first, KILL for what is left after three seconds.
 * The session's shell lives on and skips what it had been sent. False when the host did not let us.
 */
export async function stopScript(
  launcher: Launcher,
  become: Become | undefined,
  request: StopRequest,
): Promise<boolean> {
  const ignore = () => {};
  try {
    const { pipe } = await launch(launcher, { become, next: stopCommand(request), onStdout: ignore, onStderr: ignore });
    const cancelTimer = launcher.clock.after(STOP_TIMEOUT_MS, () => pipe.destroy());
    const { code } = await pipe.ended;
    cancelTimer();
    return code === 0;
  } catch {
    return false;
  }
}

const STOP_TIMEOUT_MS = 20_000;

function stopCommand({ shell, pid, mark = '', runs }: StopRequest): string {
  const skip = `kill -USR1 ${shell} || exit 1`;
  if (!runs) return `${skip}\nexit 0`;
  return `${skip}\nshell=${shell} script=${pid ?? ''} mark=${mark}\n${PROCESSES}\n${STOP_TREE}`;
}

/** Lists what runs: `PID:PARENT:START` a line. */
export const PROCESSES = `processes() {
  if [ -r /proc/self/stat ]; then
    for file in /proc/[0-9]*/stat; do
      { read -r line <"$file"; } 2>/dev/null || continue
      pid=\${file#/proc/}
      pid=\${pid%/stat}
      set -- \${line##*) }
      [ "$1" != Z ] || continue
      parent=$2
      shift 19
      echo "$pid:$parent:$1"
    done
  else
    ps -A -o pid= -o ppid= | while read -r pid parent; do echo "$pid:$parent:"; done
  fi
}`;

/**
 * The script is a child of the session's shell: a number that the host has given to another process meanwhile is not. Its
 * processes are halted while their children are looked up, so that none escapes by forking; those that detached themselves are known
 * by the mark in their environment.
 */
export const STOP_TREE = `all=$(processes)
tree=' ' known=' '
for process in $all; do
  case $process in *":$shell:"*) ;; *) continue ;; esac
  pid=\${process%%:*}
  if [ "$pid" != "$$" ] && [ "$pid" = "\${script:-$pid}" ]; then tree="$tree$pid " known="$known$process "; fi
done
[ "$tree" != ' ' ] || exit 0
grown=yes
while [ "$grown" ]; do
  grown=
  kill -STOP $tree 2>/dev/null
  marked=' '
  [ -z "$mark" ] || for file in $(grep -ls "STARS_TASK=$mark" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    marked="$marked\${pid%/environ} "
  done
  for process in $(processes); do
    pid=\${process%%:*} parent=\${process#*:}
    parent=\${parent%%:*}
    case $tree in *" $pid "*) continue ;; esac
    found=
    case $tree in *" $parent "*) found=yes ;; esac
    case $marked in *" $pid "*) found=yes ;; esac
    [ "$found" ] || continue
    tree="$tree$pid " known="$known$process " grown=yes
  done
done
kill -TERM $tree 2>/dev/null
kill -CONT $tree 2>/dev/null
tries=15
while :; do
  alive=
  for process in $(processes); do
    case $known in *" \${process%%:*}:"*":\${process##*:} "*) alive="$alive \${process%%:*}" ;; esac
  done
  [ "$alive" ] || exit 0
  [ $tries -gt 0 ] || break
  sleep 0.2 2>/dev/null || sleep 1
  tries=$((tries - 1))
done
kill -KILL $alive 2>/dev/null
exit 0`;
