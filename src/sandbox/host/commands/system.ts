import { print } from '../kernel/io.js';
import { sendSignal } from '../kernel/send-signal.js';
import { SIGNALS, signalNumber } from '../kernel/signals.js';
import { CPUS } from '../fs/kernel-files.js';
import { openFile } from '../kernel/open.js';
import { execOrComplain, UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { formatDate, parseDate } from './dates.js';
import { parseOptions } from './options.js';
import { putFile } from '../fs/base-tree.js';

export const date: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'ud:r:s:RI',
    long: { utc: 'u', universal: 'u', date: 'd', reference: 'r', 'rfc-2822': 'R', 'iso-8601': 'I' },
  });
  const now = call.machine.clock.now();
  const text = options.value('d');
  const reference = options.value('r');
  const at =
    reference !== undefined ? call.stat(reference).mtimeMs : text === undefined ? now.getTime() : parseDate(text, now);
  if (at === undefined) throw new UsageFault(`invalid date '${text}'`);
  const format = options.operands.find((operand) => operand.startsWith('+'))?.slice(1);
  const fallback = options.has('R') ? '%a, %d %b %Y %H:%M:%S %z' : options.has('I') ? '%F' : '%a %b %e %H:%M:%S %Z %Y';
  await call.print(`${formatDate(format ?? fallback, new Date(at))}\n`);
  return 0;
};

export const id: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'unrgGzZ',
    long: { user: 'u', group: 'g', groups: 'G', name: 'n' },
  });
  const { users } = call.machine;
  const [name] = options.operands;
  const user =
    name === undefined ? undefined : users.find(/^\d+$/.test(name) && !users.find(name) ? Number(name) : name);
  if (name !== undefined && !user) throw new UsageFault(`${name}: no such user`);
  const { uid, gid, groups } = user ? users.credentials(user) : call.user;
  const userText = users.userName(uid) ?? String(uid);
  const groupText = (group: number) => users.groupName(group) ?? String(group);
  const all = [...new Set([gid, ...groups])];
  if (options.has('u')) await call.print(`${options.has('n') ? userText : uid}\n`);
  else if (options.has('g')) await call.print(`${options.has('n') ? groupText(gid) : gid}\n`);
  else if (options.has('G'))
    await call.print(`${all.map((group) => (options.has('n') ? groupText(group) : group)).join(' ')}\n`);
  else
    await call.print(
      `uid=${uid}(${userText}) gid=${gid}(${groupText(gid)}) groups=${all.map((group) => `${group}(${groupText(group)})`).join(',')}\n`,
    );
  return 0;
};

export const whoami: Tool = async (call) => {
  await call.print(`${call.machine.users.userName(call.user.uid) ?? call.user.uid}\n`);
  return 0;
};

export const groups: Tool = async (call) => {
  const { users } = call.machine;
  const [name] = call.args;
  const user = name === undefined ? undefined : users.find(name);
  if (name !== undefined && !user) throw new UsageFault(`${name}: no such user`);
  const { gid, groups: other } = user ? users.credentials(user) : call.user;
  const list = [...new Set([gid, ...other])].map((group) => users.groupName(group) ?? String(group)).join(' ');
  await call.print(`${name === undefined ? '' : `${name} : `}${list}\n`);
  return 0;
};

export const hostname: Tool = async (call) => {
  const { machine } = call;
  const options = parseOptions(call.args, {
    letters: 'fsdiIaA',
    long: { fqdn: 'f', long: 'f', short: 's', domain: 'd', 'ip-address': 'i', 'all-ip-addresses': 'I' },
  });
  const [name] = options.operands;
  if (name !== undefined) {
    if (call.user.uid !== 0) throw new UsageFault('you must be root to change the host name');
    machine.hostname = name;
    return 0;
  }
  const [short = '', ...domain] = machine.hostname.split('.');
  await call.print(
    `${options.has('s') ? short : options.has('d') ? domain.join('.') : options.has('i') || options.has('I') ? '10.0.2.15' : machine.hostname}\n`,
  );
  return 0;
};

export const hostnamectl: Tool = async (call) => {
  const { machine } = call;
  const operands = call.args.filter((arg) => !arg.startsWith('-'));
  if (operands[0] === 'set-hostname' && operands[1]) {
    if (call.user.uid !== 0) throw new UsageFault('Could not set property: Interactive authentication required.');
    machine.hostname = operands[1];
    putFile(call.fs, '/etc/hostname', `${operands[1]}\n`);
    return 0;
  }
  await call.print(
    `   Static hostname: ${machine.hostname}\n  Operating System: CentOS Linux 7 (Core)\n            Kernel: Linux 3.10.0-1160.el7.x86_64\n      Architecture: x86-64\n`,
  );
  return 0;
};

export const uname: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'asnrvmpio',
    long: { all: 'a', 'kernel-name': 's', nodename: 'n', 'kernel-release': 'r', machine: 'm', 'operating-system': 'o' },
  });
  const values = {
    s: 'Linux',
    n: call.machine.hostname,
    r: '3.10.0-1160.el7.x86_64',
    v: '#1 SMP Mon Oct 19 16:18:59 UTC 2020',
    m: 'x86_64',
    p: 'x86_64',
    i: 'x86_64',
    o: 'GNU/Linux',
  };
  const none = options.values.size === 0;
  await call.print(
    `${Object.entries(values)
      .filter(([letter]) => options.has('a') || options.has(letter) || (none && letter === 's'))
      .map(([, value]) => value)
      .join(' ')}\n`,
  );
  return 0;
};

export const env: Tool = async (call) => {
  const { proc } = call;
  const options = parseOptions(
    call.args.map((arg) => (arg === '-' ? '-i' : arg)),
    { letters: 'iu:0', long: { 'ignore-environment': 'i', unset: 'u', null: '0' }, inOrder: true, status: 125 },
  );
  if (options.has('i')) proc.environment.clear();
  for (const name of options.values.get('u') ?? []) proc.environment.delete(name);
  const argv = [...options.operands];
  while (/^[^=]+=/.test(argv[0] ?? '')) {
    const text = argv.shift() as string;
    proc.environment.set(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1));
  }
  if (argv.length > 0) return execOrComplain(call.machine, proc, argv, 'env');
  await call.print(
    [...proc.environment].map(([key, value]) => `${key}=${value}${options.has('0') ? '\0' : '\n'}`).join(''),
  );
  return 0;
};

export const printenv: Tool = async (call) => {
  const { environment } = call.proc;
  if (call.args.length === 0) return env(call);
  for (const name of call.args) if (environment.has(name)) await call.print(`${environment.get(name)}\n`);
  return call.args.every((name) => environment.has(name)) ? 0 : 1;
};

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
    call.machine.clock.after(Math.max(1, durationMs(limit)), () => {
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
    call.args[0] === '-n' ? call.args.slice(2) : call.args.filter((arg, index) => index > 0 || !/^-/.test(arg));
  return rest.length === 0 ? 0 : execOrComplain(call.machine, call.proc, [...rest], call.name);
};

export const flock: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'nxsuew:c:E:', inOrder: true });
  const [, ...argv] = options.operands;
  const command = options.value('c') ?? (argv[0] === '-c' ? argv[1] : undefined);
  const words = command === undefined ? argv : ['sh', '-c', command];
  return words.length === 0 ? 0 : execOrComplain(call.machine, call.proc, words, 'flock');
};

export const yes: Tool = async (call) => {
  const line = `${call.args.join(' ') || 'y'}\n`;
  const block = line.repeat(Math.max(1, Math.floor(8192 / line.length)));
  for (;;) {
    await call.print(block);
    const pause = call.proc.step();
    if (pause) await pause;
  }
};

export const seq: Tool = async (call) => {
  const options = parseOptions(
    call.args.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg)),
    { letters: 's:wf:', long: { separator: 's', 'equal-width': 'w' } },
  );
  const numbers = options.operands.map((text) => Number(text));
  if (numbers.length === 0) throw new UsageFault('missing operand');
  if (numbers.some(Number.isNaN))
    throw new UsageFault(`invalid floating point argument: '${options.operands[numbers.findIndex(Number.isNaN)]}'`);
  const [first, step, last] =
    numbers.length === 1
      ? [1, 1, numbers[0] as number]
      : numbers.length === 2
        ? [numbers[0] as number, 1, numbers[1] as number]
        : (numbers as [number, number, number]);
  if (step === 0) throw new UsageFault("invalid Zero increment value: '0'");
  const digits = Math.max(...options.operands.map((text) => text.split('.')[1]?.length ?? 0));
  const width = options.has('w') ? Math.max(first.toFixed(digits).length, last.toFixed(digits).length) : 0;
  const separator = options.value('s')?.replace('\\n', '\n') ?? '\n';
  let chunk = '';
  let count = 0;
  for (let index = 0; ; index++) {
    const value = first + index * step;
    if (step > 0 ? value > last : value < last) break;
    chunk += (count++ > 0 ? separator : '') + value.toFixed(digits).padStart(width, '0');
    if (chunk.length > 8192) {
      await call.print(chunk);
      chunk = '';
    }
    const pause = call.proc.step();
    if (pause) await pause;
  }
  await call.print(count > 0 ? `${chunk}\n` : '');
  return 0;
};

export const dd: Tool = async (call) => {
  const options = new Map(call.args.map((arg) => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]));
  const size = (text: string | undefined, fallback: number) => {
    const found = /^(\d+)([kKMG]?)B?$/.exec(text ?? '');
    return found
      ? Number(found[1]) * { '': 1, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[2] as 'k']
      : fallback;
  };
  const block = size(options.get('bs') ?? options.get('ibs'), 512);
  const limit = size(options.get('count'), Number.POSITIVE_INFINITY) * block;
  const input = options.has('if') ? call.openToRead(options.get('if') as string) : call.proc.file(0).share();
  const output = options.has('of')
    ? openFile(call.proc, call.fs, options.get('of') as string, {
        write: true,
        create: true,
        truncate: !options.get('conv')?.includes('notrunc'),
      })
    : call.proc.file(1).share();
  let skip = size(options.get('skip'), 0) * block;
  let copied = 0;
  try {
    while (copied < limit) {
      const bytes = await input.read(Math.min(65_536, limit - copied + skip), call.proc);
      if (bytes.length === 0) break;
      const kept = bytes.subarray(Math.min(skip, bytes.length));
      skip -= bytes.length - kept.length;
      await output.write(kept, call.proc);
      copied += kept.length;
      const pause = call.proc.step();
      if (pause) await pause;
    }
  } finally {
    input.close();
    output.close();
  }
  if (options.get('status') !== 'none') {
    const [full, partial] = [Math.floor(copied / block), copied % block > 0 ? 1 : 0];
    await call.proc.files
      .get(2)
      ?.write(
        Buffer.from(`${full}+${partial} records in\n${full}+${partial} records out\n${copied} bytes copied\n`),
        call.proc,
      );
  }
  return 0;
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
  const regex = new RegExp(options.has('x') ? `^(${pattern})$` : pattern);
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

export const df: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'hHkmPTailt:x:B:',
    long: { 'human-readable': 'h', portability: 'P', 'print-type': 'T', inodes: 'i' },
  });
  const used = 1_400_000 + Math.ceil(call.fs.usedBytes() / 1024);
  const total = 41_921_540;
  const unit = options.has('m') ? 1024 : 1;
  const size = (kb: number) => (options.has('h') ? `${(kb / 1024 / 1024).toFixed(1)}G` : String(Math.ceil(kb / unit)));
  for (const operand of options.operands) call.stat(operand);
  const type = options.has('T') ? ' Type' : '';
  await call.print(
    `Filesystem              ${options.has('h') ? 'Size' : options.has('m') ? '1M-blocks' : options.has('P') ? '1024-blocks' : '1K-blocks'}${type} Used Available ${options.has('P') ? 'Capacity' : 'Use%'} Mounted on\n/dev/mapper/centos-root ${options.has('T') ? 'xfs ' : ''}${size(total)} ${size(used)} ${size(total - used)} ${Math.ceil((used / total) * 100)}% /\n`,
  );
  return 0;
};

export const du: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'shkmbaxcd:',
    long: { summarize: 's', 'human-readable': 'h', bytes: 'b', 'max-depth': 'd', all: 'a' },
  });
  const { descendants } = await import('./attributes.js');
  return call.each(
    options.operands.length > 0 ? options.operands : ['.'],
    async (operand) => {
      const node = call.stat(operand, false);
      const all = [node, ...descendants(call, operand, node).map((entry) => entry.node)];
      const bytes = all.reduce(
        (sum, inner) =>
          sum +
          (inner.kind === 'file'
            ? options.has('b')
              ? inner.size
              : Math.ceil(inner.size / 4096) * 4096
            : inner.kind === 'dir'
              ? 4096
              : 0),
        0,
      );
      const kb = Math.ceil(bytes / 1024);
      await call.print(
        `${options.has('b') ? bytes : options.has('h') ? `${kb < 1024 ? `${kb}K` : `${(kb / 1024).toFixed(1)}M`}` : options.has('m') ? Math.ceil(kb / 1024) : kb}\t${operand}\n`,
      );
    },
    (operand) => `cannot access '${operand}'`,
  );
};

export const free: Tool = async (call) => {
  const unit = call.args.includes('-m')
    ? 1024
    : call.args.includes('-g')
      ? 1024 ** 2
      : call.args.includes('-b')
        ? 1 / 1024
        : 1;
  const row = (values: number[]) => values.map((value) => String(Math.floor(value / unit)).padStart(12)).join('');
  await call.print(
    `              total        used        free      shared  buff/cache   available\nMem:   ${row([3_880_188, 413_668, 2_950_112, 8852, 516_408, 3_310_200])}\nSwap:  ${row([2_097_148, 0, 2_097_148])}\n`,
  );
  return 0;
};

export const nproc: Tool = async (call) => {
  await call.print(`${CPUS}\n`);
  return 0;
};

export const uptime: Tool = async (call) => {
  const seconds =
    Math.floor((call.machine.clock.now().getTime() - call.machine.kernel.bootedAt.getTime()) / 1000) + 300;
  await call.print(
    ` ${formatDate('%H:%M:%S', call.machine.clock.now())} up ${Math.floor(seconds / 60)} min,  1 user,  load average: 0.00, 0.01, 0.05\n`,
  );
  return 0;
};

export const getent: Tool = async (call) => {
  const { users } = call.machine;
  const [database, ...keys] = call.args;
  if (database === 'hosts' || database === 'ahosts') {
    const lines = users.lines('/etc/hosts').map((line) => line.trim().split(/\s+/));
    const found = keys.length === 0 ? lines : lines.filter((names) => keys.some((key) => names.includes(key)));
    await call.print(found.map(([address = '', ...names]) => `${address.padEnd(15)} ${names.join(' ')}\n`).join(''));
    return found.length > 0 ? 0 : 2;
  }
  const file = { passwd: '/etc/passwd', group: '/etc/group', shadow: '/etc/shadow', services: '/etc/services' }[
    database ?? ''
  ];
  if (file === undefined) throw new UsageFault(`Unknown database: ${database}`);
  if (file === '/etc/shadow' && call.user.uid !== 0) return 2;
  const lines = users.lines(file);
  let status = 0;
  if (keys.length === 0) await call.print(lines.map((line) => `${line}\n`).join(''));
  for (const key of keys) {
    const line = lines.find(
      (candidate) => candidate.startsWith(`${key}:`) || (/^\d+$/.test(key) && candidate.split(':')[2] === key),
    );
    if (line === undefined) status = 2;
    else await call.print(`${line}\n`);
  }
  return status;
};

export const logger: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 't:p:is', long: { tag: 't', priority: 'p' } });
  call.machine.journal.add(
    '',
    options.value('t') ?? call.machine.users.userName(call.user.uid) ?? 'logger',
    options.operands.join(' '),
  );
  return 0;
};

export const which: Tool = async (call) => {
  let status = 0;
  for (const name of call.args.filter((arg) => !arg.startsWith('-'))) {
    try {
      await call.print(`${call.machine.kernel.search(call.proc, name)}\n`);
    } catch {
      await print(call.proc, '');
      await call.proc.files
        .get(2)
        ?.write(Buffer.from(`/usr/bin/which: no ${name} in (${call.proc.environment.get('PATH') ?? ''})\n`), call.proc);
      status = 1;
    }
  }
  return status;
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

export const mount: Tool = async (call) => {
  if (call.args.length === 0) {
    await call.print(
      '/dev/mapper/centos-root on / type xfs (rw,relatime,attr2,inode64,noquota)\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n',
    );
    return 0;
  }
  if (call.user.uid !== 0) throw new UsageFault('only root can do that', 32);
  return 0;
};

export const ip: Tool = async (call) => {
  const text = call.args.filter((arg) => !arg.startsWith('-')).join(' ');
  if (/^(a|addr|address)/.test(text)) {
    const one = call.args.includes('-o');
    const lines = [
      [
        '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN',
        '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
        '    inet 127.0.0.1/8 scope host lo',
      ],
      [
        '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP',
        '    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff',
        '    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0',
      ],
    ];
    await call.print(
      one
        ? '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n2: eth0    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever\n'
        : lines
            .flat()
            .map((line) => `${line}\n`)
            .join(''),
    );
    return 0;
  }
  if (/^(r|route)( |$)/.test(text)) {
    await call.print(
      /get/.test(text)
        ? '8.8.8.8 via 10.0.2.2 dev eth0 src 10.0.2.15 \n    cache \n'
        : 'default via 10.0.2.2 dev eth0 proto static metric 100 \n10.0.2.0/24 dev eth0 proto kernel scope link src 10.0.2.15 metric 100 \n',
    );
    return 0;
  }
  if (/^(l|link)/.test(text)) {
    await call.print('1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n');
    return 0;
  }
  throw new UsageFault(`Object "${text}" is unknown, try "ip help".`);
};

export const ss: Tool = async (call) => {
  await call.print(
    'State      Recv-Q Send-Q Local Address:Port  Peer Address:Port\nLISTEN     0      128    *:22                *:*\n',
  );
  return 0;
};

export const sysctl: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'nwpaqe:N', long: { system: 'p', values: 'n' } });
  if (options.has('p')) return 0;
  let status = 0;
  for (const operand of options.operands) {
    const [name = '', value] = operand.split('=');
    const path = `/proc/sys/${name.trim().replaceAll('.', '/')}`;
    const node = call.find(path);
    if (value !== undefined) {
      if (call.user.uid !== 0) throw new UsageFault(`permission denied on key '${name}'`, 255);
      setKernelValue(call, path, value.trim());
      await call.print(options.has('q') ? '' : `${name.trim()} = ${value.trim()}\n`);
    } else if (node?.kind === 'file')
      await call.print(
        `${options.has('n') ? '' : `${name} = `}${(await call.content(path)).toString('latin1').trim()}\n`,
      );
    else {
      await call.complain(`cannot stat ${path}: No such file or directory`);
      status = 255;
    }
  }
  return status;
};

function setKernelValue(call: Call, path: string, value: string): void {
  const parts = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = `/${parts.slice(0, depth).join('/')}`;
    if (folder !== '/proc' && !call.find(folder)) call.fs.mkdir(folder, 0o555, call.user);
  }
  const existing = call.find(path);
  if (existing) call.fs.unlink(path, call.user);
  call.fs.mount(path, { kind: 'file', mode: 0o644, data: Buffer.alloc(0), size: 0, generate: () => `${value}\n` });
}

/** Says a fixed thing and succeeds. */
export function says(text: string, status = 0): Tool {
  return async (call) => {
    await call.print(text);
    return status;
  };
}

/** A program of a package that is only there to be found; `--version` is answered. */
export const stub: Tool = async (call) => {
  if (call.args.some((arg) => /^--?(version|V|v)$/.test(arg))) await call.print(`${call.name} 1.0 (simulated)\n`);
  return 0;
};

export const reboot: Tool = async (call) => {
  if (call.user.uid !== 0) throw new UsageFault('must be superuser.');
  for (const proc of call.machine.kernel.processes.values())
    if (proc.session === call.proc.session && proc !== call.proc) proc.signal(SIGNALS.TERM);
  return 0;
};
