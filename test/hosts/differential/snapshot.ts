import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import type { Side } from './host-pair.js';

/** What there is to say about a host, a line for each path and for each thing that the probes tell. */
export type Snapshot = ReadonlyMap<string, string>;

/** A host, and what of its texts has another word on every host. */
type Looked = Pick<Side, 'host' | 'alike'>;

/** Paths that two hosts treated alike have otherwise, and why. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/^\/var\/log(\/|$)/, 'logs tell of times'],
  [/^\/(run|dev|proc|sys)\/(?!systemd\/system\/)/, 'the running system: told by the probes'],
  [/^\/run(\/systemd)?$|^\/run\/systemd\/system$/, 'the running system'],
  [/^\/etc\/machine-id$|^\/etc\/ssh\/ssh_host_|\/\.ssh\/authorized_keys$/, 'every host has its own'],
  [/\/\.ansible(\/|$)|\/__pycache__(\/|$)|^\/tmp\/ansible/, 'Ansible needs it for itself and Python keeps it'],
  [/^\/root\/\.(cache|config|gnupg)(\/|$)/, 'what tools of Python and gpg keep for themselves'],
  [
    /^\/var\/lib\/apt\/lists\/(partial|lock|auxfiles)|^\/var\/cache\/apt\/(pkgcache|srcpkgcache)\.bin$/,
    'apt’s own index, made when somebody asks',
  ],
  [/^\/var\/lib\/apt\/periodic\//, 'stamps that apt’s own program leaves and Python’s does not'],
  [/^\/var\/lib\/systemd\/(timers|random-seed|catalog|deb-systemd)/, 'of the time it was made'],
  [/^\/var\/lib\/(sudo|private|dpkg\/lock|dpkg\/lock-frontend)/, 'locks and logins'],
  [/^\/var\/cache\/(ldconfig|debconf\/.*-old)/, 'caches with times in them'],
  [/-old$|^\/etc\/(passwd|shadow|group|gshadow|subuid|subgid)-$/, 'the file before the last change'],
  [
    /^\/tmp\/systemd-private-|^\/var\/tmp\/systemd-private-|^\/tmp\/\.(X11|ICE|font|XIM|Test)/,
    'made at the start of the system',
  ],
];

/** Everything that was written on the host since it was made, and what its system tells of itself. */
export async function snapshotOf(side: Looked, probes: ReadonlyMap<string, string> = new Map()): Promise<Snapshot> {
  const found = new Map<string, string>();
  collect(side, side.host.written, '', found);
  for (const folder of ['/tmp', '/dev/shm', '/run/systemd/system']) collect(side, side.host.root(), folder, found);
  for (const [name, line] of await probe(side, new Map([...PROBES, ...probes]))) found.set(name, line);
  return found;
}

/** What differs, as `name: this side | that side`. Paths only one of them wrote to are as in the image on the other. */
export function differencesOf(one: Snapshot, other: Snapshot, image: string): Map<string, [string, string]> {
  const differences = new Map<string, [string, string]>();
  for (const name of new Set([...one.keys(), ...other.keys()])) {
    const before = () => (name.startsWith('/') ? describe(join(image, name), (text) => text) : ABSENT);
    const [a, b] = [one.get(name) ?? before(), other.get(name) ?? before()];
    if (a !== b) differences.set(name, [a, b]);
  }
  return differences;
}

const ABSENT = 'absent';

function collect(side: Looked, root: string, path: string, found: Map<string, string>): void {
  if (VOLATILE.some(([pattern]) => pattern.test(path))) return;
  const name = path === '' ? '/' : path;
  const info = infoOf(join(root, path));
  if (path !== '') found.set(plainName(name), describe(join(root, path), side.alike));
  if (!info?.isDirectory()) return;
  for (const entry of readdirSync(join(root, path))) collect(side, root, `${path}/${entry}`, found);
}

/** Names of backups hold the time and the process. */
function plainName(path: string): string {
  return path.replace(/\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/, '.BACKUP~');
}

function infoOf(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

/** Type, mode, owner, group, and content or target. What an overlay removed is a device with the numbers 0, 0. */
function describe(file: string, alike: (text: string) => string): string {
  const info = infoOf(file);
  if (!info || (info.isCharacterDevice() && info.rdev === 0)) return ABSENT;
  const attributes = `${(info.mode & 0o7777).toString(8)} ${info.uid}:${info.gid}`;
  if (info.isSymbolicLink()) return `link ${info.uid}:${info.gid} to ${readlinkSync(file)}`;
  if (info.isDirectory()) return `folder ${attributes}`;
  if (!info.isFile()) return `special ${attributes} ${info.rdev}`;
  const links = info.nlink > 1 ? ` ${info.nlink} links` : '';
  return `file ${attributes}${links} ${contentOf(file, alike)}`;
}

const SHOWN = 2000;
const LARGE = 1 << 20;

function contentOf(file: string, alike: (text: string) => string): string {
  const bytes = readFileSync(file);
  const hash = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');
  if (bytes.length > LARGE) return hash(bytes);
  const text = withoutSalts(alike(bytes.toString('latin1')), file);
  const content = Buffer.from(text, 'latin1');
  return content.length > SHOWN || content.includes(0)
    ? `${hash(content)} (${content.length} bytes)`
    : JSON.stringify(text);
}

function withoutSalts(text: string, file: string): string {
  // Debian's crontab says when it came, and from which file.
  if (file.includes('/spool/cron/')) return text.replaceAll(/^# \(.* installed on .*\)$/gm, '# (INSTALLED)');
  return /\/g?shadow$/.test(file) ? text.replaceAll(/\$(\w+)\$[^:]+/g, '$$$1$$SALTED') : text;
}

/** Shell, each of which tells lines. */
const PROBES: readonly (readonly [string, string])[] = [
  ['user', 'getent passwd'],
  ['group', 'getent group'],
  ['shadow', String.raw`getent shadow | sed 's/:\$\([^$]*\)\$[^:]*:/:$\1$:/'`],
  ['package', "dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n'"],
  ['asked for', 'apt-mark showmanual'],
  ['held', 'apt-mark showhold'],
  ['unit file', 'systemctl list-unit-files --no-legend --no-pager --plain | grep -v "^session-" | sed "s/  */ /g"'],
  [
    'active',
    "systemctl list-units --no-legend --no-pager --plain --type=service,socket,timer,mount,target --state=active,failed | awk '{print $1, $3, $4}' | grep -v '^session\\|^user\\|^run-user\\|^run-\\|^systemd-tmpfiles-clean\\|^systemd-\\(hostname\\|locale\\|timedate\\)d'",
  ],
  ['mount', "awk '{print $1, $2, $3}' /proc/mounts | grep -v ' /run/user\\| / \\|^overlay\\|systemd-tmpfiles-clean'"],
  [
    'sysctl',
    "sysctl -a 2>/dev/null | grep '^\\(net\\.ipv4\\.\\(conf\\.all\\|conf\\.default\\|ip_\\|tcp_\\)\\|vm\\.\\|net\\.core\\|kernel\\.\\(panic\\|sysrq\\|hostname\\|domainname\\)\\)' | grep -v 'tcp_mem\\|drop_caches\\|stat_refresh\\|compact_memory'",
  ],
];

async function probe(side: Looked, probes: ReadonlyMap<string, string>): Promise<[string, string][]> {
  const script = [...probes].map(([name, shell]) => `echo '%% ${name}'\n( ${shell}\n) 2>&1 </dev/null`).join('\n');
  const out = await side.host.inside('sh', '-c', `${script}\n:`);
  return side
    .alike(out)
    .split(/^%% /m)
    .slice(1)
    .flatMap((section) => {
      const [name = '', ...lines] = section.trimEnd().split('\n');
      return lines.map((line): [string, string] => [`${name}: ${line}`, 'told']);
    });
}
