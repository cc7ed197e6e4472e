import { type Filter, filter } from '../../jinja/filter.js';
import { str } from '../../jinja/python-text.js';
import { isText, truthy, typeName } from '../../jinja/python-value.js';
import { templateError, undefinedError } from '../../jinja/template-error.js';
import { Undefined, type Value, VaultText } from '../../jinja/value.js';

/** Encryption by `ansible-vault`'s rules, made by those who use templates. */
export type Vaults = {
  /** The vault of a text; its salt is made where none is given. */
  encrypt(plain: string, password: string, options: { salt: string | undefined; label: string }): string;
  /** The text inside of a vault. Throws VAULT. */
  decrypt(encrypted: string, password: string): string;
};

/** Ansible's `vault` and `unvault`. */
export function vaultFilters(vaults: Vaults | undefined): Readonly<Record<string, Filter>> {
  return {
    vault: filter(
      ['secret', 'salt', 'vaultid', 'wrap_object'],
      (value, { secret, salt, vaultid, wrap_object: wrap }) => {
        const grain = salt === undefined || salt === null ? undefined : str(salt);
        if (grain === '')
          throw templateError('Unable to encrypt: the salt is empty.', 'Leave it out for one by chance.');
        const text = textOf(value, 'Can only vault strings');
        const label = str(vaultid ?? 'filter_default');
        const made = known(vaults).encrypt(text, passwordOf(secret, 'vault'), { salt: grain, label });
        return truthy(wrap ?? false) ? new VaultText(made) : made;
      },
    ),
    unvault: filter(['secret', 'vaultid'], (value, { secret }) => {
      const password = passwordOf(secret, 'unvault');
      const text = value instanceof VaultText ? value.text : textOf(value, 'Vault should be in the form of a string');
      return text.startsWith('$ANSIBLE_VAULT;') ? known(vaults).decrypt(text, password) : text;
    }),
  };
}

function known(vaults: Vaults | undefined): Vaults {
  if (vaults) return vaults;
  throw templateError('Vaults cannot be made here.');
}

function passwordOf(secret: Value | undefined, name: string): string {
  if (secret === undefined) throw templateError(`The filter ${name} needs a secret.`);
  return textOf(secret, 'Secret passed is required to be a string');
}

function textOf(value: Value, wanted: string): string {
  if (value instanceof Undefined) throw undefinedError(value);
  if (!isText(value)) throw templateError(`${wanted}, instead we got: ${typeName(value)}`);
  return str(value);
}
