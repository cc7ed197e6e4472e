import type { DifferentialCase } from '../case.js';

const one = (name: string, args: object, setup = 'echo 1 >@/f'): DifferentialCase => ({
  name,
  setup,
  tasks: JSON.stringify([{ fetch: args }]),
  ignore: { fields: ['dest'], why: 'Each tool writes into a folder of its own.' },
});

// The first of the two to come writes the file, so that both may not write to one place.
export const cases: DifferentialCase[] = [
  one('below the name of the host', { src: '@/f', dest: 'fetched' }),
  one('to a file', { src: '@/f', dest: 'fetched/flat/name', flat: true }),
  one('into a folder', { src: '@/f', dest: 'fetched/into/', flat: true }),
  one('through a link', { src: '@/l', dest: 'fetched' }, 'echo 2 >@/f; ln -s f @/l'),
  one('a file that is not there', { src: '@/nope', dest: 'fetched' }),
  one('a file that need not be there', { src: '@/nope', dest: 'fetched', fail_on_missing: false }),
  one('a file whose sum nobody looks at', { src: '@/f', dest: 'fetched', validate_checksum: false }),
  one('a folder', { src: '@/d', dest: 'fetched' }, 'mkdir @/d'),
  one('a folder that may be one', { src: '@/d', dest: 'fetched', fail_on_missing: false }, 'mkdir @/d'),
  one('a file of root', { src: '@/f', dest: 'fetched' }, 'echo 3 >@/f; chmod 600 @/f'),
  one(
    'a large file of bytes',
    { src: '@/f', dest: 'fetched' },
    'seq 400000 | gzip -n >@/f; cat @/f @/f @/f >@/g; mv @/g @/f',
  ),
];
