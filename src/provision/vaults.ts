import { decryptVault, encryptVault } from '../inventory/vault.js';
import { type Redactor, Secret } from '../secret.js';
import type { Vaults } from '../templating/filters/vault.js';

/** Vaults with the passwords that templates give. What goes into one or comes out of one is a secret from then on. */
export function createVaults(redactor: Redactor | undefined): Vaults {
  return {
    encrypt(plain, password, options) {
      redactor?.add(plain);
      return encryptVault(plain, new Secret(password), options);
    },
    decrypt(encrypted, password) {
      const plain = decryptVault(encrypted, new Secret(password), { file: 'a text given to unvault' }).toString('utf8');
      redactor?.add(plain);
      return plain;
    },
  };
}
