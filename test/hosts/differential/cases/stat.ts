import type { DifferentialCase } from '../case.js';
import { BEFORE_A_FILE } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const ignore = { fields: ['version'], why: 'It is the number of a generation of files on the disk.' };
const one = (args: Arguments, setup?: string) => oneTask('stat', args, setup, { ignore });

export const cases: DifferentialCase[] = [
  one({ path: '@/f' }, 'echo 1 >@/f; touch -t 202001010000 @/f'),
  one({ path: '@/f', checksum_algorithm: 'sha256' }, 'echo 1 >@/f; chmod 4755 @/f'),
  one({ path: '@/f' }, 'mkdir @/f'),
  one({ path: '@/l' }, 'echo 1 >@/f; ln -s f @/l'),
  one({ path: '@/l', follow: true }, 'echo 1 >@/f; ln -s f @/l'),
  one({ path: '@/nope' }),
  ...generated(
    'stat',
    {
      follow: [undefined, true],
      get_checksum: [undefined, false],
      checksum_algorithm: [undefined, 'md5', 'sha512', 'sha1'],
    },
    {
      always: { path: '@/x' },
      more: () => ({ ignore }),
      before: {
        ...BEFORE_A_FILE,
        setuid: 'echo 1 >x; chmod 6711 x; chown 1:7777 x',
        sticky: 'mkdir x; chmod 1777 x',
        pipe: 'mkfifo x',
        device: 'mknod x c 1 3',
        program: 'cp /bin/true x',
      },
    },
  ),
  one({ path: '@/x', get_attributes: true, get_mime: true }, 'mkdir x'),
  one({ path: '@/f', checksum_algorithm: 'sha224' }, 'echo 1 >@/f'),
  one({ path: '@/f', checksum_algorithm: 'sha384' }, 'echo 1 >@/f'),
  one({ path: '@/l' }, 'ln -s l/sub l'),
  one({ path: '@/l' }, 'ln -s l l'),
  one({ path: '~/.profile' }),
  one({ path: '$HOME/.profile' }),
  one({ path: '@', get_md5: false }),
];
