import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

/** `ansible_mounts`: what is mounted from a device or another machine, the last one where two share a mount point. */
export function mountFacts(sections: Sections): Dict[] {
  const sizes = new Map(sections.lines('sizes').flatMap((line) => sizeOf(line)));
  const uuids = uuidsOf(sections.lines('disklinks'));
  const lines = sections.lines('mounts');
  const bound = boundMounts(lines);
  const found = new Map<string, Dict>();
  for (const line of lines) {
    if (MOUNT_INFO.test(line)) continue;
    const [device = '', mount = '', fstype = '', options = ''] = line.split(' ').map(unescapeOctal);
    if (!(device.startsWith('/') || device.includes(':/')) || fstype === 'none') continue;
    const all = bound.has(mount) && !/(^|,)r?bind(,|$)/.test(options) ? `${options},bind` : options;
    const uuid = uuids.get(device.split('/').at(-1) ?? '') ?? 'N/A';
    found.set(mount, dict({ mount, device, fstype, options: all, ...sizes.get(mount), uuid }));
  }
  return [...found.values()];
}

/** A line of /proc/self/mountinfo, which the same section holds after /proc/mounts. */
const MOUNT_INFO = /^\d+ \d+ \d+:\d+ (\S+) (\S+) /;

/** Mount points that show a folder of a file system rather than its root. */
function boundMounts(lines: readonly string[]): ReadonlySet<string> {
  return new Set(
    lines.flatMap((line) => {
      const [, root, mount] = MOUNT_INFO.exec(line) ?? [];
      return mount === undefined || root === '/' ? [] : [unescapeOctal(mount)];
    }),
  );
}

/** `stat -f -c '%s %S %b %a %c %d %n'`: block sizes, blocks, inodes, mount point. */
function sizeOf(line: string): [string, Record<string, Value>][] {
  const [, numbers = '', mount] = /^((?:\d+ ){6})(\/.*)$/.exec(line) ?? [];
  const [size = 0, fragment = 0, blocks = 0, free = 0, inodes = 0, freeInodes = 0] = numbers
    .trim()
    .split(' ')
    .map(Number);
  if (mount === undefined) return [];
  return [
    [
      mount,
      {
        size_total: fragment * blocks,
        size_available: fragment * free,
        block_size: size,
        block_total: blocks,
        block_available: free,
        block_used: blocks - free,
        inode_total: inodes,
        inode_available: freeInodes,
        inode_used: inodes - freeInodes,
      },
    ],
  ];
}

function uuidsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  const start = lines.indexOf('/dev/disk/by-uuid:');
  return new Map(
    (start < 0 ? [] : lines.slice(start + 1)).flatMap((line): [string, string][] => {
      const [, uuid, device] = /\s(\S+) -> \S*?([^/\s]+)$/.exec(line) ?? [];
      return uuid === undefined || device === undefined ? [] : [[device, uuid]];
    }),
  );
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
