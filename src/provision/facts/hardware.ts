import { Float, type Dict, type Value } from '../../jinja/value.js';
import { deviceFacts } from './devices.js';
import { dict } from './facts-dict.js';
import { mountFacts } from './mounts.js';
import type { Sections } from './sections.js';

/** Memory, processors, mounts, devices, uptime and what the firmware says of the machine. */
export function hardwareFacts(sections: Sections): Record<string, Value> {
  const [uptime = ''] = sections.lines('uptime');
  return {
    ...memoryFacts(sections),
    ...processorFacts(sections),
    ansible_mounts: mountFacts(sections),
    ...deviceFacts(sections),
    ansible_lvm: lvmFacts(sections.lines('lvm')),
    ansible_uptime_seconds: Math.floor(Number(uptime.split(' ')[0])),
    ...firmwareFacts(sections.fileContents('dmi')),
  };
}

/** `ansible_loadavg`, to the two digits that /proc/loadavg has. */
export function loadFacts(sections: Sections): Record<string, Value> {
  const [one, five, fifteen] = sections
    .line('load')
    .split(' ')
    .map((part) => new Float(Number(part)));
  return { ansible_loadavg: dict({ '1m': one, '5m': five, '15m': fifteen }) };
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

/** Ansible's words for the kinds of chassis that the firmware counts (SMBIOS type 3). */
const FORM_FACTORS = [
  'Unknown,Other,Unknown,Desktop,Low Profile Desktop,Pizza Box,Mini Tower,Tower,Portable,Laptop,Notebook,Hand Held',
  'Docking Station,All In One,Sub Notebook,Space-saving,Lunch Box,Main Server Chassis,Expansion Chassis,Sub Chassis',
  'Bus Expansion Chassis,Peripheral Chassis,RAID Chassis,Rack Mount Chassis,Sealed-case PC,Multi-system,CompactPCI',
  'AdvancedTCA,Blade,Blade Enclosure,Tablet,Convertible,Detachable,IoT Gateway,Embedded PC,Mini PC,Stick PC',
].flatMap((names) => names.split(','));

const FIRMWARE = [
  'bios_date bios_vendor bios_version board_asset_tag board_name board_serial board_vendor board_version',
  'chassis_asset_tag chassis_serial chassis_vendor chassis_version',
  'product_name product_serial product_uuid product_version',
].flatMap((names) => names.split(' '));

function firmwareFacts(values: ReadonlyMap<string, string>): Record<string, Value> {
  const read = (name: string) => values.get(name) || 'NA';
  const chassis = values.get('chassis_type');
  return {
    ...Object.fromEntries(FIRMWARE.map((name) => [`ansible_${name}`, read(name)])),
    ansible_system_vendor: read('sys_vendor'),
    ansible_form_factor: chassis === undefined ? 'NA' : (FORM_FACTORS[Number(chassis)] ?? `unknown (${chassis})`),
  };
}

/** `ansible_lvm`: volume groups, logical and physical volumes, from vgs, lvs and pvs; `N/A` for all but root. */
function lvmFacts(lines: readonly string[]): Value {
  if (!lines.includes('@vgs')) return 'N/A';
  const rows: Record<string, string[][]> = {};
  let table = '';
  for (const line of lines) {
    if (line.startsWith('@')) table = line;
    else (rows[table] ??= []).push(line.trim().split(','));
  }
  const byName = (of: string, fields: (row: string[]) => Record<string, Value | undefined>): Dict =>
    new Map((rows[of] ?? []).map((row): [Value, Value] => [row[0] ?? '', dict(fields(row))]));
  return dict({
    lvs: byName('@lvs', (row) => ({ size_g: row[3], vg: row[1] })),
    vgs: byName('@vgs', (row) => ({ size_g: row.at(-2), free_g: row.at(-1), num_lvs: row[2], num_pvs: row[1] })),
    pvs: byName('@pvs', (row) => ({ size_g: row[4], free_g: row[5], vg: row[1] })),
  });
}
