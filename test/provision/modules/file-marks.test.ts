import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from '../../../src/provision/modules/index.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { localHost, type LocalHost } from '../support/local-host.js';

// A file system that knows no attributes and a kernel without SELinux are what most machines of tests are: stand-ins note the calls.

let host: LocalHost;
beforeEach(() => {
  host = localHost({ execute: (script) => plain.run(`PATH=${plain.folder}/bin:$PATH\n${script}`) });
});
afterEach(() => host.remove());

let plain: LocalHost;
beforeEach(async () => {
  plain = localHost();
  await plain.run(`mkdir bin; echo ----i---A------e >has
cat >bin/lsattr <<'END'
#!/bin/sh
echo "$(cat ${plain.folder}/has) $2"
END
cat >bin/chattr <<'END'
#!/bin/sh
echo "$1 $2" >>${plain.folder}/calls
END
chmod +x bin/*`);
});
afterEach(() => plain.remove());

const at = (name: string) => join(plain.folder, name);
const apply = (name: string, args: Record<string, unknown>) =>
  host.apply(modules.get(name) as unknown as AnyModule, args);
const calls = async () => (await plain.run('cat calls 2>/dev/null')).stdout.replaceAll(plain.folder, '@');

test('a file gets the attributes it lacks, and nothing is changed where it has them', async () => {
  writeFileSync(at('f'), 'a');
  expect(await apply('file', { path: at('f'), attributes: '+d' })).toMatchObject({ changed: true });
  expect(await calls()).toBe('+d @/f\n');
  expect(await apply('file', { path: at('f'), attributes: '+iA' })).toMatchObject({ changed: false });
  expect(await apply('file', { path: at('f'), attributes: 'Aie' })).toMatchObject({ changed: false });
  expect(await apply('file', { path: at('f'), attributes: '-d' })).toMatchObject({ changed: false });
  expect(await apply('file', { path: at('f'), attributes: '-i' })).toMatchObject({ changed: true });
  expect(await calls()).toBe('+d @/f\n-i @/f\n');
});

test('a file that is written anew gets all its attributes, after it stands in its place', async () => {
  expect(await apply('copy', { content: 'x', dest: at('f'), attributes: 'iA' })).toMatchObject({
    changed: true,
    dest: at('f'),
    size: 1,
  });
  expect(await calls()).toBe('=iA @/f\n');
});

test('an edit that changes attributes alone says so', async () => {
  writeFileSync(at('f'), 'a\n');
  expect(await apply('lineinfile', { path: at('f'), line: 'a', attributes: '+d' })).toMatchObject({
    changed: true,
    msg: 'ownership, perms or SE linux context changed',
  });
});

test('a SELinux context is passed over where the kernel has none', async () => {
  writeFileSync(at('f'), 'a');
  expect(await apply('file', { path: at('f'), setype: 'etc_t' })).toMatchObject({ changed: false });
});
