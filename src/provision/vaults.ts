import { decryptVault, encryptVault } from '../inventory/vault.js';
import { Secret } from '../secret.js';
import type { Vaults } from '../templating/filters/vault.js';

/** Vaults with the passwords that templates give. */
export const vaults: Vaults = {
  encrypt: (plain, password, options) => encryptVault(plain, new Secret(password), options),
  decrypt: (encrypted, password) =>
    decryptVault(encrypted, new Secret(password), { file: 'a text given to unvault' }).toString('utf8'),
};
