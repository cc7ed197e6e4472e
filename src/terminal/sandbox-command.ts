import { parseArgs } from 'node:util';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { startSandbox } from '../sandbox/sandbox.js';
import { untilStopped } from './signals.js';
import type { Terminal } from './terminal.js';

export type SandboxCommand = {
  argv: readonly string[];
  clock: Clock;
  log: Log;
  stackFolder: string;
  terminal: Terminal;
};

const USAGE = 'Usage: stars sandbox [--apps FILE] [--jobs FILE] [--hosts N]';
const HELP = `${USAGE}
Run a practice cluster on free loopback ports until SIGTERM; its addresses are one JSON line.
--apps FILE  Marathon's apps, as a backup has them
--jobs FILE  Chronos's jobs, as a backup has them
--hosts N    so many hosts, 3 of them masters; 8 when not said`;
const MASTERS = 3;
const MOST_HOSTS = 1000;

/** Runs the sandbox alone until SIGTERM or SIGINT; its addresses are one JSON line once it is ready. */
export async function runSandbox({ argv, clock, log, stackFolder, terminal }: SandboxCommand): Promise<number> {
  const { help, apps, jobs, hosts } = readFlags(argv);
  if (help) {
    terminal.out(HELP);
    return 0;
  }
  const sandbox = await startSandbox({
    clock,
    log,
    stackFolder,
    workers: hosts - MASTERS,
    appsFile: apps,
    jobsFile: jobs,
  });
  try {
    terminal.out(JSON.stringify(sandbox.addresses));
    await untilStopped();
  } finally {
    await sandbox.stop();
  }
  return 0;
}

type Flags = { help: boolean; apps: string | undefined; jobs: string | undefined; hosts: number };

function readFlags(argv: readonly string[]): Flags {
  const { help = false, apps, jobs, hosts = '8' } = parse(argv);
  const count = Number(hosts);
  if (!/^\d+$/.test(hosts) || count < MASTERS || count > MOST_HOSTS) {
    throw new StarsError('USAGE', `--hosts must be a number from ${MASTERS} to ${MOST_HOSTS}, not ${hosts}.`, {
      hint: USAGE,
    });
  }
  return { help, apps, jobs, hosts: count };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        apps: { type: 'string' },
        jobs: { type: 'string' },
        hosts: { type: 'string' },
      },
      allowPositionals: false,
    }).values;
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new StarsError('USAGE', `sandbox: ${message.replace(/\.?$/, '.')}`, {
      hint: USAGE,
      cause: error,
    });
  }
}
