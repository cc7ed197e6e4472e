import { generateKeyPairSync, randomBytes } from 'node:crypto';

export type KeyPair = {
  /** In OpenSSH's own format, as `ssh-keygen` writes it. */
  privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
};

/** An ed25519 key as ssh-keygen would make it, without starting a program. */
export function createKeyPair(comment: string): KeyPair {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(jwk.d ?? '', 'base64url');
  const point = Buffer.from(jwk.x ?? '', 'base64url');
  const type = sized(Buffer.from('ssh-ed25519'));
  const publicBlob = Buffer.concat([type, sized(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    type,
    sized(point),
    sized(Buffer.concat([seed, point])),
    sized(Buffer.from(comment)),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const none = sized(Buffer.from('none'));
  const one = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    none,
    none,
    sized(Buffer.alloc(0)),
    one,
    sized(publicBlob),
    sized(Buffer.concat([secret, padding])),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')}`,
  };
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
