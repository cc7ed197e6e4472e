import { Float, type Dict, type Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

/** Memory, processors, mounts, uptime and what the firmware says of the machine. */
export function hardwareFacts(sections: Sections): Record<string, Value> {
  const [uptime = '', load = ''] = sections.lines('uptime');
  const [one, five, fifteen] = load.split(' ').map((part) => new Float(Number(part)));
  return {
    ...memoryFacts(sections),
    ...processorFacts(sections),
    ansible_mounts: mountFacts(sections),
    ansible_uptime_seconds: Math.floor(Number(uptime.split(' ')[0])),
    ansible_loadavg: dict({ '1m': one, '5m': five, '15m': fifteen }),
    ...firmwareFacts(sections.pairs('virt', '=')),
  };
}

function memoryFacts(sections: Sections): Record<string, Value> {
  const kilobytes = sections.pairs('meminfo', ':');
  const mb = (name: string) => Math.floor(Number.parseInt(kilobytes.get(name) ?? '0', 10) / 1024);
  const [total, free, swapTotal, swapFree] = [mb('MemTotal'), mb('MemFree'), mb('SwapTotal'), mb('SwapFree')];
  const idle = free + mb('Cached') + mb('Buffers');
  return {
    ansible_memtotal_mb: total,
    ansible_memfree_mb: free,
    ansible_swaptotal_mb: swapTotal,
    ansible_swapfree_mb: swapFree,
    ansible_memory_mb: dict({
      real: dict({ total, used: total - free, free }),
      nocache: dict({ free: idle, used: total - idle }),
      swap: dict({ total: swapTotal, free: swapFree, used: swapTotal - swapFree, cached: mb('SwapCached') }),
    }),
  };
}

function processorFacts(sections: Sections): Record<string, Value> {
  const list: string[] = [];
  const sockets = new Map<string, { cores: number; siblings: number }>();
  let logical = 0;
  let socket = '0';
  for (const line of sections.lines('cpuinfo')) {
    const [name = '', value = ''] = line.split(/\s*:\s*/);
    if (name === 'processor') logical += 1;
    if (['processor', 'vendor_id', 'model name', 'Processor'].includes(name)) list.push(value);
    if (name === 'physical id') socket = value;
    if (name === 'cpu cores')
      sockets.set(socket, { cores: Number(value), siblings: sockets.get(socket)?.siblings ?? 1 });
    if (name === 'siblings') sockets.set(socket, { cores: sockets.get(socket)?.cores ?? 1, siblings: Number(value) });
  }
  const first = [...sockets.values()][0];
  const count = sockets.size || logical;
  const cores = first?.cores ?? 1;
  const threads = first ? Math.max(1, Math.floor(first.siblings / first.cores)) : 1;
  return {
    ansible_processor: list,
    ansible_processor_count: count,
    ansible_processor_cores: cores,
    ansible_processor_threads_per_core: threads,
    ansible_processor_vcpus: count * cores * threads,
    ansible_processor_nproc: Number(sections.line('nproc')) || logical,
  };
}

function mountFacts(sections: Sections): Dict[] {
  const sizes = sizesOf(sections.lines('df'));
  return sections.lines('mounts').flatMap((line) => {
    const [device = '', mount = '', fstype = '', options = ''] = line.split(' ').map(unescapeOctal);
    const real = device.startsWith('/') || device.includes(':/');
    return real && fstype !== 'none'
      ? [dict({ mount, device, fstype, options, uuid: 'N/A', ...sizes.get(mount) })]
      : [];
  });
}

/** `df -P -k` and, after a line `inodes`, `df -P -i`, by mount point. */
function sizesOf(lines: string[]): Map<string, Record<string, Value>> {
  const split = lines.indexOf('inodes');
  const sizes = new Map<string, Record<string, Value>>();
  for (const [index, line] of lines.entries()) {
    const [, total, used, free, mount] = /^\S+\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+(\/.*)$/.exec(line) ?? [];
    if (mount === undefined) continue;
    const known = sizes.get(mount) ?? {};
    sizes.set(
      mount,
      split === -1 || index < split
        ? { ...known, size_total: Number(total) * 1024, size_available: Number(free) * 1024 }
        : { ...known, inode_total: Number(total), inode_used: Number(used), inode_available: Number(free) },
    );
  }
  return sizes;
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function firmwareFacts(values: ReadonlyMap<string, string>): Record<string, Value> {
  const read = (name: string) => values.get(name) || 'NA';
  return {
    ansible_system_vendor: read('sys_vendor'),
    ansible_product_name: read('product_name'),
    ansible_product_version: read('product_version'),
    ansible_product_serial: read('product_serial'),
    ansible_product_uuid: read('product_uuid'),
    ansible_bios_vendor: read('bios_vendor'),
    ansible_bios_version: read('bios_version'),
    ansible_bios_date: read('bios_date'),
    ansible_board_vendor: read('board_vendor'),
    ansible_board_name: read('board_name'),
    ansible_chassis_vendor: read('chassis_vendor'),
  };
}
