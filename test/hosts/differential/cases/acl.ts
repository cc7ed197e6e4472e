import { generated, oneTask } from '../one-task.js';

const PROBE = { probe: 'cd @ && getfacl -R . 2>&1; true' };
const FILES =
  'mkdir -p @/d/e; echo 1 >@/d/f; echo 2 >@/f; chmod 640 @/f @/d/f; ln -s f @/l; setfacl -m u:daemon:rw @/f; ';

export const cases = [
  ...generated(
    'acl',
    {
      path: ['@/f', '@/d', '@/l'],
      etype: ['user', 'group', 'other', 'mask'],
      entity: ['', 'daemon', 'nosuchone'],
      permissions: [undefined, 'r', 'rwx', 'rX'],
      state: ['present', 'absent'],
      recalculate_mask: [undefined, 'mask', 'no_mask'],
    },
    { more: () => ({ setup: FILES, ...PROBE }) },
  ),
  oneTask('acl', { path: '@/f' }, FILES, PROBE),
  oneTask('acl', { path: '@/d', default: true }, `${FILES}setfacl -d -m u:bin:r @/d`, PROBE),
  ...generated(
    'acl',
    {
      path: ['@/l', '@/d'],
      follow: [true, false],
      recursive: [undefined, true],
      state: ['present', 'absent', 'query'],
    },
    { always: { etype: 'user', entity: 'daemon' }, more: () => ({ setup: FILES, ...PROBE }) },
  ),
  oneTask('acl', { path: '@/nope' }, FILES, PROBE),
  oneTask('acl', { path: '@/d', state: 'present', entry: 'default:user:bin:rw-' }, FILES, PROBE),
  oneTask(
    'acl',
    { path: '@/d', state: 'present', etype: 'user', entity: 'bin', permissions: 'rw', default: true },
    FILES,
    PROBE,
  ),
  oneTask('acl', { path: '@/f', state: 'absent', entry: 'u:daemon' }, FILES, PROBE),
  oneTask('acl', { path: '@/f', state: 'absent', entry: 'u:bin' }, FILES, PROBE),
  oneTask('acl', { path: '@/f', state: 'present', entry: 'u:daemon' }, FILES, PROBE),
  oneTask('acl', { path: '@/f', state: 'present', entry: 'u:daemon:rw', etype: 'user' }, FILES, PROBE),
  oneTask('acl', { path: '@/f', state: 'query', entry: 'u:daemon:rw' }, FILES, PROBE),
  oneTask('acl', { path: '@/f', recursive: true }, FILES, PROBE),
  oneTask(
    'acl',
    { path: '@/d', state: 'present', etype: 'group', entity: 'bin', permissions: 'rX', recursive: true },
    FILES,
    PROBE,
  ),
  oneTask(
    'acl',
    { path: '@/l', follow: false, state: 'present', etype: 'user', entity: 'bin', permissions: 'r' },
    FILES,
    PROBE,
  ),
  oneTask(
    'acl',
    { path: '@/f', state: 'present', entry: 'u:bin:r', recalculate_mask: 'default', use_nfsv4_acls: false },
    FILES,
    PROBE,
  ),
  oneTask('acl', { path: '@/f', state: 'present', permissions: 'r' }, FILES, PROBE),
];
