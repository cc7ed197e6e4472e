import { S3mini } from 's3mini';
import { StarsError } from '../errors.js';
import type { Secret } from '../secret.js';
import type { BackupFolder, Taken } from './folder.js';
import { byAge, isDated, isInside, Manifest, momentIn, sha256 } from './manifest.js';
import { type Keep, tooOld } from './retention.js';

export type BucketConfig = {
  /** Of the service, without the bucket. */
  endpoint: string;
  name: string;
  region: string;
  prefix?: string | undefined;
  accessKeyId: Secret;
  secretAccessKey: Secret;
};

export type BucketOptions = { config: BucketConfig; environment: string; signal: AbortSignal };

export type Bucket = ReturnType<typeof createBucket>;

const MANIFEST = 'manifest.json';
const CALL_MS = 60_000;
const LEFT_FOR_MS = 86_400_000;

/** Copies of an environment's backups in an S3-compatible bucket, laid out as on disk. All functions reject with BACKUP. */
export function createBucket({ config, environment, signal }: BucketOptions) {
  const place = `${config.endpoint.replace(/\/+$/, '')}/${config.name}`;
  const home = [...(config.prefix === undefined ? [] : [config.prefix]), environment].join('/');
  const s3 = new S3mini({
    accessKeyId: config.accessKeyId.reveal(),
    secretAccessKey: config.secretAccessKey.reveal(),
    endpoint: place,
    region: config.region,
    // A redirect would carry what is signed to another address.
    fetch: (input, init) =>
      fetch(input, { ...init, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]) }),
  });

  /** Copies a backup, its manifest last, and reads it back: what has a manifest there is whole. */
  async function store({ name, manifest }: Taken, folder: BackupFolder): Promise<void> {
    const files = [...manifest.files.map(({ path }) => path), MANIFEST];
    for (const path of files) {
      const content = await folder.contentOf(name, path);
      const key = keyOf(name, path);
      await call(`take ${path} of ${name}`, () => s3.putObject(key, content, 'application/json'));
      const back = await get(name, path);
      if (!back || sha256(back) !== sha256(content))
        throw failed(`gives ${path} of ${name} back other than it was sent`, 'Do not count on this copy.');
    }
  }

  /** Names of the backups that are whole there as far as their manifest says so, oldest first. */
  async function list(): Promise<string[]> {
    const names = [...(await filesByName())].flatMap(([name, files]) => (files.includes(MANIFEST) ? [name] : []));
    return names.sort(byAge);
  }

  /** The files of each dated name, whether they make a whole backup or not. */
  async function filesByName(): Promise<Map<string, string[]>> {
    const objects = await call('list backups', () => s3.listObjects('/', `${home}/`));
    if (objects === null) throw failed('does not exist', 'Make it, or correct its name in environment.yml.');
    const found = new Map<string, string[]>();
    for (const { Key } of objects) {
      const [name = '', ...path] = Key.slice(home.length + 1).split('/');
      if (isDated(name) && path.length > 0) found.set(name, [...(found.get(name) ?? []), path.join('/')]);
    }
    return found;
  }

  /**
   * Takes away copies that are too many or too old, and what broken-off ones left a day ago or longer; the names. `newest` was stored and read
   * back a moment ago: it stays whatever its age, so that a good copy always does.
   */
  async function forgetOld(keep: Keep, { newest, now }: { newest: string; now: Date }): Promise<string[]> {
    const files = await filesByName();
    // Who does not see what was just stored there may see as little of the rest.
    if (!files.get(newest)?.includes(MANIFEST)) throw failed(`does not list ${newest}, which was just stored there`);
    const whole = [...files.keys()]
      .filter((name) => files.get(name)?.includes(MANIFEST))
      .sort(byAge)
      .toReversed();
    const old = [
      ...tooOld(whole, { ...keep, newest }, now),
      ...[...files.keys()].filter(
        (name) => !whole.includes(name) && now.getTime() - momentIn(name).getTime() > LEFT_FOR_MS,
      ),
    ];
    for (const name of old) await remove(name, files.get(name) ?? []);
    return old;
  }

  /** Its manifest first, so that half of it is never taken for a backup. */
  async function remove(name: string, files: readonly string[]): Promise<void> {
    for (const path of files.toSorted((a, b) => Number(b === MANIFEST) - Number(a === MANIFEST))) {
      const gone = await call(`take ${path} of ${name} away`, () => s3.deleteObject(keyOf(name, path)));
      if (!gone) throw failed(`does not take ${path} of ${name} away`, HINTS['AccessDenied']);
    }
  }

  /** Brings a backup back to the disk, checked against its manifest; does nothing when the bucket has none of the name. */
  async function fetchInto(folder: BackupFolder, name: string): Promise<void> {
    const own = await get(name, MANIFEST);
    if (!own || !isDated(name)) return;
    const manifest = Manifest.safeParse(parseJson(Buffer.from(own).toString('utf8')));
    if (!manifest.success) throw failed(`has a manifest of ${name} that cannot be read`);
    const files = new Map([[MANIFEST, own]]);
    for (const { path, sha256: wanted } of manifest.data.files) {
      const content = isInside(path) ? await get(name, path) : undefined;
      if (!content || sha256(content) !== wanted)
        throw failed(`has another ${path} of ${name} than was written, or none`);
      files.set(path, content);
    }
    await folder.adopt(name, files);
  }

  async function get(name: string, path: string): Promise<Uint8Array | undefined> {
    const content = await call(`give ${path} of ${name}`, () => s3.getObjectArrayBuffer(keyOf(name, path)));
    return content === null ? undefined : new Uint8Array(content);
  }

  function keyOf(name: string, path: string): string {
    return `${home}/${name}/${path}`;
  }

  async function call<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (signal.aborted) throw new StarsError('CANCELLED', 'Cancelled while talking to the bucket.', { cause: error });
      const { serviceCode, status, code, cause, message } = error as Failure;
      const why = serviceCode ? `${serviceCode} (${status})` : (code ?? cause?.code ?? message);
      throw failed(
        `does not ${what}: ${why}`,
        HINTS[serviceCode ?? ''] ?? 'Look whether it is there and whether the key may use it.',
        error,
      );
    }
  }

  function failed(what: string, hint = 'Look at the bucket.', cause?: unknown): StarsError {
    return new StarsError('BACKUP', `The bucket ${place} ${what}.`, { hint, cause });
  }

  return { place, store, list, forgetOld, fetchInto };
}

type Failure = Error & { serviceCode?: string; status?: number; code?: string; cause?: { code?: string } };

const HINTS: Record<string, string> = {
  AccessDenied:
    'The key has to be allowed PutObject, GetObject and ListBucket there, and DeleteObject where copies are kept for a time only.',
  InvalidAccessKeyId: 'Look at accessKeyId under backups: in environment.yml.',
  SignatureDoesNotMatch: 'Look at secretAccessKey and region under backups: in environment.yml.',
  NoSuchBucket: 'Make it, or correct its name under backups: in environment.yml.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong.',
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
