import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import { quote } from '../shell/command.js';
import { asksFirst, asksForPassword, becomeCommand, becomeError, type BecomeWords } from './become.js';
import type { Become } from './connection.js';
import { createNonce } from './frame.js';
import { describeEnd, type OpenPipe, type ShellPipe } from './pipe.js';

/** How to start shells on one host. */
export type Launcher = {
  host: string;
  open: OpenPipe;
  clock: Clock;
  /** The shell and its arguments, already quoted: `/bin/sh`. */
  shell: string;
  launchTimeoutMs: number;
};

export type LaunchOptions = {
  become: Become | undefined;
  /** Prints a few words that belong to the shell's start, which become its `said`. */
  first?: string | undefined;
  /** What the shell does once it is the right user; standard input is untouched until then. */
  next: string;
  onStdout: (bytes: Buffer) => void;
  onStderr: (bytes: Buffer) => void;
};

/** A started shell: its process, and what the host has (`/proc`, `base64`). */
export type Launched = { pipe: ShellPipe; pid: number; hasProc: boolean; hasBase64: boolean; said: string };

const SAID_LIMIT = 4096;

/** Starts a shell as the wanted user, past login noise and the password question. Rejects with BECOME, UNREACHABLE or TIMEOUT. */
export async function launch(launcher: Launcher, options: LaunchOptions): Promise<Launched> {
  const ready = createNonce();
  const words = { prompt: `${createNonce()}: `, begun: createNonce() };
  const pipe = await launcher.open(becomeCommand(options.become, launcher.shell, words));
  try {
    return await untilReady(pipe, { launcher, options, ready, ...words });
  } catch (error) {
    pipe.destroy();
    throw error;
  }
}

/**
 * Administrators' folders in PATH, then one line on each stream that says: from here on it is us. One command, so that all of it is
 * read before anything in it reads standard input.
 */
function bootstrap(ready: string, { first, next }: LaunchOptions): string {
  const script = [
    'PATH="${PATH:-/usr/bin:/bin}"',
    'for d in /usr/local/sbin /usr/sbin /sbin;do case ":$PATH:" in *":$d:"*) ;; *) PATH="$PATH:$d";; esac;done',
    'export PATH;unset d',
    'p=0;[ -d /proc/self/task ]&&p=1;b=0;command -v base64 >/dev/null 2>&1&&b=1',
    `printf '${ready}\\n' >&2;printf '${ready} %s %s %s' $$ $p $b;unset p b`,
    ...(first === undefined ? [] : [first]),
    "printf '\\n'",
    next,
  ].join('\n');
  return `eval ${quote(script)}\n`;
}

type Waiting = { launcher: Launcher; options: LaunchOptions; ready: string } & BecomeWords;

function untilReady(pipe: ShellPipe, { launcher, options, ready, prompt, begun }: Waiting): Promise<Launched> {
  const { host, clock, launchTimeoutMs } = launcher;
  const { become } = options;
  return new Promise((resolve, reject) => {
    let settled = false;
    let passwordSent = false;
    let bootstrapped = false;
    let shell: Omit<Launched, 'pipe'> | undefined;

    const stdout = untilLine(ready, options.onStdout, (line) => {
      const [, pid, proc, base64, ...said] = line.split(' ');
      shell = { pid: Number(pid), hasProc: proc === '1', hasBase64: base64 === '1', said: said.join(' ') };
    });
    const stderr = untilLine(ready, options.onStderr, () => {});

    function settle(finish: () => void): void {
      if (settled) return;
      settled = true;
      cancelTimer();
      finish();
    }

    function advance(): void {
      if (settled) return;
      const started = shell;
      if (started && stderr.reached()) return settle(() => resolve({ pipe, ...started }));
      if (!become || started || bootstrapped) return;
      if (stdout.said().includes(`${begun}\n`)) return sendBootstrap();
      answerPrompt(become);
    }

    function sendBootstrap(): void {
      bootstrapped = true;
      pipe.stdin.write(bootstrap(ready, options));
    }

    function answerPrompt(become: Become): void {
      const asked =
        asksForPassword(become, stderr.said(), prompt) ||
        (become.method === 'su' && asksForPassword(become, stdout.said(), prompt));
      if (!asked) return;
      stderr.forget();
      stdout.forget();
      if (passwordSent) return settle(() => reject(becomeError(host, become, 'incorrect password', undefined)));
      if (become.password === undefined)
        return settle(() => reject(becomeError(host, become, 'a password is required', undefined)));
      passwordSent = true;
      pipe.stdin.write(`${become.password}\n`);
    }

    const cancelTimer = clock.after(launchTimeoutMs, () => {
      const seconds = Math.round(launchTimeoutMs / 1000);
      // Whoever logs in and gets nowhere has not reached the host; a sudo that says nothing is the task's own trouble.
      const code = become ? 'TIMEOUT' : 'UNREACHABLE';
      settle(() => reject(new StarsError(code, `${host}: no shell within ${seconds} s.`, { hint: LAUNCH_HINT })));
    });

    pipe.stdout.on('data', (bytes: Buffer) => {
      stdout.push(bytes);
      advance();
    });
    pipe.stderr.on('data', (bytes: Buffer) => {
      stderr.push(bytes);
      advance();
    });
    // A write that the other side does not want any more shows as the end of the pipe.
    pipe.stdin.on('error', () => {});
    if (!asksFirst(become)) sendBootstrap();
    void pipe.ended.then((end) =>
      settle(() => {
        const said = `${stderr.said()}${stdout.said()}`;
        const lost = end.code === undefined && !end.signal;
        reject(become && !lost ? becomeError(host, become, said, end.code) : noShell(host, describeEnd(end), said));
      }),
    );
  });
}

const LAUNCH_HINT = 'Log in by hand and see what the login shell or sudo waits for.';

function noShell(host: string, how: string, said: string): StarsError {
  const words = said.trim();
  return new StarsError('UNREACHABLE', `${host}: the login shell ${how}${words ? `: ${words}` : '.'}`, {
    hint: "The login user needs a shell that runs commands: check its entry in the host's /etc/passwd.",
  });
}

/** Collects what is said before the line that begins with `ready`; everything behind it goes to `onBytes`. */
function untilLine(ready: string, onBytes: (bytes: Buffer) => void, onLine: (line: string) => void) {
  let before: Buffer = Buffer.alloc(0);
  let reached = false;

  function push(bytes: Buffer): void {
    if (reached) return onBytes(bytes);
    before = Buffer.concat([before, bytes]);
    const start = before.indexOf(ready);
    const lineEnd = start < 0 ? -1 : before.indexOf(0x0a, start);
    if (lineEnd < 0) {
      if (start < 0 && before.length > SAID_LIMIT) before = before.subarray(before.length - SAID_LIMIT);
      return;
    }
    reached = true;
    onLine(before.subarray(start, lineEnd).toString('latin1'));
    const rest = before.subarray(lineEnd + 1);
    before = Buffer.alloc(0);
    if (rest.length > 0) onBytes(rest);
  }

  return {
    push,
    reached: () => reached,
    said: () => (reached ? '' : before.toString('utf8')),
    forget() {
      if (!reached) before = Buffer.alloc(0);
    },
  };
}
