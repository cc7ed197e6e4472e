import type { ExecResult } from '../connection/connection.js';
import { quote } from '../shell/command.js';

/** The folder of a job as a word of shell: below ~/.ansible_async, or where `ansible_async_dir` says. */
export function jobFolder(base: string | undefined, id: string): string {
  const place = base ?? '~/.ansible_async';
  const home = place === '~' || place.startsWith('~/');
  return `${home ? `"$HOME"${quote(place.slice(1))}` : quote(place)}/${quote(id)}`;
}

export type Launch = { folder: string; commands: readonly string[]; seconds: number };

/**
 * Starts the commands one after another in a session of their own, so that neither the end of the connection nor a signal to its
 * processes reaches them. They go to the host through the shell's input and lie in a file only until the job has begun.
 */
export function launchScript({ folder, commands, seconds }: Launch): string {
  return `umask 077
folder=${folder}
mkdir -p "$folder" || exit 1
printf '%s\\n' ${quote(jobText(commands, seconds))} >"$folder/job" || exit 1
if command -v setsid >/dev/null; then set -- setsid
elif command -v nohup >/dev/null; then set -- nohup
else echo 'it needs setsid or nohup, of which this host has neither' >&2; exit 1; fi
"$@" sh "$folder/job" "$folder" </dev/null >/dev/null 2>&1 &
tries=50
while [ ! -s "$folder/pid" ] && [ $tries -gt 0 ]; do sleep 0.1 2>/dev/null || sleep 1; tries=$((tries - 1)); done
[ -s "$folder/pid" ]`;
}

/** A job that is not done in time ends itself with all it started: nobody may be there to do it. */
function jobText(commands: readonly string[], seconds: number): string {
  const steps = commands.map(
    (command, index) => `(
${command}
) </dev/null >"$folder/${index}.out" 2>"$folder/${index}.err"
rc=$?
echo $rc >"$folder/${index}.rc"
[ $rc -eq 0 ] || finish`,
  );
  return `folder=$1
rm -f "$folder/job"
umask 022
finish() {
  echo $rc >"$folder/end"
  kill $watch 2>/dev/null
  exit $rc
}
date +%s >"$folder/start"
rc=0
me=$$
(
  trap 'kill $sleeper 2>/dev/null; exit' TERM
  sleep ${Math.ceil(seconds)} &
  sleeper=$!
  wait $sleeper
  echo late >"$folder/end"
  kill -KILL -$me 2>/dev/null || kill -KILL $me
) &
watch=$!
echo $$ >"$folder/pid"
${steps.join('\n')}
finish`;
}

/** Tells whether the job runs, and what its commands said when it does not. */
export function statusScript(folder: string): string {
  return `folder=${folder}
[ -d "$folder" ] || { echo '${MARK}none'; exit 0; }
read -r pid <"$folder/pid" 2>/dev/null
if [ ! -f "$folder/end" ]; then
  if kill -0 "$pid" 2>/dev/null || [ -d "/proc/$pid" ]; then echo '${MARK}running'; exit 0; fi
  [ -f "$folder/end" ] || { echo '${MARK}lost'; exit 0; }
fi
read -r end <"$folder/end"
echo "${MARK}ended $end"
number=0
while [ -f "$folder/$number.rc" ]; do
  read -r rc <"$folder/$number.rc"
  echo "${MARK}rc $rc"
  cat "$folder/$number.out"
  printf '\\n${MARK}err\\n'
  cat "$folder/$number.err"
  echo
  number=$((number + 1))
done`;
}

const MARK = '@@stars-job ';

export type JobStatus = { state: 'running' | 'ended' | 'late' | 'lost'; results: ExecResult[] };

/** What the status script told; undefined when there is no such job. */
export function parseStatus({ stdout, truncated }: ExecResult): JobStatus | undefined {
  const [first = '', ...parts] = stdout.split(`${MARK}rc `);
  const [, word = 'none', end = ''] = new RegExp(`^${MARK}(\\w+) ?(\\w*)`).exec(first) ?? [];
  if (word === 'none') return undefined;
  if (word === 'running' || word === 'lost') return { state: word, results: [] };
  const results = parts.map((part) => {
    const [head = '', stderr = ''] = part.split(`\n${MARK}err\n`);
    const line = head.indexOf('\n');
    return {
      code: Number(head.slice(0, line)),
      stdout: head.slice(line + 1),
      stderr: stderr.replace(/\n$/, ''),
      truncated,
    };
  });
  return { state: end === 'late' ? 'late' : 'ended', results };
}

/** Ends a job and all it started. */
export function killScript(folder: string): string {
  return `read -r pid <${folder}/pid || exit 0
kill -TERM -"$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null
tries=10
while kill -0 "$pid" 2>/dev/null && [ $tries -gt 0 ]; do sleep 0.1 2>/dev/null || sleep 1; tries=$((tries - 1)); done
kill -KILL -"$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
rm -rf ${folder}`;
}
