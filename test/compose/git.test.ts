import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../../src/compose/git.js';

let folder: string;
let home: string;
let repository: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stars-git-'));
  [home, repository] = [join(folder, 'home'), join(folder, 'repository')];
  for (const path of [home, repository, join(home, 'hooks')]) mkdirSync(path);
  const inIt = (...words: string[]) => execFileSync('git', ['-C', repository, ...words]);
  inIt('init', '--quiet');
  writeFileSync(join(repository, 'file'), 'content\n');
  inIt('add', 'file');
  inIt('-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '--quiet', '-m', 'A change');
  // What somebody set up for their own work: hooks of every repository, and of every new one.
  const hook = `#!/bin/sh\ntouch ${join(folder, 'hook-ran')}\n`;
  writeFileSync(join(home, 'hooks', 'post-checkout'), hook, { mode: 0o755 });
  mkdirSync(join(home, 'template', 'hooks'), { recursive: true });
  writeFileSync(join(home, 'template', 'hooks', 'post-checkout'), hook, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['of all repositories', 'core', 'hooksPath', 'hooks'],
  ['copied into each new one', 'init', 'templateDir', 'template'],
])(
  'checking out runs no hook, also none that the configuration names: hooks %s',
  async (_title, section, key, path) => {
    writeFileSync(join(home, '.gitconfig'), `[${section}]\n\t${key} = ${join(home, path)}\n`);
    const { PATH } = process.env;
    const git = createGit({ environment: { PATH, HOME: home }, signal: new AbortController().signal });
    const commit = (await git.references(repository)).get('HEAD') ?? '';
    const copy = join(folder, `copy-${path}`);
    await git.checkOut(repository, commit, copy);
    expect(readFileSync(join(copy, 'file'), 'utf8')).toBe('content\n');
    expect(existsSync(join(folder, 'hook-ran'))).toBe(false);
    // By hand they do run.
    execFileSync('git', ['clone', '--quiet', repository, join(folder, `own-${path}`)], { env: { PATH, HOME: home } });
    expect(existsSync(join(folder, 'hook-ran'))).toBe(true);
    rmSync(join(folder, 'hook-ran'));
  },
);
