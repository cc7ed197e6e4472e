import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';
import { realPath } from './file-state.js';

export type MountPoint = {
  /** What is mounted there, the newest first: its source, and for a bind mount the folder that is shown. */
  mounts: { source: string; root: string }[];
  exists: boolean;
  /** Folders down to the mount point that do not exist, outermost first. */
  missing: string[];
};

/** What is mounted at a path, through links. */
export function mountPoint(path: string): Fact<MountPoint> {
  const folders = path
    .split('/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    .filter(Boolean);
  return {
    script: `if [ -e ${quote(path)} ]; then echo exists; fi
for folder in ${folders.map((folder) => quote(folder)).join(' ')}; do [ -e "$folder" ] || printf 'missing %s\\n' "$folder"; done
real=$(${realPath(quote(path))}) && [ "$real" ] && STARS_POINT=$(printf %s "$real" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g') awk '$5 == ENVIRON["STARS_POINT"] { for (i = 6; i < NF && $i != "-"; i++); print "mount", $4, $(i + 2) }' /proc/self/mountinfo
:`,
    parse({ stdout }) {
      const lines = stdout.split('\n');
      const after = (word: string) =>
        lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
      const mounts = after('mount').map((line) => line.split(' '));
      return {
        exists: lines.includes('exists'),
        missing: after('missing'),
        mounts: mounts
          .map(([root = '', source = '']) => ({ root: unescape(root), source: unescape(source) }))
          .toReversed(),
      };
    },
  };
}

/** The kernel writes spaces and the like as octal numbers. */
function unescape(word: string): string {
  return word.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
