import { sendSignal } from '../kernel/send-signal.js';
import { SIGNALS, signalNumber } from '../kernel/signals.js';
import { execOrComplain, UsageFault } from './call.js';
import type { Tool } from './call.js';
import { parseOptions } from './options.js';
import { posixRegex } from './regex.js';

function durationMs(text: string): number {
  const found = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text);
  if (text === 'infinity') return Number.MAX_SAFE_INTEGER;
  if (!found) throw new UsageFault(`invalid time interval '${text}'`);
  return Number(found[1]) * { '': 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[found[2] as 's'];
}

export const sleep: Tool = async (call) => {
  if (call.args.length === 0) throw new UsageFault('missing operand');
  await call.proc.sleep(call.args.reduce((sum, text) => sum + durationMs(text), 0));
  return 0;
};

export const timeout: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 's:k:',
    long: { signal: 's', 'kill-after': 'k', foreground: 's', 'preserve-status': 's' },
    inOrder: true,
    status: 125,
  });
  const [limit, ...argv] = options.operands;
  if (limit === undefined || argv.length === 0) throw new UsageFault('missing operand', 125);
  const signal = signalNumber(options.value('s') ?? 'TERM') ?? SIGNALS.TERM;
  const child = call.start(argv);
  let timedOut = false;
  const cancels = [
    call.machine.clock.after(Math.min(Math.max(1, durationMs(limit)), 2 ** 31 - 1), () => {
      timedOut = true;
      child.signal(signal);
      const grace = options.value('k');
      if (grace !== undefined)
        cancels.push(call.machine.clock.after(durationMs(grace), () => child.signal(SIGNALS.KILL)));
    }),
  ];
  if (durationMs(limit) === 0) cancels[0]?.();
  // What is sent to timeout itself goes to its command.
  call.proc.trap = (received) => {
    child.signal(received);
    return true;
  };
  await call.proc.wait((wake) => child.onEnd(wake));
  for (const cancel of cancels) cancel();
  return timedOut ? (child.killedBy === SIGNALS.KILL ? 137 : 124) : (child.status ?? 0);
};

export const nohup: Tool = async (call) => {
  if (call.args.length === 0) throw new UsageFault('missing operand', 125);
  call.proc.ignored.add(SIGNALS.HUP);
  return execOrComplain(call.machine, call.proc, [...call.args], 'nohup');
};

export const setsid: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'cwf', long: { wait: 'w', fork: 'f' }, inOrder: true });
  if (options.operands.length === 0) throw new UsageFault('no command specified');
  const { proc } = call;
  // A group leader cannot leave its group: setsid(1) forks then.
  if (proc.group === proc.pid || options.has('f')) {
    const child = call.start([...options.operands], (forked) => {
      forked.session = forked.group = forked.pid;
    });
    if (!options.has('w')) return 0;
    await proc.wait((wake) => child.onEnd(wake));
    return child.status ?? 0;
  }
  proc.session = proc.group = proc.pid;
  return execOrComplain(call.machine, proc, [...options.operands], 'setsid');
};

export const nice: Tool = async (call) => {
  const rest =
    call.args[0] === '-n' ? call.args.slice(2) : call.args.filter((arg, index) => index > 0 || !arg.startsWith('-'));
  return rest.length === 0 ? 0 : execOrComplain(call.machine, call.proc, [...rest], call.name);
};

export const flock: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'nxsuew:c:E:', inOrder: true });
  const [, ...argv] = options.operands;
  const command = options.value('c') ?? (argv[0] === '-c' ? argv[1] : undefined);
  const words = command === undefined ? argv : ['sh', '-c', command];
  return words.length === 0 ? 0 : execOrComplain(call.machine, call.proc, words, 'flock');
};

export const ps: Tool = async (call) => {
  const { machine } = call;
  const text = call.args.join(' ');
  const format = /-?o\s*([\w,= ]+?)(?=\s+-|\s*$)/.exec(text)?.[1];
  const wanted = /(?:-p|--pid)[ =]?([\d,]+)/.exec(text)?.[1]?.split(',').map(Number);
  const command = /-C\s*(\S+)/.exec(text)?.[1];
  const all = /-[eA]|aux|-ax|\bax/.test(text);
  const processes = [...machine.kernel.processes.values()].filter((proc) => {
    if (wanted) return wanted.includes(proc.pid);
    if (command !== undefined) return proc.argv[0]?.split('/').at(-1) === command;
    return all || proc.session === call.proc.session;
  });
  const columns = (
    format ?? (/aux/.test(text) ? 'user,pid,args' : /-[a-z]*f/.test(text) ? 'user,pid,ppid,args' : 'pid,tty,comm')
  )
    .split(/[, ]+/)
    .filter(Boolean);
  const title = (column: string) =>
    column.includes('=')
      ? (column.split('=')[1] ?? '')
      : ({ args: 'COMMAND', cmd: 'CMD', comm: 'COMMAND', command: 'COMMAND' }[column] ?? column.toUpperCase());
  const rows = processes.map((proc) => {
    const values: Record<string, string> = {
      pid: String(proc.pid),
      ppid: String(proc.parent?.pid ?? 0),
      pgid: String(proc.group),
      sid: String(proc.session),
      sess: String(proc.session),
      user: machine.users.userName(proc.user.uid) ?? String(proc.user.uid),
      uid: String(proc.user.uid),
      args: proc.argv.join(' '),
      command: proc.argv.join(' '),
      cmd: proc.argv.join(' '),
      comm: (proc.argv[0] ?? '').split('/').at(-1)?.replace(/^-/, '').slice(0, 15) ?? '',
      stat: 'S',
      state: 'S',
      tty: '?',
      etimes: String(Math.floor((machine.clock.now().getTime() - proc.startedAt.getTime()) / 1000)),
      rss: '4096',
      vsz: '113284',
    };
    return columns.map((column) => values[column.replace(/=.*$/, '')] ?? '-');
  });
  const titles = columns.map(title);
  const shown = titles.every((name) => name === '') ? rows : [titles, ...rows];
  const widths = columns.map((_, index) => Math.max(...shown.map((row) => row[index]?.length ?? 0)));
  for (const row of shown)
    await call.print(
      `${row.map((value, index) => (index === row.length - 1 ? value : /^\d+$/.test(value) ? value.padStart(widths[index] ?? 0) : value.padEnd(widths[index] ?? 0))).join(' ')}\n`,
    );
  return processes.length > 0 ? 0 : 1;
};

export const pgrep: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'fxlau:ons:0123456789', long: { full: 'f', signal: 's' } });
  const [pattern = ''] = options.operands;
  const regex = posixRegex(options.has('x') ? `^(${pattern})$` : pattern, { extended: true });
  const found = [...call.machine.kernel.processes.values()].filter(
    (proc) =>
      proc !== call.proc &&
      regex.test(options.has('f') ? proc.argv.join(' ') : ((proc.argv[0] ?? '').split('/').at(-1) ?? '')),
  );
  if (call.name === 'pkill' || call.name === 'killall') {
    const letter = ['9', '1', '2', '3'].find((digit) => options.has(digit));
    for (const proc of found)
      sendSignal(
        call.machine.kernel,
        call.proc,
        String(proc.pid),
        signalNumber(options.value('s') ?? letter ?? 'TERM') ?? 15,
      );
  } else
    for (const proc of found)
      await call.print(`${proc.pid}${options.has('l') || options.has('a') ? ` ${proc.argv.join(' ')}` : ''}\n`);
  return found.length > 0 ? 0 : 1;
};

export const kill: Tool = async (call) => {
  const args = [...call.args];
  let signal: number | undefined = SIGNALS.TERM;
  if (args[0] === '-l') {
    await call.print(`${Object.keys(SIGNALS).join(' ')}\n`);
    return 0;
  }
  if (args[0] === '-s') signal = signalNumber(args.splice(0, 2)[1] ?? '');
  else if (/^-./.test(args[0] ?? '') && args[0] !== '--') signal = signalNumber((args.shift() as string).slice(1));
  if (args[0] === '--') args.shift();
  if (signal === undefined) throw new UsageFault('unknown signal');
  if (args.length === 0) throw new UsageFault('not enough arguments');
  let status = 0;
  for (const target of args) {
    const fault = sendSignal(call.machine.kernel, call.proc, target, signal);
    if (!fault) continue;
    await call.complain(fault);
    status = 1;
  }
  return status;
};

export const reboot: Tool = async (call) => {
  if (call.user.uid !== 0) throw new UsageFault('must be superuser.');
  for (const proc of call.machine.kernel.processes.values())
    if (proc.session === call.proc.session && proc !== call.proc) proc.signal(SIGNALS.TERM);
  return 0;
};
