import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { isVault, type Vault } from '../inventory/vault.js';
import { Unsafe, type Value, VaultText } from '../jinja/value.js';
import { loadYamlDocuments } from '../yaml/load-yaml.js';
import type { Expiring } from './expiring.js';

export type SavedCertificatesOptions = {
  /** Looked through with all below them; what begins with a dot is left out. */
  folders: readonly string[];
  /** Single files, such as one of authorities. */
  files: readonly string[];
  /** What names of files are shown from. */
  base: string;
  vault: Vault;
  signal?: AbortSignal | undefined;
};

const MOST_FILES = 5_000;
const MOST_BYTES = 1_000_000;
const MOST_DEPTH = 20;
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const MARKED = /-----BEGIN CERTIFICATE-----|\$ANSIBLE_VAULT;/;
const YAML = ['', '.yml', '.yaml', '.json'];

/** Every X.509 certificate in PEM that lies in files or in variables, in vaults too where their password is there; what cannot be read is left out. */
export async function savedCertificates(options: SavedCertificatesOptions): Promise<Expiring[]> {
  const found: string[] = [...options.files];
  for (const folder of options.folders) await collect(folder, found, 0);
  const all: Expiring[] = [];
  for (const file of new Set(found)) {
    options.signal?.throwIfAborted();
    all.push(...(await certificatesIn(file, options)));
  }
  return all;
}

async function collect(folder: string, found: string[], depth: number): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || found.length >= MOST_FILES) continue;
    const path = join(folder, entry.name);
    if (entry.isFile()) found.push(path);
    else if (entry.isDirectory() && depth < MOST_DEPTH) await collect(path, found, depth + 1);
  }
}

async function certificatesIn(file: string, { base, vault }: SavedCertificatesOptions): Promise<Expiring[]> {
  const opened = opener(vault, file);
  const raw = await textOf(file);
  if (!MARKED.test(raw)) return [];
  const text = isVault(raw) ? opened(raw) : raw;
  const place = relative(base, file);
  const texts = YAML.includes(extname(file)) ? textsIn(text, file) : undefined;
  return (texts ?? [{ path: '', value: text }]).flatMap(({ path, value }) => {
    const plain = value instanceof VaultText ? opened(value) : value;
    const where = path === '' ? place : `${path} of ${place}`;
    return (plain.match(BLOCK) ?? []).flatMap((pem) => expiringIn(pem, where));
  });
}

/** Without its password what is in a vault is not known. */
function opener(vault: Vault, file: string): (encrypted: string | VaultText) => string {
  return (encrypted) => {
    try {
      return vault(encrypted, { file });
    } catch {
      return '';
    }
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return (await stat(file)).size <= MOST_BYTES ? await readFile(file, 'utf8') : '';
  } catch {
    return '';
  }
}

type Text = { path: string; value: string | VaultText };

/** Texts by the names of their variables; undefined where it is no YAML after all. */
function textsIn(text: string, file: string): Text[] | undefined {
  try {
    return loadYamlDocuments(text, { file }).flatMap((document) => textsOf(document, ''));
  } catch {
    return undefined;
  }
}

function textsOf(value: Value, path: string): Text[] {
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (value instanceof Map)
    return [...value].flatMap(([key, inner]) => textsOf(inner, below(typeof key === 'string' ? key : '?')));
  if (Array.isArray(value)) return value.flatMap((inner, index) => textsOf(inner, below(String(index))));
  if (value instanceof Unsafe) return [{ path, value: value.text }];
  return typeof value === 'string' || value instanceof VaultText ? [{ path, value }] : [];
}

function expiringIn(pem: string, where: string): Expiring[] {
  try {
    const certificate = new X509Certificate(pem.replaceAll(/^[ \t]+/gm, ''));
    const validUntil = new Date(certificate.validTo);
    return Number.isNaN(validUntil.getTime())
      ? []
      : [{ what: `the certificate ${nameOf(certificate)}in ${where}`, validUntil }];
  } catch {
    return [];
  }
}

/** Its common name, or what it is for. */
function nameOf({ subject, subjectAltName }: X509Certificate): string {
  const name = /^CN=(.+)$/m.exec(subject)?.[1] ?? subjectAltName?.split(', ')[0]?.replace(/^\w+:/, '');
  return name === undefined ? '' : `of ${name} `;
}
