import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StarsError } from '../../src/errors.js';
import { createVault, isVault } from '../../src/inventory/vault.js';
import { VaultText } from '../../src/jinja/value.js';
import { Secret } from '../../src/secret.js';

const folder = mkdtempSync(join(tmpdir(), 'stars-vault-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encrypted = readFileSync('test/fixtures/inventory/stack/group_vars/all/vault', 'utf8');
const where = { file: 'group_vars/all/vault' };
const open = createVault({ password: new Secret('correct horse') });

function failure(action: () => unknown): StarsError {
  try {
    action();
  } catch (error) {
    if (error instanceof StarsError) return error;
  }
  throw new Error('No StarsError was thrown.');
}

function written(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test('opens what ansible-vault wrote', () => {
  expect(isVault(encrypted)).toBe(true);
  expect(open(encrypted, where)).toContain('vault_admin_password: s3cret-größe');
});

test('opens a vault with a label, with other line ends and inside a YAML value', () => {
  const labelled = encrypted.replace('1.1;AES256', '1.2;AES256;production');
  expect(open(labelled, where)).toContain('s3cret');
  expect(open(encrypted.replaceAll('\n', '\r\n'), where)).toContain('s3cret');
  expect(open(new VaultText(encrypted.replaceAll('\n', '\n   ')), where)).toContain('s3cret');
});

test('takes the password from a file, without spaces around it', () => {
  expect(createVault({ passwordFile: written('pw', ' correct horse \n') })(encrypted, where)).toContain('s3cret');
});

test.each([
  [
    'a wrong password',
    () => createVault({ password: new Secret('wrong') })(encrypted, where),
    'the password is wrong or the text is damaged',
  ],
  [
    'a changed digit',
    () =>
      open(
        encrypted.replace(/\d(?=\s*$)/, (digit) => (digit === '0' ? '1' : '0')),
        where,
      ),
    'damaged',
  ],
  ['a cut text', () => open(encrypted.slice(0, 200), where), 'damaged'],
  ['text that is not hexadecimal', () => open(`${encrypted}zz`, where), 'damaged'],
  ['an old format', () => open('$ANSIBLE_VAULT;1.0;AES\n61', where), 'a format that is not known here'],
  ['no password file', () => createVault({})(encrypted, where), 'there is no vault password'],
  [
    'a password file that is not there',
    () => createVault({ passwordFile: '/absent' })(encrypted, where),
    '/absent cannot be read',
  ],
  ['an empty password file', () => createVault({ passwordFile: written('empty', '\n') })(encrypted, where), 'is empty'],
  [
    'a script as password file',
    () => createVault({ passwordFile: written('script', '#!/bin/sh\necho x\n', 0o700) })(encrypted, where),
    'is a script',
  ],
])('%s is an error that names the file and what to do', (_title, action, message) => {
  const error = failure(action);
  expect(error.code).toBe('VAULT');
  expect(error.message).toContain(message);
  expect(error.where?.file).toBe(where.file);
  expect(error.hint).toBeTruthy();
});
