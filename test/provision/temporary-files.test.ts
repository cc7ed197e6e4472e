import { afterEach, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { poll } from '../../src/poll.js';
import { removeProjects, runIn, writeProject } from '../support/run-playbook.js';

afterEach(removeProjects);

// Big enough to be sent before it is put in place, small enough to be sent within the script that does so.
const SIZES = [
  ['sent ahead', 100_000],
  ['sent along', 10],
] as const;

/** A project that replaces `out/file`; the check of the new content goes on until it is stopped. */
function project(bytes: number, keywords = ''): string {
  const check = `validate: "sh -c 'touch {{ base }}/checked; sleep 4500' %s"`;
  const copy = `copy: {content: "${'x'.repeat(bytes)}", dest: "{{ base }}/file", ${check}}`;
  // The second task shows what is there while the connection is still open.
  const look = '{name: look, command: "ls -A {{ base }}", register: there}';
  const tell = '{debug: {msg: "{{ there.stdout_lines | join(\' \') }}"}}';
  const tasks = [`{${copy}, ignore_errors: yes${keywords}}`, look, tell];
  const folder = writeProject({
    inventory: 'h1\n',
    'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.map((task) => `    - ${task}\n`).join('')}`,
  });
  writeFileSync(join(folder, 'out', 'file'), 'before\n');
  return folder;
}

test.each(SIZES)(
  'a run that is cancelled while it places a file leaves the old one and nothing else: content %s',
  async (_title, bytes) => {
    const folder = project(bytes);
    const controller = new AbortController();
    const playing = runIn(folder, { signal: controller.signal });
    const out = join(folder, 'out');
    await poll(async () => readdirSync(out).includes('checked') || undefined, {
      clock: systemClock,
      everyMs: 20,
      timeoutMs: 20_000,
      what: 'The check of the new file',
    });
    controller.abort();
    expect((await playing).error).toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(out).sort()).toEqual(['checked', 'file']);
    expect(readFileSync(join(out, 'file'), 'utf8')).toBe('before\n');
  },
);

test.each(SIZES)(
  'a task that takes too long tidies up before the next one begins: content %s',
  async (_title, bytes) => {
    const played = await runIn(project(bytes, ', timeout: 1'));
    const words = played.events.flatMap((event) =>
      event.type === 'task.result' && event.status === 'ok' && event.message !== undefined ? [event.message] : [],
    );
    expect(words.at(-1)).toBe('checked file');
  },
);

test('what a run left beside a file when its host lost power goes with the next change there, and nothing that may be in use', async () => {
  const folder = project(10);
  const out = join(folder, 'out');
  const past = new Date(Date.now() - 26 * 3_600_000);
  const old = (name: string) => utimesSync(join(out, name), past, past);
  for (const name of ['.stars-261127-0301-k7f2qa-3', '.stars-261128-0302-abcdef-1', '.stars-notes-2024-ours-1'])
    writeFileSync(join(out, name), 'half');
  mkdirSync(join(out, '.stars-261127-0301-folder-4'));
  symlinkSync('/etc/passwd', join(out, '.stars-261127-0301-linked-5'));
  for (const name of ['.stars-261127-0301-k7f2qa-3', '.stars-notes-2024-ours-1', '.stars-261127-0301-folder-4'])
    old(name);
  writeFileSync(
    join(folder, 'project', 'site.yml'),
    "- hosts: all\n  gather_facts: no\n  tasks:\n    - copy: {content: new, dest: '{{ base }}/file'}\n",
  );
  expect((await runIn(folder)).result?.failed).toBeUndefined();
  expect(readdirSync(out).sort()).toEqual([
    '.stars-261127-0301-folder-4',
    '.stars-261127-0301-linked-5',
    '.stars-261128-0302-abcdef-1',
    '.stars-notes-2024-ours-1',
    'file',
  ]);
});

test.each([
  ['a new file with a mode', "mode: '0644'", undefined],
  ['a new file without one', '', undefined],
  ['a file that is replaced', '', 'before\n'],
])('content is for nobody else to read until it has its permissions: %s', async (_title, words, before) => {
  const folder = writeProject({
    inventory: 'h1 ansible_become_exe="{{ base }}/../programs/sudo"\n',
    'site.yml': `- hosts: all\n  gather_facts: no\n  become: yes\n  tasks:\n    - copy: {content: new, dest: '{{ base }}/file', ${words}}\n`,
  });
  const out = join(folder, 'out');
  if (before !== undefined) writeFileSync(join(out, 'file'), before, { mode: 0o644 });
  const programs = join(folder, 'programs');
  const seen = join(programs, 'seen');
  mkdirSync(programs);
  const program = (name: string, script: string) =>
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
  program('sudo', `until [ "$1" = -- ]; do shift; done; shift\nPATH='${programs}':$PATH exec "$@"\n`);
  program('chmod', `stat -c %a "$2" >>'${seen}'\nPATH=\${PATH#*:} exec chmod "$@"\n`);
  expect((await runIn(folder)).result?.failed).toBeUndefined();
  expect(readFileSync(seen, 'utf8')).toBe('600\n');
  expect(statSync(join(out, 'file')).mode & 0o777).toBe(0o644);
});
