import { tryRun } from './run-command.js';

const PROGRAMS = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  'ssh-keygen': 'openssh-client',
} as const;

/** Throws, in words, when this machine cannot run real hosts. */
export async function requireRootAndPackages(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('Tests against real hosts boot containers: run `npm run test:hosts` as root.');
  const missing: string[] = [];
  for (const [program, debianPackage] of Object.entries(PROGRAMS)) {
    const found = await tryRun('sh', ['-c', 'command -v "$1"', 'sh', program]);
    if (found.code !== 0) missing.push(debianPackage);
  }
  if (missing.length > 0)
    throw new Error(`Tests against real hosts need Debian packages: apt-get install ${missing.join(' ')}`);
}
