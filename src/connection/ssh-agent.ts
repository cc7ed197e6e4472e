import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';

/** An agent that offers only these keys, as OpenSSH does where IdentitiesOnly is set. */
export function onlyThese(socket: string, publicKeys: readonly Buffer[]): ssh2.BaseAgent<ParsedKey> {
  const agent = new ssh2.OpenSSHAgent(socket);
  const isOne = (key: unknown) => publicKeys.some((known) => blobOf(key)?.equals(known));
  return new (class extends ssh2.BaseAgent<ParsedKey> {
    getIdentities(answer: ssh2.IdentityCallback<ParsedKey>): void {
      agent.getIdentities((error, keys) => (error ? answer(error) : answer(null, keys?.filter(isOne))));
    }

    sign(
      key: ParsedKey,
      data: Buffer,
      ...rest: [ssh2.SigningRequestOptions, ssh2.SignCallback?] | [ssh2.SignCallback]
    ) {
      const [options, done] = rest.length === 1 && typeof rest[0] === 'function' ? [{}, rest[0]] : [rest[0], rest[1]];
      agent.sign(key, data, options as ssh2.SigningRequestOptions, done);
    }
  })();
}

/** The public part of the key in this file, which may be encrypted or itself a public one; undefined when nobody can tell. */
export async function publicPartOf(file: string): Promise<Buffer | undefined> {
  const own = await readFile(file).catch(() => undefined);
  const part = own && (publicKeyIn(own) ?? publicOfEncrypted(own.toString('latin1')));
  if (part) return part;
  const beside = await readFile(`${file}.pub`).catch(() => undefined);
  return beside && publicKeyIn(beside);
}

function publicKeyIn(content: Buffer): Buffer | undefined {
  const parsed: unknown = ssh2.utils.parseKey(content);
  return blobOf(Array.isArray(parsed) ? parsed[0] : parsed);
}

function blobOf(key: unknown): Buffer | undefined {
  return key instanceof Object && 'getPublicSSH' in key ? (key as ParsedKey).getPublicSSH() : undefined;
}

const MAGIC = 'openssh-key-v1\0';

/** OpenSSH's own format keeps the public key in the clear: cipher, kdf and its options stand before it, each behind its length. */
function publicOfEncrypted(text: string): Buffer | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text) ?? [];
  const bytes = Buffer.from(body ?? '', 'base64');
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  try {
    let at = MAGIC.length;
    for (let skipped = 0; skipped < 3; skipped += 1) at += 4 + bytes.readUInt32BE(at);
    const start = at + 8;
    return bytes.subarray(start, start + bytes.readUInt32BE(at + 4));
  } catch {
    return undefined;
  }
}
