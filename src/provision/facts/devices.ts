import type { Dict, Value } from '../../jinja/value.js';
import { dict } from './facts-dict.js';
import type { Sections } from './sections.js';

/** `ansible_devices` and `ansible_device_links`: block devices, their partitions, and the links that udev made to them. */
export function deviceFacts(sections: Sections): Record<string, Value> {
  const files = sysFiles(sections.lines('block'));
  const links = linksOf(sections.lines('disklinks'), files);
  const devices = [...byDevice(files)].filter(([name, own]) => own.has(`${name}/size`));
  return {
    ansible_devices: new Map(devices.map(([name, own]): [Value, Value] => [name, deviceOf(name, own, links)])),
    ansible_device_links: linksDict(links, (kind) => kind),
  };
}

type Files = ReadonlyMap<string, string>;
type Links = ReadonlyMap<string, ReadonlyMap<string, string[]>>;

const LINK_KINDS = { ids: 'by-id', uuids: 'by-uuid', labels: 'by-label', masters: 'masters' } as const;

/** `/sys/block/PATH:CONTENT` lines, by path. */
function sysFiles(lines: readonly string[]): Files {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, path, content = ''] = /^\/sys\/block\/([^:]+(?::[^:/]+)*\/[^:]*):(.*)$/.exec(line) ?? [];
      return path === undefined ? [] : [[path, content.trim()]];
    }),
  );
}

/** Each device with its own files: a machine may have hundreds of devices. */
function byDevice(files: Files): Map<string, Map<string, string>> {
  const devices = new Map<string, Map<string, string>>();
  for (const [path, content] of files) {
    const name = path.slice(0, path.indexOf('/'));
    const own = devices.get(name) ?? new Map<string, string>();
    devices.set(name, own.set(path, content));
  }
  return devices;
}

/** Names that point to a device, by kind and device, from `ls -l` of /dev/disk/by-*. */
function linksOf(lines: readonly string[], files: Files): Links {
  const kinds = new Map<string, Map<string, string[]>>(Object.values(LINK_KINDS).map((kind) => [kind, new Map()]));
  let kind = '';
  for (const line of lines) {
    kind = /^\/dev\/disk\/(by-\w+):$/.exec(line)?.[1] ?? kind;
    const [, name, target = ''] = /\s(\S+) -> (\S+)$/.exec(line) ?? [];
    if (name !== undefined) add(kinds.get(kind), target.split('/').at(-1) ?? '', name);
  }
  for (const path of files.keys()) {
    const [, master, slave] = /^([^/]+)\/slaves\/([^/]+)\//.exec(path) ?? [];
    if (master !== undefined && slave !== undefined) add(kinds.get('masters'), slave, master);
  }
  return kinds;
}

function add(found: Map<string, string[]> | undefined, device: string, name: string): void {
  found?.set(device, [...new Set([...(found.get(device) ?? []), name])].sort());
}

function linksDict(links: Links, pick: (byDevice: Dict) => Value): Dict {
  return dict(
    Object.fromEntries(
      Object.entries(LINK_KINDS).map(([name, kind]) => [name, pick(new Map<Value, Value>(links.get(kind) ?? []))]),
    ),
  );
}

function deviceOf(name: string, files: Files, links: Links): Dict {
  const read = (file: string): Value => files.get(`${name}/${file}`) || null;
  const wwn = links
    .get('by-id')
    ?.get(name)
    ?.find((link) => link.startsWith('wwn-'));
  const sectors = read('size') ?? 0;
  return dict({
    // Ansible says 1 of every device whose folder in /sys is a link, which all are.
    virtual: 1,
    links: linksDict(links, (byDevice) => byDevice.get(name) ?? []),
    vendor: read('device/vendor'),
    model: read('device/model'),
    sas_address: read('device/sas_address'),
    sas_device_handle: read('device/sas_device_handle'),
    serial: read('device/serial') ?? undefined,
    removable: read('removable'),
    support_discard: read('queue/discard_granularity'),
    wwn: wwn?.slice('wwn-'.length),
    partitions: new Map(
      partitionsOf(files).map((part): [Value, Value] => [part, partitionOf(`${name}/${part}`, files, links)]),
    ),
    rotational: read('queue/rotational'),
    scheduler_mode: /\[(.*)\]/.exec(files.get(`${name}/queue/scheduler`) ?? '')?.[1] ?? '',
    sectors,
    sectorsize: sectorSize(name, files),
    size: humanSize(sectors),
    host: '',
    holders: holdersOf(name, files),
  });
}

function partitionsOf(files: Files): string[] {
  const found = [...files.keys()].flatMap((path) => /^[^/]+\/([^/]+)\/start$/.exec(path)?.[1] ?? []);
  return [...new Set(found)];
}

function partitionOf(path: string, files: Files, links: Links): Dict {
  const name = path.split('/').at(-1) ?? '';
  const sectors = files.get(`${path}/size`) ?? 0;
  return dict({
    links: linksDict(links, (byDevice) => byDevice.get(name) ?? []),
    start: files.get(`${path}/start`) ?? 0,
    sectors,
    sectorsize: sectorSize(path, files),
    size: humanSize(sectors),
    uuid: links.get('by-uuid')?.get(name)?.[0] ?? null,
    holders: holdersOf(path, files),
  });
}

function sectorSize(path: string, files: Files): Value {
  return files.get(`${path}/queue/logical_block_size`) || files.get(`${path}/queue/hw_sector_size`) || 512;
}

function holdersOf(path: string, files: Files): string[] {
  return [...files].flatMap(([file, name]) =>
    file.startsWith(`${path}/holders/dm-`) && file.endsWith('/dm/name') ? [name] : [],
  );
}

/** A number of sectors of 512 bytes as `1.50 GB`. */
function humanSize(sectors: Value): string {
  const bytes = Number(sectors) * 512;
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(2)} ${UNITS[power]}`;
}

const UNITS = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
