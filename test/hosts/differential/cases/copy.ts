import type { DifferentialCase, Intended } from '../case.js';
import { BEFORE_A_FILE } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const one = (args: Arguments, setup?: string) => oneTask('copy', args, setup);
const fromHere = (args: Arguments, localSetup: string, setup?: string) => oneTask('copy', args, setup, { localSetup });

const LOCAL_FILES = `printf 'hello\\n' >s; chmod 751 s; ln -s s link; : >empty; mkdir -p tree/sub; echo a >tree/sub/a; chmod 700 tree/sub/a; echo b >tree/b; ln -s b tree/l; ln -s nowhere tree/dangling; mkdir tree/none`;
const REMOTE_FILES = `printf 'hello\\n' >s; chmod 751 s; ln -s s link; mkdir -p tree/sub; echo a >tree/sub/a; chmod 700 tree/sub/a; echo b >tree/b; ln -s b tree/l`;

export const intended: readonly Intended[] = [
  {
    lines: /\/x: Ansible file 644 0:0 "", Stars link/,
    why: 'What `validate` refuses leaves a link as it is.',
  },
];

const FILES = ['same', 'other', 'readOnly', 'link', 'hard'];

const IN_THE_WAY: Intended = {
  lines: /^check mode, task|\/tree: Ansible folder/,
  why: 'A file in the way of a folder fails the task in check mode already, and changes no permissions.',
};
const LINKS: Intended = {
  lines: /\/l: Ansible absent, Stars link|^second run, task .*: changed: Ansible true, Stars false/,
  why: 'Links are copied too; Ansible leaves out those beside files that it adds to a folder, each time anew.',
};

/** A file stands where a folder would have to be. */
function isInTheWay({ src, dest, force }: Arguments, before = ''): boolean {
  if (src === '@/nope' || !FILES.includes(before)) return false;
  return dest === '@/x/' || (dest === '@/x' && /tree/.test(String(src)) && force !== false);
}

export const cases: DifferentialCase[] = [
  one({ content: 'hello\n', dest: '@/f' }),
  one({ content: 'hello\n', dest: '@/f', mode: '0600' }, 'echo hello >@/f'),
  one({ content: 'hello\n', dest: '@/f' }, 'echo other >@/f; chmod 640 @/f; chown 1:2 @/f'),
  one({ content: 'hello\n', dest: '@/f', force: false }, 'echo other >@/f'),
  one({ content: 'hello\n', dest: '@/f', force: false }),
  one({ content: 'hello\n', dest: '@/l' }, 'echo other >@/f; ln -s f @/l'),
  one({ content: 'hello\n', dest: '@/l', follow: true }, 'echo other >@/f; ln -s f @/l'),
  one({ content: 'hello\n', dest: '@/no/f' }),
  one({ content: 'hello\n', dest: '@/d' }, 'mkdir @/d'),
  one({ content: 'x', dest: '@/d/' }, 'mkdir @/d'),
  one({ content: '', dest: '@/f' }),
  one({ content: { a: [1, 2.5, true, null, 'é'] }, dest: '@/f' }),
  one({ content: 5, dest: '@/f' }),
  one({ content: true, dest: '@/f' }),
  one({ content: 'a', dest: '@/f', validate: 'grep b %s' }),
  fromHere({ src: '@local/s', dest: '@/f' }, 'printf "a\\000b" >s'),
  fromHere({ src: '@local/s', dest: '@/f', mode: 'preserve' }, 'echo a >s; chmod 711 s'),
  fromHere({ src: '@local/s', dest: '@/d' }, 'echo a >s', 'mkdir @/d'),
  fromHere({ src: '@local/s', dest: '@/new/dir/', directory_mode: '0700' }, 'echo a >s'),
  fromHere({ src: '@local/tree', dest: '@/out' }, 'mkdir -p tree/sub; echo a >tree/sub/x; echo b >tree/y'),
  fromHere(
    { src: '@local/tree/', dest: '@/out', mode: '0600', directory_mode: '0711' },
    'mkdir -p tree/sub; echo a >tree/sub/x; echo b >tree/y',
  ),
  one({ src: '@/s', dest: '@/f', remote_src: true }, 'echo a >@/s; chmod 711 @/s'),
  one({ src: '@/s', dest: '@/f', remote_src: true, mode: 'preserve' }, 'echo a >@/s; chmod 711 @/s'),
  one({ src: '@/nope', dest: '@/f', remote_src: true }),
  one({ src: '@/tree', dest: '@/out', remote_src: true }, 'mkdir -p @/tree/sub @/out; echo a >@/tree/sub/x'),
  one({ src: '@/tree/', dest: '@/out', remote_src: true }, 'mkdir -p @/tree/sub @/out; echo a >@/tree/sub/x'),
  ...generated(
    'copy',
    {
      mode: [undefined, '0640', 'u=rw,go=', 'preserve'],
      owner: [undefined, 'daemon'],
      group: [undefined, 'games', 5],
      force: [undefined, false],
      follow: [undefined, true],
      backup: [undefined, true],
      validate: [undefined, 'grep -q hello %s', 'grep -q nothing %s'],
      unsafe_writes: [undefined, true],
    },
    { always: { content: 'hello\n', dest: '@/x' }, before: BEFORE_A_FILE },
  ),
  ...generated(
    'copy',
    {
      src: ['@local/s', '@local/link', '@local/empty', '@local/nope'],
      mode: [undefined, '0640', 'preserve'],
      force: [undefined, false],
      follow: [undefined, true],
      backup: [undefined, true],
      checksum: [undefined, 'f572d396fae9206628714fb2ce00f72e94f2258f', '0000'],
      decrypt: [undefined, false],
    },
    { always: { dest: '@/x' }, before: BEFORE_A_FILE, more: () => ({ localSetup: LOCAL_FILES }) },
  ),
  ...generated(
    'copy',
    {
      src: ['@local/tree', '@local/tree/'],
      dest: ['@/x', '@/x/', '@/new/deep'],
      mode: [undefined, '0640', 'preserve'],
      directory_mode: [undefined, '0711', 'g+w'],
      local_follow: [undefined, false],
      owner: [undefined, 'daemon'],
    },
    {
      before: {
        nothing: ':',
        folder: 'mkdir x',
        some: 'mkdir -p x/sub; echo old >x/sub/a; chmod 600 x/sub/a',
        file: 'echo 1 >x',
      },
      more: () => ({ localSetup: LOCAL_FILES }),
    },
  ),
  ...generated(
    'copy',
    {
      src: ['@/s', '@/tree', '@/tree/', '@/link', '@/nope'],
      dest: ['@/x', '@/x/', '@/deep/er/'],
      mode: [undefined, '0640', 'preserve'],
      directory_mode: [undefined, '0711'],
      group: [undefined, 'games'],
      force: [undefined, false],
      backup: [undefined, true],
    },
    {
      always: { remote_src: true },
      before: Object.fromEntries(
        Object.entries(BEFORE_A_FILE).map(([name, shell]) => [name, `${REMOTE_FILES}; ${shell}`]),
      ),
      more: (args, before) => {
        if (isInTheWay(args, before)) return { differs: IN_THE_WAY };
        return args.src === '@/tree/' && args.dest === '@/deep/er/' && args.force !== false ? { differs: LINKS } : {};
      },
    },
  ),
  one({ content: 'x', dest: '@/f', seuser: 'root', serole: 'object_r', setype: 'etc_t', selevel: 's0' }),
];
