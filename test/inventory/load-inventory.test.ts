import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { StarsError } from '../../src/errors.js';
import { loadInventory, type Inventory, type InventoryOptions } from '../../src/inventory/inventory.js';
import { createVault } from '../../src/inventory/vault.js';
import { Unsafe } from '../../src/jinja/value.js';
import { createRedactor } from '../../src/secret.js';

const root = mkdtempSync(join(tmpdir(), 'stars-inventory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
// `{{ braces }}`, with the password of the corpus.
const VALUE = `$ANSIBLE_VAULT;1.1;AES256
37323639393531353436366538313566633830623264633139613163383134323665646461326564
3561643633326537303032383461376461363861386339640a613464323830613038616239343234
30373961656332306563663565303366633839663132613937633331646236633435366534383737
3662326563303638310a306264346338363637646135373734343739383237396262373030616536
3131`;
let count = 0;

function folderWith(files: Record<string, string | Buffer>): string {
  const folder = join(root, String(++count));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function load(files: Record<string, string | Buffer>, options: Partial<InventoryOptions> = {}): Promise<Inventory> {
  const folder = folderWith(files);
  return loadInventory({ sources: [join(folder, Object.keys(files)[0] ?? '')], ...options });
}

async function failure(action: () => unknown): Promise<StarsError> {
  const error: unknown = await Promise.resolve()
    .then(action)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(StarsError);
  return error as StarsError;
}

describe('a faulty INI inventory is refused with the place and what was expected', () => {
  test.each([
    ['an unknown section type', 'a\n[web:host]\n', '2:6', 'Section [web:host] has an unknown type'],
    ['spaces in a header', '[web servers]\n', '1:1', 'This is no section header'],
    ['an undeclared child', '[a:children]\nb\n', '2:1', '[a:children] names the group b, which is declared nowhere'],
    [
      'variables of an undeclared group',
      '[b:vars]\nx=1\n',
      '1:2',
      '[b:vars] names the group b, which is declared nowhere',
    ],
    ['a group inside itself', '[a:children]\nb\n[b:children]\na\n', '', 'it would contain itself'],
    ['a group as its own child', '[a:children]\na\n', '2:1', 'it would contain itself'],
    ['a word behind a host', '[a]\n  h1 port\n', '2:6', 'Expected key=value, not "port"'],
    ['a line without =', '[a]\nh\n[a:vars]\nword\n', '4:1', 'Expected key=value, not "word"'],
    ['two names of children', '[b]\n[a:children]\nb c\n', '3:1', 'Expected the name of one group'],
    ['an open quote', 'h1 x="abc\n', '1:6', 'A quote is opened and never closed'],
    ['a range without end', 'web[1:]\n', '1:1', 'the range has no end'],
    ['a range with a wrong step', 'web[1:3:0]\n', '1:1', 'the step must be a whole number'],
    ['bounds of two kinds', 'web[1:c]\n', '1:1', 'two whole numbers or two letters'],
    ['bounds of two widths', 'web[01:100]\n', '1:1', 'must have as many digits'],
    ['far too many hosts', 'web[0:999999999]\n', '1:1', 'more than 100000 hosts'],
    ['far too many hosts by several ranges', 'w[0:9999]-[0:9999]\n', '1:1', 'more than 100000 hosts'],
    ['a name that ends in a colon', 'web:\n', '1:1', 'A host cannot end in ":"'],
    ['a wrong priority', '[a]\n[a:vars]\nansible_group_priority=high\n', '3:1', 'must be a whole number'],
  ])('%s', async (_title, text, place, message) => {
    const error = await failure(() => load({ 'hosts.txt': text }));
    expect(error.code).toBe('INVENTORY');
    expect(error.message).toContain(message);
    expect(error.describe()).toContain(`hosts.txt:${place}`);
    expect(error.hint ?? 'none needed').toBeTruthy();
  });
});

describe('other inventories are refused with advice', () => {
  test.each([
    ['a program', 'hosts', '#!/bin/sh\necho {}\n', 'INVENTORY', 'is a program'],
    ['a plugin', 'aws.yml', 'plugin: aws_ec2\n', 'INVENTORY', 'inventory plugin'],
    ['TOML', 'hosts.toml', '[web]\n', 'INVENTORY', 'not TOML'],
    ['a YAML list', 'hosts.yml', '- a\n- b: c\n', 'INVENTORY', 'mapping of groups'],
    ['broken YAML', 'hosts.yml', 'all:\n  hosts: {a: b: c}\n   d: e\n', 'SYNTAX', ''],
    [
      'hosts as a list',
      'hosts.yml',
      'all:\n  hosts:\n    - a\n',
      'INVENTORY',
      'hosts of group all must be a mapping, not a list',
    ],
    [
      'a number as host',
      'hosts.yml',
      'all:\n  hosts:\n    1:\n',
      'INVENTORY',
      'The name of a host must be text, not a number',
    ],
    [
      'variables that are text',
      'hosts.yml',
      'all:\n  hosts:\n    a: b\n',
      'INVENTORY',
      'The variables of a must be a mapping, not a text',
    ],
    [
      'a group inside itself',
      'hosts.yml',
      'a:\n  children:\n    b:\n      children:\n        a:\n',
      'INVENTORY',
      'it would contain itself',
    ],
    ['bytes that are no text', 'hosts', Buffer.from([0x61, 0x0a, 0xff, 0xfe]), 'INVENTORY', 'not UTF-8'],
    ['group_vars that are a list', 'hosts', 'a\n', 'INVENTORY', 'key: value pairs'],
  ])('%s', async (_title, name, content, code, message) => {
    const files = {
      [name]: content,
      'group_vars/all': code === 'INVENTORY' && message.startsWith('key') ? '- a\n' : '',
    };
    const error = await failure(async () => (await load(files)).variablesOf('a'));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
    expect(error.where?.file).toContain(root);
  });

  test('a file that is not there', async () => {
    expect((await failure(() => loadInventory({ sources: [join(root, 'absent')] }))).message).toContain(
      'cannot be read',
    );
  });
});

test('comments may be in any encoding, and a byte order mark is ignored', async () => {
  const latin1 = Buffer.concat([Buffer.from('# gr'), Buffer.from([0xfc]), Buffer.from('n\n[a]\nh1\n')]);
  expect((await load({ hosts: latin1 })).hosts).toEqual(['h1']);
  expect((await load({ hosts: '\uFEFF[a]\nh1\n' })).hosts).toEqual(['h1']);
});

test('any mixture of inventory text is read or refused, never a crash', async () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    ':children',
    ':vars',
    'a',
    'b',
    '[a]',
    '[1:2]',
    '=',
    '"',
    "'",
    '#',
    ' ',
    '\n',
    '\n',
    ':',
    ',',
    '!',
    '\\',
    '{',
    '}',
    '- ',
    '~',
    '---',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
      await load({ hosts: parts.join('') }).catch((error: unknown) => {
        if (!(error instanceof StarsError)) throw error;
      });
    }),
    { numRuns: 200 },
  );
});

describe('a limit', () => {
  const files = { hosts: '[web]\nw[1:3].example.org\n[db]\nd1.example.org\n[empty]\n' };

  test('keeps the hosts of the pattern that it names', async () => {
    const inventory = await load(files);
    expect(inventory.match('all', 'w1*,db').hosts).toEqual(['w1.example.org', 'd1.example.org']);
    expect(inventory.match('web', 'db').hosts).toEqual([]);
    expect(inventory.match('all', '!web').hosts).toEqual(['d1.example.org']);
  });

  test.each([
    ['wep', 'No host or group is called wep.', 'Did you mean web?'],
    ['web,d1.exmaple.org', 'No host or group is called d1.exmaple.org.', 'd1.example.org'],
    ['all:!wbe', 'No host or group is called wbe.', 'Did you mean web?'],
    ['w1', 'No host or group is called w1.', 'w1.example.org'],
    ['x*', 'No host matches x*.', '4 hosts'],
    ['empty', 'No host matches empty.', ''],
    ['web:&db', 'No host matches web,&db.', ''],
    ['', 'The host pattern is empty.', 'all'],
    ['~(', '~( cannot be used as a pattern', ''],
    ['web[7]', 'web[7] asks for a host beyond', ''],
    ['@/etc/passwd', 'The limit file /etc/passwd is not in a folder', ''],
    ['@../x', 'The limit file ../x is not in a folder', ''],
  ])('%s is refused', async (limit, message, hint) => {
    const error = await failure(async () => (await load(files, { limitFolder: root })).match('all', limit));
    expect(error.code).toBe('UNKNOWN_HOST_PATTERN');
    expect(error.message).toContain(message);
    expect(error.hint ?? '').toContain(hint);
  });

  test('may name a file of its folder', async () => {
    const folder = folderWith({ ...files, 'retry.txt': 'w2.example.org\n\n  db  \n' });
    const inventory = await loadInventory({ sources: [join(folder, 'hosts')], limitFolder: folder });
    expect(inventory.match('all', '@retry.txt').hosts).toEqual(['w2.example.org', 'd1.example.org']);
  });

  test('with an expression that would take for ever is stopped', async () => {
    const inventory = await load({ hosts: `${'a'.repeat(60)}b\n` });
    expect((await failure(() => inventory.match('all', '~(a+)+$'))).code).toBe('UNKNOWN_HOST_PATTERN');
  });
});

test('a play whose group is missing is a warning; a person who names it gets an error', async () => {
  const inventory = await load({ hosts: '[web]\nw1\n' });
  expect(inventory.match('webservers:web')).toEqual({
    hosts: ['w1'],
    warnings: ['No host or group is called webservers.'],
  });
  expect((await failure(() => inventory.requireHosts('webservers:web'))).code).toBe('UNKNOWN_HOST_PATTERN');
  expect(inventory.requireHosts('localhost')).toEqual(['localhost']);
});

describe('variables', () => {
  test('tell the host its name, its groups and where it was found', async () => {
    const inventory = await load({ hosts: '[web]\nw1.example.org\n[eu:children]\nweb\n' });
    const variables = inventory.variablesOf('w1.example.org');
    expect(variables.get('inventory_hostname_short')).toBe('w1');
    expect(variables.get('group_names')).toEqual(['eu', 'web']);
    expect(variables.get('inventory_dir')).toContain(root);
    expect(inventory.groupsDict().get('all')).toEqual(['w1.example.org']);
  });

  test('of the implicit localhost are local and those of the group all', async () => {
    const inventory = await load({ hosts: 'h1\n', 'group_vars/all': 'a: 1\n' });
    const variables = inventory.variablesOf('localhost');
    expect([variables.get('a'), variables.get('ansible_connection'), inventory.hosts]).toEqual([1, 'local', ['h1']]);
  });

  test('of a host that does not exist are an error with near names', async () => {
    const inventory = await load({ hosts: 'worker1\n' });
    expect((await failure(() => inventory.variablesOf('worker2'))).hint).toBe('Did you mean worker1?');
  });

  test('that were encrypted are opened, known to the redactor and never templated when they stand alone', async () => {
    const folder = 'test/fixtures/inventory/stack';
    const redactor = createRedactor();
    const vault = createVault({ passwordFile: join(folder, 'vault-password.txt') });
    const inventory = await loadInventory({ sources: [join(folder, 'production')], vault, redactor });
    expect(inventory.variablesOf('stars-ci.edc.example.org').get('vault_admin_password')).toBe('s3cret-größe');
    expect(redactor.redact('s3cret-größe first-key')).toBe('[REDACTED] [REDACTED]');

    const value = `x: !vault |\n${VALUE.replace(/^/gm, '  ')}\n`;
    const inline = await load({ hosts: 'h1\n', 'host_vars/h1.yml': value }, { vault, redactor });
    expect(inline.variablesOf('h1').get('x')).toEqual(new Unsafe('{{ braces }}'));
    expect(redactor.redact('{{ braces }}')).toBe('[REDACTED]');
  });

  test('in a vault without a password are an error that says how to give one', async () => {
    const inventory = await loadInventory({ sources: ['test/fixtures/inventory/stack/production'] });
    const error = await failure(() => inventory.variablesOf('stars-ci.edc.example.org'));
    expect([error.code, error.hint]).toEqual(['VAULT', expect.stringContaining('STARS_VAULT_PASSWORD_FILE')]);
  });

  test('of a host whose name leads out of host_vars are not looked for', async () => {
    const inventory = await load({ hosts: '../../x\n', x: 'a: 1\n' });
    expect(inventory.variablesOf('../../x').has('a')).toBe(false);
  });
});
