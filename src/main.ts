import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './clock.js';
import { readSettings } from './config.js';
import { createSshConnect } from './connection/ssh.js';
import { asStarsError, StarsError } from './errors.js';
import { openHome } from './home/home.js';
import { createLog, type Log } from './log.js';
import { borrowedSandbox } from './sandbox/borrowed.js';
import { createRedactor } from './secret.js';
import { createStars } from './stars.js';
import { confirmAtTerminal } from './terminal/confirm.js';
import { runOneCommand } from './terminal/one-command.js';
import { createTerminal } from './terminal/terminal.js';

const PACKAGE = join(import.meta.dirname, '..', '..');
const LINGER_MS = 3_000;
const SAME_SIGNAL_MS = 1_000;
const terminal = {
  ...createTerminal(process.stdout, process.stderr),
  confirm: process.stdin.isTTY && process.stderr.isTTY ? confirmAtTerminal : undefined,
};
const redactor = createRedactor();

/** From the words behind `stars` to the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const [word, ...others] = argv;
  if (word === '--version' || word === 'version') return say(readVersion());
  const { logLevel } = readSettings(process.env);
  const level = process.env['LOG_LEVEL'] ? logLevel : word === 'serve' ? 'info' : 'error';
  const log = createLog({ level, redactor });
  endOnFault(log);
  const connect = createSshConnect({ log, redactor });
  const stackFolder = join(PACKAGE, 'stack');
  // Bolt and the sandbox take half a second to load: only what needs them waits for that.
  if (word === 'demo') {
    const { runDemo } = await import('./terminal/demo-command.js');
    return runDemo({ argv: others, clock: systemClock, log, connect, stackFolder, terminal });
  }
  if (word === 'sandbox') {
    const { runSandbox } = await import('./terminal/sandbox-command.js');
    return runSandbox({ argv: others, clock: systemClock, log, stackFolder, terminal });
  }
  // Looks also where nothing else would start.
  if (word === 'doctor' && !others.some((other) => other.startsWith('-'))) {
    const { runDoctor } = await import('./terminal/doctor-command.js');
    return runDoctor({
      argv: others,
      env: process.env,
      cwd: process.cwd(),
      redactor,
      clock: systemClock,
      log,
      terminal,
    });
  }
  if (word === 'serve' && others.length > 0) return say((await import('./terminal/service.js')).SERVE_HELP, others);
  return withStars(log, argv);
}

async function withStars(log: Log, argv: readonly string[]): Promise<number> {
  const home = await openHome({ env: process.env, cwd: process.cwd(), redactor });
  const sandbox = borrowedSandbox({ clock: systemClock, log, home, say: terminal.error });
  const stars = await createStars({
    home,
    clock: systemClock,
    log,
    connect: createSshConnect({ log, redactor }),
    env: process.env,
    sandboxEnvironment: sandbox.environment,
    startPractice: async (wanted) => (await import('./sandbox/practice-cluster.js')).practiceClusters({ log })(wanted),
  });
  await stars.runs.settleAbandoned();
  const stopHeartbeat = stars.runs.startHeartbeat();
  try {
    if (argv[0] === 'serve') {
      const { runService } = await import('./terminal/service.js');
      return await runService({ stars, home, clock: systemClock, log, terminal });
    }
    const { bot } = stars;
    return await runOneCommand({ argv, bot, terminal, signal: cancelledBySignals() });
  } finally {
    stopHeartbeat();
    await sandbox.stop();
    await stars.close();
  }
}

/** A fault that nobody caught leaves no state to trust: it is logged and ends the process. The next one settles its runs. */
function endOnFault(log: Log): void {
  const end = (error: unknown) => {
    log.error({ error }, 'a fault that nobody caught');
    terminal.error(`stars: ${redactor.redact(asStarsError(error).describe())}`);
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/**
 * Aborts at the first Ctrl-C or SIGTERM; a later one ends the process at once. Several within a second count as one: a
 * terminal, `timeout` and npm each pass the same signal on.
 */
function cancelledBySignals(): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const stop = (words: string) => () => {
    const nowMs = systemClock.now().getTime();
    firstMs ??= nowMs;
    if (nowMs - firstMs > SAME_SIGNAL_MS) process.exit(130);
    controller.abort(new StarsError('CANCELLED', words));
  };
  process.on('SIGINT', stop('Cancelled with Ctrl-C.'));
  process.on('SIGTERM', stop('Stars was asked to stop.'));
  return controller.signal;
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function say(text: string, words: readonly string[] = []): number {
  const unknown = words.find((word) => word !== '--help' && word !== '-h');
  if (unknown !== undefined)
    throw new StarsError('USAGE', `“${unknown.slice(0, 40)}” is not known here.`, { hint: text });
  terminal.out(text);
  return 0;
}

async function start(): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (thrown) {
    const error = asStarsError(thrown);
    terminal.error(`stars: ${redactor.redact(error.describe())}`);
    // A store that does not open is a matter of configuration: no run has begun.
    process.exitCode = error.code === 'STORE' ? 2 : error.exitStatus;
  }
  // Whatever a library still holds open must not hold up the shell.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

void start();
