import type { ExecResult } from '../../connection/connection.js';
import type { Dict, Value } from '../../jinja/value.js';
import { quote, type ShellCommand } from '../../shell/command.js';
import { fileState, resolved } from '../facts/file-state.js';
import { isFolder, pathExists } from '../facts/glob.js';
import { hostPath } from '../facts/host-path.js';
import type { ModuleContext, Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export type GivenCommand = {
  /** As the result shows it. */
  cmd: string | string[];
  /** Shell that runs it. */
  script: string;
  /** The program, when the absence of it is to be told apart from its failure. */
  program: string | undefined;
  creates?: string | undefined;
  removes?: string | undefined;
  chdir?: string | undefined;
  stdin?: string | undefined;
  stdin_add_newline: boolean;
  strip_empty_ends: boolean;
};

/** The plan of command and shell. */
export async function commandPlan(context: ModuleContext, given: GivenCommand): Promise<Plan> {
  const chdir = given.chdir === undefined ? undefined : await hostPath(context, given.chdir);
  const nowhere = await missingFolder(context, given, chdir);
  if (nowhere !== undefined) {
    const msg = `Unable to change directory before execution: [Errno 2] No such file or directory: b'${nowhere}'`;
    return { actions: [], failed: msg, result: outcome(given, { msg, rc: null, stdout: '' }) };
  }
  const reason = await needless(context, given, chdir);
  if (reason) {
    const msg = `${context.checkMode ? 'Would' : 'Did'} not run command since ${reason.msg}`;
    return { actions: [], result: outcome(given, { msg, rc: 0, stdout: reason.stdout }) };
  }
  if (context.checkMode) return notInCheckMode(given);
  return {
    actions: [{ kind: 'run', command: framed(context, given, chdir) }],
    finish: (results) => finished(given, results.at(-1)),
  };
}

/** A folder that is not there, where something is decided before the command itself would find that out. */
async function missingFolder(
  context: ModuleContext,
  { creates, removes }: GivenCommand,
  chdir: string | undefined,
): Promise<string | undefined> {
  const decides = context.checkMode || creates !== undefined || removes !== undefined;
  if (chdir === undefined || !decides) return undefined;
  return (await context.fact(isFolder(chdir))) ? undefined : chdir;
}

/** Ansible skips a command in check mode, unless `creates` or `removes` told that it would run. */
function notInCheckMode(given: GivenCommand): Plan {
  const result = outcome(given, { msg: 'Command would have run if not in check mode', rc: 0, stdout: '' });
  return given.creates === undefined && given.removes === undefined
    ? { actions: [], skipped: 'Command would have run if not in check mode', result }
    : { actions: [], changed: true, result };
}

async function needless(context: ModuleContext, { creates, removes }: GivenCommand, chdir: string | undefined) {
  if (creates !== undefined && (await exists(context, creates, chdir))) {
    return { msg: `'${creates}' exists`, stdout: `skipped, since ${creates} exists` };
  }
  if (removes !== undefined && !(await exists(context, removes, chdir))) {
    return { msg: `'${removes}' does not exist`, stdout: `skipped, since ${removes} does not exist` };
  }
  return undefined;
}

async function exists(context: ModuleContext, pattern: string, chdir: string | undefined): Promise<boolean> {
  const path = await hostPath(context, pattern);
  const found = path.startsWith('/') || chdir === undefined ? path : `${chdir}/${path}`;
  // Together with what other tasks ask about files.
  if (!/[*?[]/.test(found) && found.startsWith('/'))
    return resolved(await context.fact(fileState(found))).stat !== undefined;
  return context.fact(pathExists(found));
}

/**
 * The command in a subshell of its own, and behind its output its exit code and when it began and ended. Its exit code is also that of the
 * whole, which the host notes: also when nobody is there any more to read the output.
 */
function framed(
  context: ModuleContext,
  { script, program, stdin, ...given }: GivenCommand,
  chdir: string | undefined,
): ShellCommand {
  const input = stdin === undefined ? '' : `printf %s ${quote(given.stdin_add_newline ? `${stdin}\n` : stdin)} | `;
  const missing =
    program === undefined ? '' : `command -v ${quote(program)} >/dev/null || { printf 'stars-missing' >&2; exit 2; }\n`;
  const folder = chdir === undefined ? '' : `cd ${quote(chdir)} || { printf 'stars-chdir' >&2; exit 1; }\n`;
  // Nobody looks at the times of a result that nobody looks at, and each costs the host a process.
  const now = context.resultIsSeen ? `$(date '+%Y-%m-%d %H:%M:%S.%N')` : '';
  return {
    text: `began=${now}
( ${folder}${exported(context)}${missing}${input}${input === '' ? script : `( ${script}\n)`}
)
rc=$?
trap '' PIPE
printf '\\nstars-rc %s\\n%s\\n%s\\n' "$rc" "$began" "${now}"
exit $rc`,
  };
}

function finished(given: GivenCommand, result: ExecResult | undefined): Dict {
  const [, output = '', code = '1', began = '', ended = ''] =
    /^(.*)\nstars-rc (\d+)\n(.*)\n(.*)\n$/s.exec(result?.stdout ?? '') ?? [];
  const stderr = result?.stderr ?? '';
  const times = { start: timeText(began), end: timeText(ended), delta: deltaText(began, ended) };
  const rc = Number(code);
  const missing =
    stderr.endsWith('stars-missing') || (rc === 127 && given.program !== undefined && stderr.startsWith('env: '));
  if (missing) {
    const msg = `[Errno 2] No such file or directory: b'${given.program ?? ''}'`;
    return dict({
      ...fields({ ...given, cmd: lineOf(given) }, { ...times, msg, rc: 2, stdout: '' }),
      failed: true,
      changed: false,
    });
  }
  if (stderr.endsWith('stars-chdir')) {
    const msg = `Unable to change directory before execution: ${stderr.slice(0, -'stars-chdir'.length).trim()}`;
    return dict({ ...fields(given, { msg, rc: null, stdout: '' }), failed: true, changed: false });
  }
  const base = fields(given, { ...times, rc, stdout: output, stderr, msg: rc === 0 ? '' : 'non-zero return code' });
  return dict({ ...base, changed: true, ...(rc === 0 ? {} : { failed: true }) });
}

/** Of a program that does not exist Ansible shows the line with which it would have been started. */
function lineOf({ cmd, program }: GivenCommand): string {
  const words = typeof cmd === 'string' ? [program ?? '/bin/sh', '-c', cmd] : cmd;
  return words.map((word) => quote(word)).join(' ');
}

type Outcome = {
  msg: string;
  rc: number | null;
  stdout: string;
  stderr?: string;
  start?: string;
  end?: string;
  delta?: string;
};

function outcome(given: GivenCommand, known: Outcome): Dict {
  return dict(fields(given, known));
}

function fields(
  { cmd, strip_empty_ends: strip }: GivenCommand,
  { stdout, stderr = '', ...known }: Outcome,
): Record<string, Value> {
  const ended = (text: string) => (strip ? text.replace(/[\r\n]+$/, '') : text);
  const [out, err] = [ended(stdout), ended(stderr)];
  return {
    cmd,
    start: null,
    end: null,
    delta: null,
    ...known,
    stdout: out,
    stderr: err,
    stdout_lines: splitLines(out),
    stderr_lines: splitLines(err),
  };
}

/** Python's splitlines. */
export function splitLines(text: string): string[] {
  const lines = text.split(LINE_END);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

const LINE_END = new RegExp(String.raw`\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]`);

function timeText(time: string): string {
  const [seconds = '', fraction = ''] = time.split('.');
  return `${seconds}.${/^\d{6}/.test(fraction) ? fraction.slice(0, 6) : '000000'}`;
}

function deltaText(began: string, ended: string): string {
  const micros = (time: string) => {
    const [seconds = '', fraction = '0'] = timeText(time).split('.');
    return BigInt(Date.parse(`${seconds.replace(' ', 'T')}Z`) || 0) * 1000n + BigInt(fraction);
  };
  const delta = Number(micros(ended) - micros(began));
  const seconds = Math.floor(Math.max(delta, 0) / 1e6);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(Math.max(delta, 0) % 1e6).padStart(6, '0')}`;
}
