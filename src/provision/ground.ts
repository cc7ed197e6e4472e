import { posix } from 'node:path';
import { quote } from '../shell/command.js';

/** The file systems of a host, as far as they say which paths lead to one file only. */
export type Ground = {
  /** The same for two names of one machine. */
  machine: string;
  /** The same for two users who see the same file systems. */
  view: string;
  /** Whether the path lies on a file system of the host's own, on a part of it that is mounted nowhere else. */
  isOwn(path: string): boolean;
};

type Mount = { device: string; root: string; point: string; type: string };

/** Others may be written by other machines, or are no files at all. */
const OWN_TYPES: ReadonlySet<string> = new Set('ext2 ext3 ext4 xfs btrfs f2fs jfs reiserfs tmpfs overlay'.split(' '));

/** Reads the ground when it is not known, and which of the folders are links. */
export function groundScript(folders: readonly string[], isKnown: boolean): string {
  const mounts = `if read -r boot </proc/sys/kernel/random/boot_id && cat /proc/self/mountinfo; then echo "boot $boot"; fi 2>/dev/null`;
  const links = `for folder in ${folders.map(quote).join(' ')}; do if [ -L "$folder" ]; then printf 'link %s\\n' "$folder"; fi; done`;
  return [...(isKnown ? [] : [mounts]), ...(folders.length > 0 ? [links] : [])].join('\n');
}

/** What the script said; no ground where it was not asked for or cannot be told. */
export function parseGround(stdout: string): { ground: Ground | undefined; links: ReadonlySet<string> } {
  const lines = stdout.split('\n');
  const links = new Set(lines.flatMap((line) => (line.startsWith('link ') ? [line.slice('link '.length)] : [])));
  const boot = lines.find((line) => line.startsWith('boot '));
  return { ground: boot === undefined ? undefined : groundOf(boot, lines), links };
}

function groundOf(boot: string, lines: readonly string[]): Ground | undefined {
  const mounts = lines.flatMap(toMount);
  // What was mounted last at a point hides what was there before.
  const byPoint = new Map(mounts.map((mount) => [mount.point, mount]));
  const root = byPoint.get('/');
  if (!root) return undefined;
  return {
    machine: `${boot} ${root.device}`,
    view: lines.filter((line) => line.includes(' - ')).join('\n'),
    isOwn(path) {
      const point = [path, ...foldersAbove(path), '/'].find((folder) => byPoint.has(folder)) ?? '/';
      const mount = byPoint.get(point) ?? root;
      if (mount.root !== '/' || !OWN_TYPES.has(mount.type)) return false;
      const inside = point === '/' ? path : path.slice(point.length) || '/';
      const others = mounts.filter((other) => other !== mount && other.device === mount.device);
      return others.every((other) => !isWithin(inside, other.root) && !isWithin(other.root, inside));
    },
  };
}

/** Whether a path is a folder or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** `36 35 98:0 /part /point rw,noatime shared:1 - ext4 /dev/sda rw` */
function toMount(line: string): Mount[] {
  const [before = '', after] = line.split(' - ');
  const [, , device, root, point] = before.split(' ');
  const [type] = after?.split(' ') ?? [];
  if (device === undefined || root === undefined || point === undefined || type === undefined) return [];
  return [{ device, root, type, point: point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => octal(code)) }];
}

function octal(code: string): string {
  return String.fromCodePoint(Number.parseInt(code, 8));
}

/** The folders that lead to a path, the nearest first, without the root. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let folder = posix.dirname(path); folder.length > 1; folder = posix.dirname(folder)) folders.push(folder);
  return folders;
}
