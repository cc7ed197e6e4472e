import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './clock.js';
import { createSshConnect } from './connection/ssh.js';
import { asStarsError } from './errors.js';
import { openHome } from './home/home.js';
import { createLog, type Log } from './log.js';
import { playDemo } from './sandbox/demo.js';
import { borrowedSandbox } from './sandbox/borrowed.js';
import { createRedactor } from './secret.js';
import { createStars } from './stars.js';
import { runOneCommand, type Terminal } from './terminal/one-command.js';
import { runSandbox } from './terminal/sandbox-command.js';
import { runService } from './terminal/service.js';

const PACKAGE = join(import.meta.dirname, '..', '..');
const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};
const redactor = createRedactor();

/** From the words behind `stars` to the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const [word, ...others] = argv;
  if (word === '--version' || word === 'version') return say(readVersion());
  const log = createLog({ level: process.env['LOG_LEVEL'] ?? (word === 'serve' ? 'info' : 'warn'), redactor });
  const connect = createSshConnect({ log, redactor });
  const stackFolder = join(PACKAGE, 'stack');
  if (word === 'demo') return playDemo({ clock: systemClock, log, connect, stackFolder, out: terminal.out });
  if (word === 'sandbox') return runSandbox({ argv: others, clock: systemClock, log, stackFolder, terminal });
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
  });
  try {
    if (argv[0] === 'serve') return await runService({ stars, home, clock: systemClock, log, terminal });
    process.once('SIGINT', () => stars.runs.cancelAll('Cancelled with Ctrl-C.'));
    process.once('SIGTERM', () => stars.runs.cancelAll('Stars was asked to stop.'));
    return await runOneCommand({
      argv: argv[0] === '--help' || argv[0] === '-h' ? ['help'] : argv,
      bot: stars.bot,
      store: stars.store,
      terminal,
    });
  } finally {
    await sandbox.stop();
    await stars.close();
  }
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function say(text: string): number {
  terminal.out(text);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const error = asStarsError(thrown);
  terminal.error(`stars: ${redactor.redact(error.describe())}`);
  process.exitCode = error.exitStatus;
}
