import { existsSync } from 'node:fs';

/** The POSIX shells of this machine; every host has one of them as /bin/sh. */
export const shells = [
  { name: 'dash', shell: ['/usr/bin/dash'] },
  { name: 'bash', shell: ['/usr/bin/bash', '--posix'] },
  { name: 'busybox', shell: ['/usr/bin/busybox', 'sh'] },
].filter(({ shell }) => existsSync(shell[0] ?? ''));
