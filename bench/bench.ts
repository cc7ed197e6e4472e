import { constants } from 'node:os';
import { stopFleets } from './fleet.js';
import { endMeasured, removeGroup } from './measure.js';
import { benchCluster } from './cluster.js';
import { benchLoad } from './load.js';
import { benchProvision } from './provision.js';
import { readOptions, USAGE } from './options.js';
import { benchSandbox } from './sandbox.js';
import { whatIsMissing } from './requirements.js';

const stop = new AbortController();

/** Prints one JSON object a line: what was measured, never judged. */
async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n${USAGE}`);
    return options === '' ? 0 : 2;
  }
  const missing = await whatIsMissing(options);
  for (const line of missing) process.stderr.write(`${line}\n`);
  if (options.parts.has('provision') && missing.length === 0)
    for (const hosts of options.hosts) await benchProvision(hosts, { ...options, rttMs: 0 }, print);
  if (options.parts.has('rtt') && missing.length === 0)
    for (const hosts of options.hosts.slice(0, 1)) await benchProvision(hosts, options, print);
  if (options.parts.has('sandbox')) await benchSandbox(options.sandboxHosts, print, stop.signal);
  if (options.parts.has('cluster')) await benchCluster(options.tasks, print, stop.signal);
  if (options.parts.has('load')) await benchLoad(print, stop.signal);
  const onlyHere = (['sandbox', 'cluster', 'load'] as const).some((part) => options.parts.has(part));
  return missing.length === 0 || onlyHere ? 0 : 1;
}

function print(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Ends the hosts too: they do not belong to the process and would stay. */
async function endAll(signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
  process.stderr.write('The hosts are being ended …\n');
  stop.abort();
  endMeasured();
  await stopFleets();
  // What was begun while the hosts were still booting.
  endMeasured();
  try {
    removeGroup();
  } finally {
    process.exit(128 + constants.signals[signal]);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll(signal));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  if (!stop.signal.aborted) process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
