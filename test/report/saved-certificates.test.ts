import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createVault, encryptVault } from '../../src/inventory/vault.js';
import { savedCertificates } from '../../src/report/saved-certificates.js';
import { Secret } from '../../src/secret.js';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'cluster', 'tls');
const SERVER = readFileSync(join(TLS, 'server.pem'), 'utf8');
const CA = readFileSync(join(TLS, 'ca.pem'), 'utf8');
const SERVER_UNTIL = '2126-11-05T19:39:12.000Z';
const password = new Secret('the password of the vault');
const vaulted = (text: string) => encryptVault(text, password, { salt: 'grain', label: '' });
const indented = (text: string, by = '  ') => text.trim().replaceAll(/^/gm, by);

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'stars-certificates-'));
});
afterEach(() => rmSync(base, { recursive: true }));

function lay(files: Record<string, string | Buffer>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  }
}

async function found(vault = createVault({ password }), files: string[] = []): Promise<[string, string][]> {
  const folders = [join(base, 'inventories/staging'), join(base, 'stack')];
  const all = await savedCertificates({ folders, files, base, vault });
  return all.map(({ what, validUntil }) => [what, validUntil.toISOString()]);
}

test('a certificate is found wherever it lies, and in a vault when the password is there', async () => {
  lay({
    'stack/files/web.pem': SERVER,
    'stack/files/web.vault.pem': vaulted(SERVER),
    'stack/roles/web/vars/main.yml': `web:\n  tls:\n    - certificate: |\n${indented(SERVER, '        ')}\n`,
    'inventories/staging/group_vars/all/vault.yml': vaulted(`web_certificate: |\n${indented(SERVER)}\n`),
    'inventories/staging/host_vars/w1': `w1_certificate: !vault |\n${indented(vaulted(SERVER))}\nother: 1\n`,
    'inventories/staging/environment.yml': 'marathon: {url: "http://127.0.0.1:9"}\n',
  });
  const what = (where: string) => [`the certificate of localhost in ${where}`, SERVER_UNTIL];
  expect(await found()).toEqual([
    what('web_certificate of inventories/staging/group_vars/all/vault.yml'),
    what('w1_certificate of inventories/staging/host_vars/w1'),
    what('stack/files/web.pem'),
    what('stack/files/web.vault.pem'),
    what('web.tls.0.certificate of stack/roles/web/vars/main.yml'),
  ]);
});

test('without the password, or with another one, what is in vaults is not known, and the rest is', async () => {
  lay({
    'stack/files/web.pem': SERVER,
    'stack/files/web.vault.pem': vaulted(SERVER),
    'inventories/staging/host_vars/w1': `a: !vault |\n${indented(vaulted(SERVER))}\n`,
  });
  for (const vault of [createVault({}), createVault({ password: new Secret('another') })])
    expect((await found(vault)).map(([what]) => what)).toEqual(['the certificate of localhost in stack/files/web.pem']);
});

test('each of a chain is told, also of a file that only environment.yml names', async () => {
  lay({ 'ca/chain.pem': `# of the cluster\n${CA}\n${SERVER}` });
  expect(await found(undefined, [join(base, 'ca/chain.pem'), join(base, 'ca/none.pem')])).toHaveLength(2);
});

test('what is broken, binary or no certificate is passed over', async () => {
  lay({
    'stack/files/cut.pem': SERVER.slice(0, 300),
    'stack/files/odd.pem': '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n',
    'stack/files/binary': Buffer.from([0, 1, 2, 255, 254]),
    'stack/tasks.yml': `- name: "{{ \n  -----BEGIN CERTIFICATE-----: [\n`,
    'stack/.git/old.pem': SERVER,
    'stack/cut.vault': vaulted(SERVER).slice(0, 200),
  });
  expect(await found()).toEqual([]);
});
