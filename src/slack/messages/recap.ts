import type { HostRecap } from '../../model/run.js';
import { shorten } from './message.js';

const MAX_HOSTS = 30;
const MAX_NAME = 18;

/** Ansible's recap as a table for a narrow screen, hosts in trouble first; more than 30 hosts are summed up. */
export function recapTable(hosts: Record<string, HostRecap>): string {
  const rows = Object.entries(hosts).sort(([, a], [, b]) => trouble(b) - trouble(a));
  const shown = rows.slice(0, MAX_HOSTS);
  const width = Math.max(4, ...shown.map(([host]) => Math.min(host.length, MAX_NAME)));
  const lines = [
    row('host', ['ok', 'chg', 'fail', 'unr', 'skip'], width),
    ...shown.map(([host, recap]) =>
      row(host, [recap.ok, recap.changed, recap.failed, recap.unreachable, recap.skipped].map(String), width),
    ),
  ];
  const rest = rows.slice(MAX_HOSTS).map(([, recap]) => recap);
  if (rest.length > 0) lines.push(`… ${rest.length} more hosts, ${rest.filter(isFine).length} of them fine`);
  return lines.join('\n');
}

/** Hosts of a recap by how they ended. */
export function tally(hosts: Record<string, HostRecap>): Tally {
  const entries = Object.entries(hosts);
  return {
    fine: entries.filter(([, recap]) => isFine(recap)).length,
    changed: entries.filter(([, recap]) => isFine(recap) && recap.changed > 0).length,
    failed: entries.filter(([, { failed }]) => failed > 0).map(([host]) => host),
    unreachable: entries.filter(([, { unreachable }]) => unreachable > 0).map(([host]) => host),
  };
}

export type Tally = { fine: number; changed: number; failed: string[]; unreachable: string[] };

export function isFine({ failed, unreachable }: HostRecap): boolean {
  return failed === 0 && unreachable === 0;
}

function trouble({ failed, unreachable }: HostRecap): number {
  return Math.min(failed, 1) + Math.min(unreachable, 1) * 2;
}

function row(host: string, counts: string[], width: number): string {
  return `${shorten(host, MAX_NAME).padEnd(width)} ${counts.map((count, at) => count.padStart(at === 0 ? 4 : 5)).join('')}`;
}
