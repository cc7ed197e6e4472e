export { dict } from '../facts/facts-dict.js';
import type { Value } from '../../jinja/value.js';
import type { FileStat } from '../facts/file-state.js';

/** The fields Ansible adds to every result that names a file. */
export function fileFields(stat: FileStat | undefined): Record<string, Value> {
  if (!stat) return { state: 'absent' };
  return {
    uid: stat.uid,
    gid: stat.gid,
    owner: stat.owner,
    group: stat.group,
    // Ansible puts one zero before three or four digits here, other than in `stat`.
    mode: `0${(stat.mode & 0o7777).toString(8).padStart(3, '0')}`,
    state: stat.kind === 'directory' || stat.kind === 'link' ? stat.kind : stat.links > 1 ? 'hard' : 'file',
    size: stat.size,
  };
}
