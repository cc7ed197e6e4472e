export { dict } from '../facts/facts-dict.js';
import type { Value } from '../../jinja/value.js';
import type { FileStat } from '../facts/file-state.js';
import { formatMode } from '../file-mode.js';

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
