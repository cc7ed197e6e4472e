import type { ExecResult } from '../../connection/connection.js';
import { asStarsError, StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';
import { untilReached } from './reach.js';
import { secondsOf } from './seconds.js';

export const reboot: ControlModule = { run };

const SEARCH_PATHS = ['/sbin', '/bin', '/usr/sbin', '/usr/bin', '/usr/local/sbin'];
const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id';

type Wish = {
  bootTimeCommand: string;
  testCommand: string;
  command: string;
  timeout: number;
  connectTimeout: number;
  postDelay: number;
};

async function run(call: ControlCall): Promise<ControlResult> {
  const { clock, remote, checkMode, signal } = call;
  if (checkMode) return done({ changed: true, elapsed: 0, rebooted: true });
  if (remote.isLocal)
    return failed('Running reboot with local connection would reboot the control node.', {
      elapsed: 0,
      rebooted: false,
    });
  const wish = wishOf(call.args);
  const start = clock.now().getTime();
  const elapsed = () => Math.trunc((clock.now().getTime() - start) / 1000);
  const before = bootOf(await remote.exec(wish.bootTimeCommand, BOOT_TIMEOUT_MS));
  const refused = await shutDown(call, wish.command);
  if (refused !== undefined) return failed(refused, { rebooted: false, elapsed: elapsed() });
  try {
    await waitForReboot(call, wish, before);
  } catch (thrown) {
    const error = asStarsError(thrown);
    if (signal.aborted || error.code === 'HOST_KEY') throw thrown;
    return failed(`Timed out waiting for the host to come back (timeout=${wish.timeout}): ${error.message}`, {
      rebooted: true,
      elapsed: elapsed(),
    });
  } finally {
    remote.forget();
  }
  return done({ changed: true, rebooted: true, elapsed: elapsed() });
}

const BOOT_TIMEOUT_MS = 60_000;

function wishOf(args: ControlCall['args']): Wish {
  const seconds = (name: string, otherwise: number) =>
    secondsOf(args.get(name) ?? args.get(`${name}_sec`), name, otherwise);
  const word = (name: string, otherwise: string) => pythonText(args.get(name) ?? otherwise);
  return {
    bootTimeCommand: word('boot_time_command', BOOT_ID),
    testCommand: word('test_command', 'whoami'),
    command: rebootCommand(args.get('reboot_command'), {
      minutes: Math.floor(seconds('pre_reboot_delay', 0) / 60),
      message: word('msg', 'Reboot initiated by Ansible'),
      paths: pathsOf(args.get('search_paths')),
    }),
    timeout: seconds('reboot_timeout', 600),
    connectTimeout: seconds('connect_timeout', 10),
    postDelay: seconds('post_reboot_delay', 0),
  };
}

function pathsOf(given: Value | undefined): string[] {
  if (given === undefined) return SEARCH_PATHS;
  return Array.isArray(given) ? given.map((path) => pythonText(path)) : pythonText(given).split(',');
}

/** busybox has no shutdown; there its reboot does. */
function rebootCommand(
  own: Value | undefined,
  { minutes, message, paths }: { minutes: number; message: string; paths: string[] },
): string {
  const search = `PATH=${quote(paths.join(':'))}:$PATH`;
  if (own !== undefined) return `${search}; ${pythonText(own)}`;
  const wait = minutes === 0 ? '' : `sleep ${minutes * 60}; `;
  return `${search}
if command -v shutdown >/dev/null; then shutdown -r ${minutes === 0 ? 'now' : `+${minutes}`} ${quote(message)}
elif command -v systemctl >/dev/null; then ${wait}systemctl reboot
else ${wait}reboot; fi`;
}

/** A host that goes down takes the connection with it, which is no failure; what it said against it is. */
async function shutDown({ remote, signal }: ControlCall, command: string): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await remote.act(command, BOOT_TIMEOUT_MS);
    if (code === 0 || code > 128) return undefined;
    return `Reboot command failed. Error was: '${stdout.trim()}, ${stderr.trim()}'`;
  } catch (error) {
    if (signal.aborted || asStarsError(error).code !== 'UNREACHABLE') throw error;
    return undefined;
  }
}

/** The host is back when it tells of another boot than before, and then runs the test. */
async function waitForReboot(call: ControlCall, wish: Wish, before: string): Promise<void> {
  await call.clock.sleep(wish.postDelay * 1000, call.signal);
  await untilReached(
    call,
    async (exec) => {
      if (bootOf(await exec(wish.bootTimeCommand)) === before)
        throw new StarsError('TIMEOUT', 'the boot is still the old one');
    },
    wish,
  );
  await untilReached(
    call,
    async (exec) => {
      const { code, stderr } = await exec(wish.testCommand);
      if (code !== 0)
        throw new StarsError('TIMEOUT', `the test command failed: ${stderr.trim() || `exit code ${code}`}`);
    },
    wish,
  );
}

function bootOf({ code, stdout, stderr }: ExecResult): string {
  if (code === 0) return stdout.trim();
  throw new StarsError('HOSTS_FAILED', `The boot cannot be told: ${stderr.trim() || stdout.trim()}`);
}
