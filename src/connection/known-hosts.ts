import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Position, StarsError } from '../errors.js';

/** One line of a known_hosts file. */
export type KnownHost = {
  marker: 'revoked' | 'cert-authority' | undefined;
  /** The first field: names, patterns, or one hashed name. */
  names: string;
  type: string;
  /** base64, as in the file */
  key: string;
  where: Position;
};

/** Reads known_hosts files; one that does not exist is empty. Lines that make no sense are passed over, as OpenSSH does. */
export type ReadKnownHosts = (files: readonly string[]) => Promise<readonly KnownHost[]>;

/** A reader for many hosts: a file is read again only when it has changed. */
export function createKnownHostsReader(): ReadKnownHosts {
  const read = new Map<string, { state: string; lines: Promise<readonly KnownHost[]> }>();

  async function linesOf(file: string): Promise<readonly KnownHost[]> {
    const state = await ifThere(file, stateOf);
    if (state === undefined) return [];
    const known = read.get(file);
    if (known?.state === state) return known.lines;
    const lines = ifThere(file, textOf).then((text) => parseKnownHosts(text ?? '', file));
    read.set(file, { state, lines });
    lines.catch(() => read.delete(file));
    return lines;
  }

  return async (files) => {
    const [first, ...others] = await Promise.all(files.map(linesOf));
    return others.length === 0 ? (first ?? []) : [first ?? [], ...others].flat();
  };
}

async function stateOf(file: string): Promise<string> {
  const { mtimeNs, size, ino } = await stat(file, { bigint: true });
  return `${mtimeNs} ${size} ${ino}`;
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8');
}

async function ifThere<T>(file: string, read: (file: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await read(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StarsError('HOST_KEY', `The known hosts in ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((content, index) => {
    const fields = content.trim().split(/\s+/);
    if (!fields[0] || fields[0].startsWith('#')) return [];
    const marker = fields[0].startsWith('@') ? fields.shift()?.slice(1) : undefined;
    const [names, type, key] = fields;
    if (!names || !type || !key || !isMarker(marker)) return [];
    return [{ marker, names, type, key, where: { file, line: index + 1 } }];
  });
}

function isMarker(marker: string | undefined): marker is KnownHost['marker'] {
  return marker === undefined || marker === 'revoked' || marker === 'cert-authority';
}

/** How a host is written in known_hosts: with its port, if that is not 22. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address : `[${address}]:${port}`;
}

/** The lines about this host. */
export function linesFor(known: readonly KnownHost[], name: string): KnownHost[] {
  return known.filter(({ names }) => namesMatch(names, name.toLowerCase()));
}

function namesMatch(names: string, name: string): boolean {
  if (names.startsWith('|1|')) return hashMatches(names, name);
  let found = false;
  for (const pattern of names.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!patternMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

function hashMatches(hashed: string, name: string): boolean {
  const [, , salt, hash] = hashed.split('|');
  if (!salt || !hash) return false;
  const wanted = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
}

function patternMatches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const expression = pattern.replace(/[.*+?^${}()|[\]\\]/g, (char) =>
    char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`,
  );
  return new RegExp(`^${expression}$`).test(name);
}

export type PresentedKey = {
  /** inventory_hostname */
  host: string;
  address: string;
  port: number;
  /** What the host showed, as it came over the wire. */
  key: Buffer;
};

/** Why this key is not to be trusted, or undefined when it is a known one. `files` are named in the advice. */
export function hostKeyProblem(
  known: readonly KnownHost[],
  shown: PresentedKey,
  files: readonly string[],
): StarsError | undefined {
  const { address, port, key } = shown;
  const base64 = key.toString('base64');
  const name = knownHostName(address, port);
  const named = linesFor(known, name);
  const lines =
    named.length > 0 || port === 22 ? named : linesFor(known, address).filter((line) => line.key === base64);
  const revoked = lines.find((line) => line.marker === 'revoked' && line.key === base64);
  if (revoked) return revokedKey(shown, revoked);
  const plain = lines.filter(({ marker }) => marker === undefined);
  if (plain.some((line) => line.key === base64)) return undefined;
  const advice = `${name} ${keyType(key)} ${base64}`;
  const [other] = plain.filter(({ type }) => type === keyType(key));
  if (other) return changedKey(shown, other, advice);
  return unknownKey(shown, { lines, advice, file: files[0] ?? '~/.ssh/known_hosts' });
}

function revokedKey({ host, address, key }: PresentedKey, { where }: KnownHost): StarsError {
  return new StarsError('HOST_KEY', `${host}: the host key of ${address} (${fingerprint(key)}) is revoked.`, {
    hint: 'Do not connect: whoever has this key is not to be trusted.',
    where,
  });
}

function changedKey(
  { host, address, key }: PresentedKey,
  { where, key: knownKey }: KnownHost,
  advice: string,
): StarsError {
  const known = fingerprint(Buffer.from(knownKey, 'base64'));
  const message = `${host}: the host key of ${address} has changed: ${known} is known, ${fingerprint(key)} was shown.`;
  return new StarsError('HOST_KEY', message, {
    hint: [
      'Either the host was installed anew, or somebody stands between you and it. Find out which.',
      `If it was installed anew, replace line ${where.line} of ${where.file} by:`,
      advice,
    ].join('\n'),
    where,
  });
}

function unknownKey(
  { host, address, key }: PresentedKey,
  { lines, advice, file }: { lines: readonly KnownHost[]; advice: string; file: string },
): StarsError {
  const authority = lines.some(({ marker }) => marker === 'cert-authority');
  const types = [...new Set(lines.filter(({ marker }) => marker === undefined).map(({ type }) => type))];
  const reasons = [
    ...(authority ? ['It is known by a certificate authority only, which Stars does not support.'] : []),
    ...(types.length > 0 ? [`Only keys of other types (${types.join(', ')}) are known.`] : []),
    `If this is the fingerprint on the host itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), add this line to ${file}:`,
    advice,
  ];
  return new StarsError(
    'HOST_KEY',
    `${host}: the host key of ${address} is unknown (${keyType(key)} ${fingerprint(key)}).`,
    {
      hint: reasons.join('\n'),
    },
  );
}

/** As ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function keyType(key: Buffer): string {
  return key.length < 4 ? 'unknown' : key.toString('latin1', 4, 4 + Math.min(key.readUInt32BE(0), 64));
}

/** Signature algorithms to offer, those of known keys first, so that the host shows a key we can check. */
export function preferredAlgorithms(known: readonly KnownHost[], address: string, port: number): string[] {
  const lines = linesFor(known, knownHostName(address, port)).filter(({ marker }) => marker === undefined);
  const usual = lines.length > 0 ? lines : linesFor(known, address);
  const first = usual.flatMap(({ type }) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]));
  return [...new Set([...first, ...ALGORITHMS])].filter((algorithm) => ALGORITHMS.includes(algorithm));
}

// ssh-rsa signatures (SHA-1) are left out: no server since OpenSSH 7.2 needs them.
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
