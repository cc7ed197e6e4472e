import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, shell } from '../../../src/provision/modules/command.js';
import { stat } from '../../../src/provision/modules/stat.js';
import { removeProjects, runPlaybook, saidBy } from '../../support/run-playbook.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

describe.each(shells())('with %s as the shell of the host', (...words) => {
  let host: LocalHost;
  beforeEach(() => {
    const program = words.filter((word) => typeof word === 'string');
    host = localHost({ shell: program, environment: { GREETING: "it's me" } });
  });
  afterEach(() => host.remove());

  test('command gives output, exit code and times, and no shell meaning to its words', async () => {
    const result = await host.apply(command, { cmd: `echo 'a  b' "*" | cat > x; exit` });
    expect(result).toMatchObject({
      changed: true,
      rc: 0,
      stdout: 'a  b * | cat > x; exit',
      stdout_lines: ['a  b * | cat > x; exit'],
      stderr: '',
    });
    expect(result.start).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    expect(result.delta).toMatch(/^0:00:0\d\.\d{6}$/);
    expect(await host.apply(command, { argv: ['printf', '%s|', '', 'a ', ''] })).toMatchObject({ stdout: '|a ||' });
    expect(await host.apply(command, { cmd: "printf '%s|' '' b" })).toMatchObject({ stdout: '|b|' });
  });

  test('a command that fails says so in the words of Ansible and keeps its output', async () => {
    expect(await host.apply(shell, { cmd: 'echo out; echo err >&2; exit 4' })).toMatchObject({
      failed: true,
      rc: 4,
      stdout: 'out',
      stderr: 'err',
      msg: 'non-zero return code',
    });
  });

  test('a program that does not exist is told apart from one that fails', async () => {
    expect(await host.apply(command, { cmd: 'no-such-program' })).toMatchObject({
      failed: true,
      rc: 2,
      msg: "[Errno 2] No such file or directory: b'no-such-program'",
    });
    expect(await host.apply(command, { cmd: 'true', chdir: '/no/such' })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('Unable to change directory'),
    });
  });

  test('creates and removes save a command, also with patterns and relative to chdir', async () => {
    const made = { cmd: 'touch made', chdir: host.folder, creates: 'ma*' };
    expect(await host.apply(command, made)).toMatchObject({ changed: true, rc: 0 });
    expect(await host.apply(command, made)).toMatchObject({ changed: false, stdout: 'skipped, since ma* exists' });
    expect(
      await host.apply(shell, { cmd: 'rm made', chdir: host.folder, removes: join(host.folder, 'made') }),
    ).toMatchObject({ changed: true });
    expect(await host.apply(shell, { cmd: 'rm made', removes: join(host.folder, 'made') })).toMatchObject({
      changed: false,
    });
  });

  test('the environment, standard input and a syntax error reach the shell, and ours goes on', async () => {
    expect(await host.apply(shell, { cmd: 'echo "$GREETING"; cat', stdin: 'typed' })).toMatchObject({
      stdout: "it's me\ntyped",
    });
    expect(await host.apply(shell, { cmd: 'if then' })).toMatchObject({ failed: true, msg: 'non-zero return code' });
    expect(await host.apply(shell, { cmd: "echo 'one\ntwo' && cd / && pwd" })).toMatchObject({
      stdout_lines: ['one', 'two', '/'],
    });
  });

  test('stat tells what a file is, and that there is none', async () => {
    writeFileSync(join(host.folder, 'a b'), 'x', { mode: 0o640 });
    const { stat: found } = await host.apply(stat, { path: join(host.folder, 'a b') });
    expect(Object.fromEntries(found as Map<string, unknown>)).toMatchObject({
      exists: true,
      isreg: true,
      isdir: false,
      mode: '0640',
      size: 1,
      checksum: '11f6ad8ec52a2984abaafd7c3b516503785c2072',
      wusr: true,
      wgrp: false,
    });
    expect(await host.apply(stat, { path: join(host.folder, 'nothing') })).toEqual({
      changed: false,
      stat: new Map([['exists', false]]),
    });
  });
});

test('in check mode a command is not run, and with creates it counts as a change', async () => {
  const host = localHost({ checkMode: true });
  const path = join(host.folder, 'made');
  expect(await host.apply(command, { cmd: `touch ${path}` })).toMatchObject({ skipped: true, changed: false });
  expect(await host.apply(command, { cmd: `touch ${path}`, creates: path })).toMatchObject({ changed: true });
  expect(existsSync(path)).toBe(false);
  host.remove();
});

test('a secret in a shell command is no argument of any process', async () => {
  const host = localHost();
  const { stdout } = await host.apply(shell, { cmd: SHOW_ARGUMENTS, executable: '/bin/bash' });
  expect(stdout).toMatch(/^\/bin\/bash -c/);
  expect(stdout).not.toContain('hunter2');
  host.remove();
});

test('nor is it where the shell of the session runs it', async () => {
  const tasks = JSON.stringify([{ shell: SHOW_ARGUMENTS, register: 'said' }, { debug: { msg: '{{ said.stdout }}' } }]);
  const played = await runPlaybook({
    inventory: 'h1\n',
    'site.yml': `- {hosts: h1, gather_facts: no, tasks: ${tasks}}\n`,
  });
  expect(saidBy(played)).toEqual([expect.stringMatching(/^h1: \S*sh/)]);
  expect(saidBy(played).join()).not.toContain('hunter2');
  removeProjects();
});

const SHOW_ARGUMENTS = ': hunter2; tr "\\0" " " <"/proc/$$/cmdline"';
