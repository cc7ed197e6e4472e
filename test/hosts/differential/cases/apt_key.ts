import type { DifferentialCase } from '../case.js';
import { type Arguments, oneTask } from '../one-task.js';

const ignore = { fields: ['before', 'after'], why: 'All keys of the host are told by apt-key itself.' };
const one = (args: Arguments, setup?: string) => oneTask('apt_key', args, setup, { alone: true, ignore });

export const cases: DifferentialCase[] = [
  one({ id: '0123456789ABCDEF', state: 'absent' }),
  one({ id: 'nonsense', state: 'absent' }),
  one({ url: 'http://server:8000/missing', id: '0123456789ABCDEF' }),
  one({ url: 'http://server:8000/plain.txt' }),
  one({ file: '/nope.asc' }),
  one({ data: 'no key' }),
  one({ state: 'present', file: '/nope.asc' }),
  one({}),
  {
    ...one({
      id: '0123456789ABCDEF',
      keyserver: '127.0.0.1',
      keyring: '/etc/apt/trusted.gpg.d/x.gpg',
      validate_certs: false,
    }),
    differs: { lines: /^check mode, \S*x\.gpg: /, why: 'Ansible makes the keyring in check mode too.' },
  },
];
