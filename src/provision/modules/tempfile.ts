import { sh } from '../../shell/command.js';
import { args, choice, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { finalStat } from './place-file.js';
import { STAT_FORMAT } from '../facts/file-state.js';
import { dict, fileFields } from './result.js';

export const tempfile = defineModule({
  name: 'tempfile',
  summary: 'Make a new empty file or folder of a name nobody else has.',
  checkMode: 'Skipped, as with Ansible: nobody can know the name beforehand.',
  args: args({
    state: choice('file', 'directory').default('file').describe('What to make.'),
    path: path().default('/tmp').describe('Folder to make it in.'),
    prefix: text().default('ansible.').describe('How its name begins.'),
    suffix: text().default('').describe('How its name ends.'),
  }),

  async plan({ state, path: folder, prefix, suffix }, { checkMode }): Promise<Plan> {
    if (checkMode) return { actions: [], skipped: 'remote module (tempfile) does not support check mode' };
    const pattern = `${folder}/${prefix}XXXXXXXX`;
    const make = state === 'directory' ? sh`mktemp -d ${pattern}` : sh`mktemp ${pattern}`;
    // busybox's mktemp knows no suffix, so the finished name is made by renaming without overwriting.
    const rename = suffix === '' ? sh`` : sh` && mv -n "$made" "$made"${suffix} && made="$made"${suffix}`;
    const command = sh`made=$(${make})${rename} && printf 'stars-made %s\n' "$made" && stat -c ${`stars-stat ${STAT_FORMAT}`} "$made"`;
    return {
      actions: [{ kind: 'run', command }],
      finish(results) {
        const stdout = results.at(-1)?.stdout ?? '';
        return dict({ path: /^stars-made (.*)$/m.exec(stdout)?.[1], ...fileFields(finalStat(stdout)) });
      },
    };
  },
});
