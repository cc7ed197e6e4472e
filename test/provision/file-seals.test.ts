import { afterAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changedFiles, inventoryFiles, sealFiles } from '../../src/provision/file-seals.js';

const folder = mkdtempSync(join(tmpdir(), 'stars-seals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seal = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test('of sealed files those have changed that hold something else, are gone though they were empty, or are new', () => {
  const [same, other, empty] = [write('same', '1'), write('other', '1'), write('empty', '')];
  const sealed = sealFiles([same, other, empty], seal);
  expect(changedFiles(sealed, [same, other, empty], seal)).toEqual([]);
  write('other', '2');
  rmSync(empty);
  const fresh = write('fresh', '');
  expect(changedFiles(sealed, [same, other, fresh], seal)).toEqual([empty, fresh, other]);
});

test('an inventory is its sources with the variables beside them and beside the playbooks, hidden files left out', () => {
  const hosts = write('inventory/hosts', '');
  const beside = write('inventory/group_vars/web/main.yml', '');
  const playbook = write('stack/host_vars/h1.yml', '');
  const source = write('more/00-hosts', '');
  for (const hidden of ['inventory/group_vars/.main.yml.swp', 'more/.hosts']) write(hidden, '');
  write('inventory/other.yml', '');
  const sources = [hosts, join(folder, 'more'), join(folder, 'gone')];
  expect(inventoryFiles(sources, [join(folder, 'stack')]).sort()).toEqual([beside, hosts, playbook, source].sort());
});
