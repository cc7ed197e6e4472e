import { print } from '../../kernel/io.js';
import { sendSignal } from '../../kernel/send-signal.js';
import { Interrupted, SIGNALS, signalName, signalNumber } from '../../kernel/signals.js';
import type { Shell } from '../shell.js';
import type { Job } from '../state.js';
import type { Builtin } from './builtin.js';

export const wait: Builtin = async (shell, args) => {
  const { state } = shell;
  if (args.length === 0) {
    for (const job of state.jobs) {
      const interrupted = await waitForJob(shell, job);
      if (interrupted !== undefined) return interrupted;
    }
    state.jobs = [];
    return 0;
  }
  let status = 0;
  for (const arg of args) {
    const job = findJob(shell, arg);
    if (!job) {
      if (!/^%|^\d+$/.test(arg)) await shell.complain(`wait: \`${arg}': not a pid or valid job spec`);
      status = 127;
      continue;
    }
    const interrupted = await waitForJob(shell, job);
    if (interrupted !== undefined) return interrupted;
    status = job.process.status ?? 0;
  }
  return status;
};

/** A trapped signal ends the wait with its own status; otherwise undefined. */
async function waitForJob({ proc }: Shell, { process }: Job): Promise<number | undefined> {
  try {
    await proc.wait((wake) => process.onEnd(wake), true);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Interrupted) return 128 + SIGNALS.TERM;
    throw thrown;
  }
}

function findJob({ state }: Shell, text: string): Job | undefined {
  if (text === '%%' || text === '%+' || text === '%') return state.jobs.at(-1);
  if (text.startsWith('%')) return state.jobs.find(({ number }) => String(number) === text.slice(1));
  return state.jobs.find(({ process }) => String(process.pid) === text);
}

export const jobs: Builtin = async ({ state, proc }, args) => {
  const shown = state.jobs.filter(({ done }) => !done);
  for (const { number, process, command } of shown) {
    await print(proc, args[0] === '-p' ? `${process.pid}\n` : `[${number}]+  Running                 ${command} &\n`);
  }
  return 0;
};

export const killProcess: Builtin = async (shell, args) => {
  const { proc, state } = shell;
  const rest = [...args];
  let signal: number | undefined = SIGNALS.TERM;
  const [first = ''] = rest;
  if (first === '-l' || first === '-L') {
    await print(
      proc,
      rest.length > 1
        ? rest
            .slice(1)
            .map((text) => `${signalName(Number(text) % 128) ?? text}\n`)
            .join('')
        : `${Object.keys(SIGNALS).join(' ')}\n`,
    );
    return 0;
  }
  if (first === '-s' || first === '-n') {
    signal = signalNumber(rest[1] ?? '');
    rest.splice(0, 2);
  } else if (first === '--') rest.shift();
  else if (/^-./.test(first)) {
    signal = signalNumber(first.slice(1));
    rest.shift();
  }
  if (rest[0] === '--') rest.shift();
  if (signal === undefined) {
    await shell.complain(`kill: ${first.replace(/^-/, '')}: invalid signal specification`);
    return 1;
  }
  if (rest.length === 0) {
    await shell.complain(
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]',
    );
    return 2;
  }
  let status = 0;
  for (const target of rest) {
    const job = target.startsWith('%') ? findJob(shell, target) : undefined;
    const fault = job
      ? sendSignal(state.kernel, proc, String(job.process.pid), signal)
      : sendSignal(state.kernel, proc, target, signal);
    if (!fault) continue;
    await shell.complain(`kill: ${fault}`);
    status = 1;
  }
  // A signal to the shell itself takes effect before the next command.
  proc.check();
  return status;
};
