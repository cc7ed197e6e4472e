import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { blockinfile } from '../../../src/provision/modules/blockinfile.js';
import { copy } from '../../../src/provision/modules/copy.js';
import { file } from '../../../src/provision/modules/file.js';
import { lineinfile } from '../../../src/provision/modules/lineinfile.js';
import { template } from '../../../src/provision/modules/template.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

describe.each(shells())('with %s as the shell of the host', (...shell) => {
  let host: LocalHost;
  beforeEach(() => {
    host = localHost({
      shell: shell.filter((word) => typeof word === 'string'),
      variables: { name: 'zoé' },
      diffMode: true,
    });
  });
  afterEach(() => host.remove());

  const at = (name: string) => join(host.folder, name);
  const mode = (name: string) => (statSync(at(name)).mode & 0o7777).toString(8);

  test('file makes a folder with all its parents and their permissions, once', async () => {
    const args = { path: at('a b/c/d'), state: 'directory', mode: '2750' };
    expect(await host.apply(file, args)).toMatchObject({
      changed: true,
      state: 'directory',
      mode: '02750',
      path: at('a b/c/d'),
    });
    expect([mode('a b'), mode('a b/c'), mode('a b/c/d')]).toEqual(['2750', '2750', '2750']);
    expect((await host.plan(file, args)).actions).toEqual([]);
  });

  test('file sets permissions below a folder, X only where somebody may execute', async () => {
    mkdirSync(at('tree/sub'), { recursive: true });
    writeFileSync(at('tree/sub/plain'), '', { mode: 0o600 });
    writeFileSync(at('tree/run'), '', { mode: 0o700 });
    const args = { path: at('tree'), state: 'directory', recurse: 'yes', mode: 'u=rwX,go=rX' };
    expect(await host.apply(file, args)).toMatchObject({ changed: true });
    expect([mode('tree/sub'), mode('tree/sub/plain'), mode('tree/run')]).toEqual(['755', '644', '755']);
    expect((await host.plan(file, args)).actions).toEqual([]);
  });

  test('file links, relinks and refuses to replace a file without force', async () => {
    writeFileSync(at('target one'), '1');
    const args = { src: 'target one', dest: at('link'), state: 'link' };
    expect(await host.apply(file, args)).toMatchObject({
      changed: true,
      dest: at('link'),
      src: 'target one',
      state: 'link',
    });
    expect(await host.apply(file, args)).toMatchObject({ changed: false });
    mkdirSync(at('folder'));
    await host.apply(file, { ...args, src: 'folder' });
    expect(await host.apply(file, args)).toMatchObject({ changed: true });
    expect(readlinkSync(at('link'))).toBe('target one');
    writeFileSync(at('plain'), '');
    expect(await host.apply(file, { ...args, path: at('plain'), dest: undefined })).toMatchObject({
      failed: true,
      msg: `refusing to convert from file to symlink for ${at('plain')}`,
    });
    expect(await host.apply(file, { src: 'nowhere', path: at('new'), state: 'link' })).toMatchObject({ failed: true });
    expect(await host.apply(file, { src: 'nowhere', path: at('new'), state: 'link', force: true })).toMatchObject({
      changed: true,
    });
  });

  test('file makes hard links, touches and removes', async () => {
    writeFileSync(at('one'), '1');
    expect(await host.apply(file, { src: at('one'), path: at('two'), state: 'hard' })).toMatchObject({
      changed: true,
      state: 'hard',
    });
    expect((await host.plan(file, { src: at('one'), path: at('two'), state: 'hard' })).actions).toEqual([]);
    expect(await host.apply(file, { path: at('new'), state: 'touch', mode: '0600' })).toMatchObject({
      changed: true,
      mode: '0600',
    });
    expect(await host.apply(file, { path: at('new'), state: 'touch' })).toMatchObject({ changed: true });
    expect(
      (
        await host.plan(file, {
          path: at('new'),
          state: 'touch',
          modification_time: 'preserve',
          access_time: 'preserve',
        })
      ).actions,
    ).toEqual([]);
    expect(await host.apply(file, { path: at('new'), state: 'absent' })).toEqual({
      changed: true,
      path: at('new'),
      state: 'absent',
    });
    expect((await host.plan(file, { path: at('new'), state: 'absent' })).actions).toEqual([]);
    expect(await host.apply(file, { path: at('gone') })).toMatchObject({
      failed: true,
      msg: `file (${at('gone')}) is absent, cannot continue`,
    });
  });

  test('file follows a link to the file whose permissions are meant', async () => {
    writeFileSync(at('real'), '', { mode: 0o600 });
    symlinkSync('real', at('link'));
    expect(await host.apply(file, { path: at('link'), mode: '0640', state: 'file' })).toMatchObject({
      changed: true,
      path: at('real'),
    });
    expect(mode('real')).toBe('640');
  });

  test('copy writes content exactly, keeps permissions on a change, and is done the second time', async () => {
    const text = `it's "quoted" $HOME \`id\` \\n %s zoé\nno end`;
    expect(await host.apply(copy, { content: text, dest: at('file') })).toMatchObject({
      changed: true,
      mode: '0644',
      state: 'file',
    });
    expect(readFileSync(at('file'), 'utf8')).toBe(text);
    expect((await host.plan(copy, { content: text, dest: at('file') })).actions).toEqual([]);
    chmodSync(at('file'), 0o640);
    const again = await host.apply(copy, { content: '', dest: at('file'), backup: 'yes' });
    expect(again).toMatchObject({ changed: true, mode: '0640', size: 0 });
    expect(readFileSync(again.backup_file as string, 'utf8')).toBe(text);
  });

  test('copy uploads binary content and dicts become JSON as Python writes it', async () => {
    writeFileSync(at('blob'), Buffer.from([0, 255, 10, 128]));
    expect(await host.apply(copy, { src: 'blob', dest: `${at('deep/er')}/`, mode: '0600' })).toMatchObject({
      changed: true,
      dest: at('deep/er/blob'),
    });
    expect(readFileSync(at('deep/er/blob'))).toEqual(Buffer.from([0, 255, 10, 128]));
    await host.apply(copy, { content: new Map<string, unknown>([['a', [1, true, null, 'é']]]), dest: at('json') });
    expect(readFileSync(at('json'), 'utf8')).toBe(String.raw`{"a": [1, true, null, "\u00e9"]}`);
    await host.apply(copy, { content: true, dest: at('bool') });
    expect(readFileSync(at('bool'), 'utf8')).toBe('True');
  });

  test('copy of a folder brings its content, or itself without a final slash', async () => {
    mkdirSync(at('src/inner/empty'), { recursive: true });
    writeFileSync(at('src/inner/x'), 'x');
    writeFileSync(at('src/y'), 'y');
    expect(await host.apply(copy, { src: 'src/', dest: at('out1') })).toMatchObject({ changed: true });
    expect(await host.apply(copy, { src: 'src', dest: at('out2') })).toMatchObject({ changed: true });
    expect(readFileSync(at('out1/inner/x'), 'utf8') + readFileSync(at('out2/src/y'), 'utf8')).toBe('xy');
    expect(existsSync(at('out2/src/inner/empty'))).toBe(true);
    expect((await host.plan(copy, { src: 'src', dest: at('out2') })).actions).toEqual([]);
  });

  test('copy on the host itself, of a file and of a folder', async () => {
    mkdirSync(at('src/inner'), { recursive: true });
    writeFileSync(at('src/inner/x'), 'x', { mode: 0o711 });
    const one = { src: at('src/inner/x'), dest: at('copy'), remote_src: 'yes', mode: 'preserve' };
    expect(await host.apply(copy, one)).toMatchObject({ changed: true, mode: '0711' });
    expect(await host.apply(copy, one)).toMatchObject({ changed: false });
    expect(await host.apply(copy, { src: at('src'), dest: at('tree'), remote_src: true })).toMatchObject({
      changed: true,
    });
    expect(readFileSync(at('tree/src/inner/x'), 'utf8')).toBe('x');
    expect((await host.plan(copy, { src: at('src'), dest: at('tree'), remote_src: true })).actions).toEqual([]);
  });

  test('copy leaves nothing behind when validation fails', async () => {
    const args = { content: 'bad', dest: at('checked'), validate: 'grep -q good %s' };
    expect(await host.apply(copy, args)).toMatchObject({
      failed: true,
      msg: expect.stringContaining('failed to validate: rc:1'),
    });
    expect((await host.run('ls')).stdout).toBe('');
    expect(await host.apply(copy, { ...args, content: 'good' })).toMatchObject({ changed: true });
  });

  test('copy replaces a link, or with follow what it points to', async () => {
    writeFileSync(at('real'), 'old');
    symlinkSync('real', at('link'));
    await host.apply(copy, { content: 'new', dest: at('link'), follow: true });
    expect([readFileSync(at('real'), 'utf8'), lstatSync(at('link')).isSymbolicLink()]).toEqual(['new', true]);
    await host.apply(copy, { content: 'newer', dest: at('link') });
    expect([readFileSync(at('real'), 'utf8'), lstatSync(at('link')).isSymbolicLink()]).toEqual(['new', false]);
  });

  test('what is edited through a link keeps its owner and permissions; owner and group go to the link', async () => {
    writeFileSync(at('real'), 'old\n', { mode: 0o640 });
    symlinkSync('real', at('link'));
    const { uid, gid } = statSync(at('real'));
    const given = { path: at('link'), block: 'new', mode: '0600', owner: `${uid}`, group: `${gid}` };
    expect(await host.apply(blockinfile, given)).toMatchObject({ changed: true, msg: 'Block inserted' });
    expect([readFileSync(at('real'), 'utf8').split('\n')[2], mode('real')]).toEqual(['new', '640']);
    const { actions } = await host.plan(lineinfile, { path: at('link'), line: 'new', owner: '12345' });
    expect(actions).toMatchObject([
      { kind: 'run', command: { text: expect.stringContaining(`chown -h 12345 ${at('link')}`) } },
    ]);
  });

  test('template renders, with a diff of old and new', async () => {
    writeFileSync(at('t.j2'), 'hello {{ name }}\n');
    writeFileSync(at('dest'), 'hello nobody\n');
    const plan = await host.plan(template, { src: 't.j2', dest: at('dest') });
    expect(plan.diff).toMatchObject({ before: 'hello nobody\n', after: 'hello zoé\n' });
    expect(await host.apply(template, { src: 't.j2', dest: at('dest'), force: 'False' })).toMatchObject({
      changed: false,
    });
    expect(await host.apply(template, { src: 't.j2', dest: at('dest'), mode: 'u+x' })).toMatchObject({
      changed: true,
      mode: '0744',
    });
    expect((await host.plan(template, { src: 't.j2', dest: at('dest') })).actions).toEqual([]);
  });
});

test('a folder that is missing fails the copy, but not in check mode', async () => {
  const real = localHost();
  const check = localHost({ checkMode: true });
  const args = { content: 'x', dest: '/nowhere/at/all' };
  expect(await real.apply(copy, args)).toMatchObject({
    failed: true,
    msg: 'Destination directory /nowhere/at does not exist',
  });
  expect(await check.apply(copy, args)).toMatchObject({ changed: true });
  real.remove();
  check.remove();
});
