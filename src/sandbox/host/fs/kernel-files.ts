import type { Process } from '../kernel/process.js';
import type { Machine } from '../machine.js';
import type { FileSystem } from './file-system.js';
import { ROOT } from './inode.js';
import type { DirNode, FileNode, Inode } from './inode.js';

export const CPUS = 2;
const MEMORY_KB = 3_880_188;
const KERNEL = '3.10.0-1160.el7.x86_64';

/** Mounts /proc and the parts of /sys that facts are read from. */
export function mountKernelFiles(machine: Machine): void {
  const { fs, kernel } = machine;
  const uptime = () => (machine.clock.now().getTime() - kernel.bootedAt.getTime()) / 1000 + 300;
  const files: Record<string, () => string> = {
    '/proc/meminfo': () =>
      `MemTotal:        ${MEMORY_KB} kB\nMemFree:         2950112 kB\nMemAvailable:    3310200 kB\nBuffers:            2108 kB\nCached:           514300 kB\nSwapCached:            0 kB\nSwapTotal:       2097148 kB\nSwapFree:        2097148 kB\n`,
    '/proc/cpuinfo': () => Array.from({ length: CPUS }, (_, index) => cpu(index)).join('\n'),
    '/proc/uptime': () => `${uptime().toFixed(2)} ${(uptime() * CPUS * 0.97).toFixed(2)}\n`,
    '/proc/loadavg': () => `0.00 0.01 0.05 1/${kernel.processes.size + 80} ${Math.max(...kernel.processes.keys())}\n`,
    '/proc/version': () =>
      `Linux version ${KERNEL} (mockbuild@kbuilder.bsys.centos.org) (gcc version 4.8.5) #1 SMP Mon Oct 19 16:18:59 UTC 2020\n`,
    '/proc/cmdline': () =>
      `BOOT_IMAGE=/vmlinuz-${KERNEL} root=/dev/mapper/centos-root ro rhgb quiet LANG=en_US.UTF-8\n`,
    '/proc/mounts': () => MOUNTS,
    '/proc/filesystems': () => 'nodev\tproc\nnodev\ttmpfs\n\txfs\n',
    '/proc/stat': () => `cpu  1000 0 1000 100000 0 0 0 0 0 0\nbtime ${Math.floor(kernel.bootedAt.getTime() / 1000)}\n`,
    '/proc/swaps': () =>
      'Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n/dev/dm-1                               partition\t2097148\t0\t-2\n',
    '/proc/modules': () => 'overlay 91659 0 - Live 0x0000000000000000\n',
    '/proc/sys/kernel/hostname': () => `${machine.hostname}\n`,
    '/proc/sys/kernel/osrelease': () => `${KERNEL}\n`,
    '/proc/sys/kernel/version': () => '#1 SMP Mon Oct 19 16:18:59 UTC 2020\n',
    '/proc/sys/kernel/ostype': () => 'Linux\n',
    '/proc/sys/kernel/pid_max': () => '32768\n',
    '/proc/sys/kernel/random/boot_id': () => `${bootId(machine)}\n`,
    '/proc/sys/fs/file-max': () => '379812\n',
    '/proc/sys/vm/swappiness': () => '30\n',
    '/proc/1/comm': () => 'systemd\n',
    '/proc/1/cmdline': () => '/usr/lib/systemd/systemd\0--switched-root\0--system\0',
    '/proc/1/cgroup': () => '1:name=systemd:/\n',
    '/proc/1/environ': () => '',
    '/sys/class/dmi/id/product_name': () => 'KVM\n',
    '/sys/class/dmi/id/sys_vendor': () => 'Red Hat\n',
    ...networkDevice('lo', {
      address: '00:00:00:00:00:00',
      mtu: '65536',
      operstate: 'unknown',
      type: '772',
      flags: '0x9',
    }),
    ...networkDevice('eth0', {
      address: '52:54:00:12:34:56',
      mtu: '1500',
      operstate: 'up',
      type: '1',
      flags: '0x1003',
    }),
  };
  for (const [path, generate] of Object.entries(files)) {
    makeFolders(fs, path);
    fs.mount(path, { kind: 'file', mode: 0o444, data: Buffer.alloc(0), size: 0, generate });
  }
  fs.mount('/proc/self', { kind: 'symlink', mode: 0o777, target: '1', targetFor: ({ pid }) => String(pid ?? 1) });
  const proc = fs.writable(fs.stat('/proc', ROOT) as DirNode);
  proc.virtual = {
    lookup: (name) => processFolder(machine, name),
    list: () => [...kernel.processes.keys()].filter((pid) => pid !== 1).map(String),
  };
}

function networkDevice(name: string, values: Record<string, string>): Record<string, () => string> {
  return Object.fromEntries(
    Object.entries(values).map(([file, value]) => [`/sys/class/net/${name}/${file}`, () => `${value}\n`]),
  );
}

const MOUNTS = [
  'proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0',
  'sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0',
  'devtmpfs /dev devtmpfs rw,nosuid,size=1928376k,nr_inodes=482094,mode=755 0 0',
  'tmpfs /run tmpfs rw,nosuid,nodev,mode=755 0 0',
  '/dev/mapper/centos-root / xfs rw,relatime,attr2,inode64,noquota 0 0',
  '/dev/vda1 /boot xfs rw,relatime,attr2,inode64,noquota 0 0',
  '',
].join('\n');

/** The same as the kernel tells it to those who want to know which parts of which devices are mounted. */
const MOUNT_INFO = MOUNTS.split('\n')
  .filter(Boolean)
  .map((line, index) => {
    const [source = '', point = '', type = '', options = ''] = line.split(' ');
    const device = source === '/dev/vda1' ? '252:1' : source.startsWith('/dev/') ? '253:0' : `0:${20 + index}`;
    return `${20 + index} 1 ${device} / ${point} ${options} shared:${index + 1} - ${type} ${source} rw\n`;
  })
  .join('');

function cpu(index: number): string {
  return `processor\t: ${index}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 94\nmodel name\t: Intel Core Processor (Skylake)\ncpu MHz\t\t: 2400.000\nphysical id\t: ${index}\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\nflags\t\t: fpu sse sse2\n`;
}

function bootId({ name, kernel }: Machine): string {
  const seed = name
    .split('')
    .reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, kernel.bootedAt.getTime() >>> 0);
  return `${seed.toString(16).padStart(8, '0')}-0000-4000-8000-000000000001`;
}

function makeFolders(fs: FileSystem, path: string): void {
  const parts = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = `/${parts.slice(0, depth).join('/')}`;
    if (!fs.find(folder)) fs.mkdir(folder, 0o555, ROOT);
  }
}

function attributes(ino: number, uid = 0, gid = 0) {
  return { ino, mode: 0o444, uid, gid, nlink: 1, mtimeMs: 0, ctimeMs: 0, atimeMs: 0 };
}

function textNode(ino: number, generate: () => string, mode = 0o444): FileNode {
  return { ...attributes(ino), mode, kind: 'file', data: Buffer.alloc(0), size: 0, generate };
}

/** `/proc/<pid>` */
function processFolder({ kernel, fs }: Machine, name: string): DirNode | undefined {
  const proc = /^\d+$/.test(name) ? kernel.processes.get(Number(name)) : undefined;
  if (!proc) return undefined;
  const files = new Map(Object.entries(processFiles(proc)));
  const ino = 5_000_000 + proc.pid * 100;
  const lookup = (file: string): Inode | undefined => {
    if (file === 'task' || file === 'fd') return numbered(proc, ino, file);
    if (file === 'cwd') return { ...attributes(ino + 97), kind: 'symlink', target: proc.cwd };
    const generate = files.get(file);
    return (
      generate && textNode(ino + [...files.keys()].indexOf(file) + 1, generate, file === 'environ' ? 0o400 : 0o444)
    );
  };
  return virtualFolder(proc, ino, fs.stat('/proc', ROOT).ino, {
    lookup,
    list: () => [...files.keys(), 'task', 'fd', 'cwd'],
  });
}

type Virtual = NonNullable<DirNode['virtual']>;

function virtualFolder({ user }: Process, ino: number, parent: number, virtual: Virtual): DirNode {
  return { ...attributes(ino, user.uid, user.gid), mode: 0o555, kind: 'dir', parent, entries: new Map(), virtual };
}

/** `task` holds the one thread there is, `fd` the open descriptors. */
function numbered(proc: Process, parent: number, kind: 'task' | 'fd'): DirNode {
  const names = () => (kind === 'task' ? [String(proc.pid)] : [...proc.files.keys()].map(String));
  const lookup = (name: string): Inode | undefined => {
    if (!names().includes(name)) return undefined;
    if (kind === 'fd') return { ...attributes(parent + 96), kind: 'symlink', target: '/dev/null' };
    return virtualFolder(proc, parent + 95, parent, { lookup: () => undefined, list: () => [] });
  };
  return virtualFolder(proc, parent + (kind === 'task' ? 99 : 98), parent, { lookup, list: names });
}

function processFiles(proc: Process): Record<string, () => string> {
  const name = () => (proc.argv[0] ?? '').split('/').at(-1)?.slice(0, 15) ?? '';
  const started = () => Math.floor(proc.startedAt.getTime() / 10) % 1_000_000_000;
  return {
    comm: () => `${name()}\n`,
    cmdline: () => proc.argv.map((arg) => `${arg}\0`).join(''),
    cgroup: () => `1:name=systemd:${proc.unit ? `/system.slice/${proc.unit}` : '/user.slice'}\n`,
    environ: () => [...proc.environment].map(([key, value]) => `${key}=${value}\0`).join(''),
    stat: () =>
      `${proc.pid} (${name()}) S ${proc.parent?.pid ?? 0} ${proc.group} ${proc.session} 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 ${started()} 0 0\n`,
    mounts: () => MOUNTS,
    mountinfo: () => MOUNT_INFO,
    status: () =>
      `Name:\t${name()}\nState:\tS (sleeping)\nPid:\t${proc.pid}\nPPid:\t${proc.parent?.pid ?? 0}\nUid:\t${Array(4).fill(proc.user.uid).join('\t')}\nGid:\t${Array(4).fill(proc.user.gid).join('\t')}\n`,
  };
}
