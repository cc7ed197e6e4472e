import { createCipheriv, createHmac, pbkdf2Sync } from 'node:crypto';

/** What `ansible-vault encrypt` makes of a file, always with the same salt. */
export function vaulted(content: string | Buffer, password: string): string {
  const salt = Buffer.alloc(32, 7);
  const key = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  const plain = Buffer.from(content);
  const padding = 16 - (plain.length % 16);
  const cipher = createCipheriv('aes-256-ctr', key.subarray(0, 32), key.subarray(64, 80));
  const ciphertext = Buffer.concat([
    cipher.update(plain),
    cipher.update(Buffer.alloc(padding, padding)),
    cipher.final(),
  ]);
  const hmac = createHmac('sha256', key.subarray(32, 64)).update(ciphertext).digest('hex');
  const inner = [salt.toString('hex'), hmac, ciphertext.toString('hex')].join('\n');
  const lines =
    Buffer.from(inner)
      .toString('hex')
      .match(/.{1,80}/g) ?? [];
  return `$ANSIBLE_VAULT;1.1;AES256\n${lines.join('\n')}\n`;
}
