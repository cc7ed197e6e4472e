import type { DifferentialCase, Intended } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const TREE = `mkdir -p t/s; echo 1 >t/s/x; echo 2 >t/y; chmod 640 t/y; ln -s y t/l; touch -d 2020-01-01 t/y t/s/x`;
const ARCHIVES = `${TREE}; tar -C t -czf a.tgz .; tar -C t -cf a.tar .; tar -C t -cJf a.txz s y; python3 -c "import shutil; shutil.make_archive('a', 'zip', 't')"; echo no >bad.tgz; tar -C t -czf other.tgz --owner=1 --group=2 .`;
const BEFORE = {
  folder: `${ARCHIVES}; mkdir out`,
  some: `${ARCHIVES}; mkdir -p out/s; echo old >out/s/x; chmod 600 out/s/x; touch -d 2030-01-01 out/s/x`,
  done: `${ARCHIVES}; mkdir out; tar -C out -xzf a.tgz`,
  made: `${ARCHIVES}; mkdir out; touch out/made`,
};
const one = (args: Arguments, setup?: string, localSetup?: string) =>
  oneTask('unarchive', { dest: '@/out', ...args }, setup, localSetup === undefined ? {} : { localSetup });

export const intended: readonly Intended[] = [
  {
    lines:
      /^check mode, task .*: (status: Ansible "skipped", Stars "ok"|changed: Ansible false, Stars true|msg: Ansible "remote module|skipped: Ansible true)/,
    why: 'Check mode tells whether the archive would be unpacked, where Ansible with tar skips the task.',
  },
  { lines: /extract_results:/, why: 'The result does not hold the words of tar, which is called in another way.' },
];

export const cases: DifferentialCase[] = [
  one({ src: '@local/a.tgz' }, 'mkdir out', ARCHIVES),
  one({ src: '@local/a.tar', mode: 'go-w', owner: 'daemon', group: 'games' }, 'mkdir out', ARCHIVES),
  one({ src: '@local/a.zip' }, 'mkdir out', ARCHIVES),
  one({ src: '@local/nope.tgz' }, 'mkdir out'),
  one({ src: '@/a.tgz', remote_src: true, dest: '@/nope' }, ARCHIVES),
  one({ src: '@/a.tgz', remote_src: true, owner: '1' }, BEFORE.folder),
  one({ src: '@/empty', remote_src: true, dest: '@/nope' }, 'touch empty'),
  one({ src: '@/bad.tgz', remote_src: true }, BEFORE.folder),
  one({ src: '@/nope.tgz', remote_src: true }, BEFORE.folder),
  one({ src: '@/a.tgz', copy: false }, BEFORE.folder),
  {
    ...one({ src: 'http://server:8000/missing', remote_src: true }, BEFORE.folder),
    differs: { lines: /^check mode, task/, why: 'Check mode downloads nothing.' },
  },
  one({ src: '@/a.tgz', remote_src: true, include: ['./y'], exclude: ['./s'] }, BEFORE.folder),
  one({ src: '@/a.tgz', remote_src: true, extra_opts: ['--strip-components=1'] }, BEFORE.folder),
  one({ src: '@/a.tgz', remote_src: true, extra_opts: ['--no-same-owner', '--transform', 's/x/z/'] }, BEFORE.folder),
  ...generated(
    'unarchive',
    {
      src: ['@/a.tgz', '@/a.tar', '@/a.txz', '@/other.tgz'],
      mode: [undefined, '0700', 'go-w'],
      owner: [undefined, 'daemon'],
      group: [undefined, 'games'],
      creates: [undefined, '@/out/made'],
      list_files: [undefined, true],
      keep_newer: [undefined, true],
      exclude: [undefined, ['./y', 'y']],
      include: [undefined, ['./s/x', 's/x']],
    },
    { always: { dest: '@/out', remote_src: true }, before: BEFORE },
  ),
  ...generated(
    'unarchive',
    {
      mode: [undefined, '0700'],
      list_files: [undefined, true],
      exclude: [undefined, ['y']],
      owner: [undefined, 'daemon'],
      keep_newer: [undefined, true],
    },
    { always: { src: '@/a.zip', dest: '@/out', remote_src: true }, before: BEFORE },
  ),
  one(
    { src: '@local/a.tgz', decrypt: false, io_buffer_size: 65536, validate_certs: false, unsafe_writes: true },
    'mkdir out',
    ARCHIVES,
  ),
];
