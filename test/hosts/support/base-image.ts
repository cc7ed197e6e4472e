import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run-command.js';

export const SUITE = 'bookworm';

const PACKAGES = [
  'systemd systemd-sysv libpam-systemd dbus openssh-server sudo iproute2 procps netbase',
  'ca-certificates curl cron acl unzip xz-utils lsb-release busybox python3 python3-apt',
  'git python3-pip python3-venv gpg',
].flatMap((words) => words.split(' '));

/** What tests may install: a package repository in the hosts offers these without a network. */
const REPOSITORY_PACKAGES = ['tree', 'jq', 'redis-server', 'nginx-light'];

/** Units that would work on their own in the middle of a test. */
const MASKED_UNITS = [
  'apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer',
  'logrotate.timer console-getty.service systemd-networkd.service systemd-resolved.service',
].flatMap((words) => words.split(' '));

/** Where images and hosts live: `STARS_TEST_HOSTS_DIR`, else a folder of the temporary directory. */
export function hostsFolder(): string {
  return process.env.STARS_TEST_HOSTS_DIR ?? join(tmpdir(), 'stars-test-hosts');
}

/** The read-only root of a Debian host, built when it is not there yet (about a minute). */
export async function baseImage(): Promise<string> {
  const recipe = createHash('sha256').update(
    [SUITE, SETUP, ...PACKAGES, ...REPOSITORY_PACKAGES, ...MASKED_UNITS].join('\n'),
  );
  const image = join(hostsFolder(), `base-${SUITE}-${recipe.digest('hex').slice(0, 12)}`);
  await buildOnce(image, build);
  return image;
}

/** Builds under a name of its own, then renames: what was cut off is no image. Of two that want it at once one builds, the other waits. */
export async function buildOnce(image: string, build: (root: string) => Promise<void>): Promise<void> {
  if (existsSync(image)) return;
  await mkdir(hostsFolder(), { recursive: true });
  const letGo = await locked(`${image}.lock`);
  const root = `${image}.${randomUUID()}`;
  try {
    if (existsSync(image)) return;
    await build(root);
    await rename(root, image);
  } finally {
    await rm(root, { recursive: true, force: true });
    letGo();
  }
}

/** Holds a lock until it is let go of, or this process ends. */
async function locked(file: string): Promise<() => void> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error(`${file} cannot be locked.`))),
  ]);
  return () => void holder.stdin.end();
}

async function build(root: string): Promise<void> {
  await run('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, root, await debianMirror()]);
  await writeFile(join(root, 'root/setup.sh'), SETUP);
  await run('chroot', [root, 'sh', '-eu', '/root/setup.sh', REPOSITORY_PACKAGES.join(' '), MASKED_UNITS.join(' ')]);
  await rm(join(root, 'root/setup.sh'));
}

/** The mirror that apt is set to here. */
export async function debianMirror(): Promise<string> {
  const targets = await run('apt-get', ['indextargets', '--format', '$(ORIGIN)|$(LABEL)|$(REPO_URI)']);
  const found = /^Debian\|Debian\|(.+)$/m.exec(targets)?.[1];
  return found ?? process.env.STARS_TEST_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
}

/** Runs inside the new root. Users: stars (key, sudo without a password), pw (key, sudo asks), plain (key, no sudo), root (key). */
const SETUP = `
packages=$1 units=$2
repository=/srv/repository
mkdir -p $repository/partial
apt-get update -qq
apt-get install -y -qq --no-install-recommends --download-only -o Dir::Cache::archives=$repository $packages
cd $repository
rm -rf partial lock
for file in *.deb; do
  dpkg-deb -f "$file"
  echo "Filename: ./$file"
  echo "Size: $(stat -c %s "$file")"
  echo "SHA256: $(sha256sum "$file" | cut -d' ' -f1)"
  echo
done >Packages
rm -f /var/lib/apt/lists/*_* /var/cache/apt/archives/*.deb /etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list
apt-get update -qq
for user in stars:1000 pw:1001 plain:1002; do useradd -m -s /bin/bash -u "\${user#*:}" "\${user%:*}"; done
echo 'pw:secret of pw' | chpasswd
usermod -aG sudo pw
echo 'stars ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/stars
chmod 440 /etc/sudoers.d/stars
rm -f /etc/ssh/ssh_host_*
for unit in $units; do ln -sf /dev/null "/etc/systemd/system/$unit"; done
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\nRuntimeMaxUse=16M\\nForwardToConsole=no\\n' >/etc/systemd/journald.conf.d/volatile.conf
: >/etc/machine-id
: >/etc/resolv.conf
`;
