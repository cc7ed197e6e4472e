import type { Sections } from './sections.js';

/** What runs services: systemd, openrc, upstart, sysvinit or `service`. */
export function serviceManager(sections: Sections): string {
  const lines = sections.lines('init');
  const has = (word: string) => lines.includes(word);
  const first = lines.find((line) => line.startsWith('comm '))?.slice('comm '.length) ?? '';
  // A process of another name runs the host's services itself; a shell does not, as in a container.
  if (first !== '' && first !== 'init' && !first.endsWith('sh')) return KNOWN_FIRST[first] ?? first;
  if (has('systemd') && has('systemctl')) return 'systemd';
  if (has('upstart')) return 'upstart';
  if (has('openrc')) return 'openrc';
  if (has('offline') && has('systemctl')) return 'systemd';
  return has('initd') ? 'sysvinit' : 'service';
}

const KNOWN_FIRST: Record<string, string> = {
  procd: 'openwrt_init',
  'runit-init': 'runit',
  svscan: 'svc',
  'openrc-init': 'openrc',
};
