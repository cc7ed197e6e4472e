import { parseArgs } from 'node:util';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { startSandbox } from '../sandbox/sandbox.js';
import type { Terminal } from './one-command.js';
import { untilStopped } from './signals.js';

export type SandboxCommand = {
  argv: readonly string[];
  clock: Clock;
  log: Log;
  stackFolder: string;
  terminal: Terminal;
};

const USAGE = 'Usage: stars sandbox [--apps FILE] [--jobs FILE] [--hosts N]';
const MASTERS = 3;
const MOST_HOSTS = 1000;

/** Runs the sandbox alone until SIGTERM or SIGINT; its addresses are one JSON line once it is ready. */
export async function runSandbox({ argv, clock, log, stackFolder, terminal }: SandboxCommand): Promise<number> {
  const { apps, jobs, hosts } = readFlags(argv);
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

function readFlags(argv: readonly string[]): { apps: string | undefined; jobs: string | undefined; hosts: number } {
  const { apps, jobs, hosts = '8' } = parse(argv);
  const count = Number(hosts);
  if (!/^\d+$/.test(hosts) || count < MASTERS || count > MOST_HOSTS) {
    throw new StarsError('USAGE', `--hosts must be a number from ${MASTERS} to ${MOST_HOSTS}, not ${hosts}.`, {
      hint: USAGE,
    });
  }
  return { apps, jobs, hosts: count };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { apps: { type: 'string' }, jobs: { type: 'string' }, hosts: { type: 'string' } },
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new StarsError('USAGE', `sandbox: ${error instanceof Error ? error.message : String(error)}`, {
      hint: USAGE,
      cause: error,
    });
  }
}
