import { posix } from 'node:path';
import type { Dict, Value } from '../../jinja/value.js';
import type { FileStat } from '../facts/file-state.js';
import { formatMode } from '../file-mode.js';

/** A dict of these entries, without those that are undefined. */
export function dict(entries: Record<string, Value | undefined>): Dict {
  return new Map(Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/** The fields Ansible adds to every result that names a file. */
export function fileFields(stat: FileStat | undefined): Record<string, Value> {
  if (!stat) return { state: 'absent' };
  return {
    uid: stat.uid,
    gid: stat.gid,
    owner: stat.owner,
    group: stat.group,
    mode: formatMode(stat.mode),
    state: stat.kind === 'directory' || stat.kind === 'link' ? stat.kind : stat.links > 1 ? 'hard' : 'file',
    size: stat.size,
  };
}

/** A path with a folder in front, so that no command takes it for an option. */
export function parentOf(path: string): string {
  return posix.dirname(path);
}
