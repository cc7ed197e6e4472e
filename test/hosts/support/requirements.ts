import { tryRun } from './run-command.js';

const PROGRAMS = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  'ssh-keygen': 'openssh-client',
  strace: 'strace',
  pgrep: 'procps',
} as const;

/** Throws, in words, when this machine cannot run real hosts. */
export async function requireRootAndPackages(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('Tests against real hosts boot containers: run `npm run test:hosts` as root.');
  await requirePrograms(PROGRAMS);
}

/** Throws, in words, when a program or file is missing; each is given with the Debian package that has it. */
export async function requirePrograms(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing: string[] = [];
  for (const [program, debianPackage] of Object.entries(programs)) {
    const found = await tryRun('sh', ['-c', 'command -v "$1" || test -e "$1"', 'sh', program]);
    if (found.code !== 0) missing.push(debianPackage);
  }
  if (missing.length > 0) throw new Error(`These tests need Debian packages: apt-get install ${missing.join(' ')}`);
}
