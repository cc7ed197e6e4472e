import { CPUS } from '../fs/kernel-files.js';
import { descendants } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { formatDate } from './dates.js';
import { parseOptions } from './options.js';

export const df: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'hHkmPTailt:x:B:',
    long: { 'human-readable': 'h', portability: 'P', 'print-type': 'T', inodes: 'i' },
  });
  const total = 41_921_540;
  const kept = 1_400_000 + Math.ceil(call.fs.usedBytes() / 1024);
  const used = Math.max(kept, Math.floor((total * call.machine.diskFilled) / 100));
  const unit = options.has('m') ? 1024 : 1;
  const size = (kb: number) => (options.has('h') ? `${(kb / 1024 / 1024).toFixed(1)}G` : String(Math.ceil(kb / unit)));
  for (const operand of options.operands) call.stat(operand);
  if (options.has('i')) {
    await call.print(
      'Filesystem                Inodes IUsed    IFree IUse% Mounted on\n/dev/mapper/centos-root 20960256 41240 20919016    1% /\n',
    );
    return 0;
  }
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
        `${options.has('b') ? bytes : options.has('h') ? (kb < 1024 ? `${kb}K` : `${(kb / 1024).toFixed(1)}M`) : options.has('m') ? Math.ceil(kb / 1024) : kb}\t${operand}\n`,
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
  if (call.args.includes('-6')) return 0;
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
