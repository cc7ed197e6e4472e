import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { fileState } from '../../src/provision/facts/file-state.js';
import { createHostSession, type HostSession } from '../../src/provision/host-session.js';
import { touchesOnly } from '../../src/provision/modules/place-file.js';
import { localHost, shells } from './support/local-host.js';
import { linesOf, removeProjects, runIn, saidBy, writeProject } from '../support/run-playbook.js';

afterAll(removeProjects);

/** Folders, files, links to both, a file with two names, and what does not exist yet. */
const PATHS = 'a a/x a/y b b/x c c/d c/d/x link link/x link/y to-x twin nowhere n n/m n/m/o'.split(' ');

function fill(folder: string): void {
  for (const name of ['a', 'b', 'c', 'c/d']) mkdirSync(join(folder, name));
  for (const name of ['a/x', 'a/y', 'b/x']) writeFileSync(join(folder, name), `${name}\n`);
  symlinkSync('a', join(folder, 'link'));
  symlinkSync('a/x', join(folder, 'to-x'));
  symlinkSync('gone', join(folder, 'nowhere'));
  linkSync(join(folder, 'a/y'), join(folder, 'twin'));
}

// Where the list of mounts cannot be read, as on other systems than Linux, no answer outlives anything.
const onLinux = existsSync('/proc/self/mountinfo') ? describe : describe.skip;

onLinux('An answer that is kept after a change', () => {
  const never = new AbortController().signal;
  let folder = '';
  let open: HostSession[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stars-answers-'));
    fill(folder);
    open = [];
  });

  afterEach(async () => {
    await Promise.all(open.map((session) => session.close()));
    rmSync(folder, { recursive: true });
  });

  const facts = () => PATHS.map((name) => fileState(join(folder, name), { sha1: true }));

  function newSession(): HostSession {
    const session = createHostSession(async () => connectLocal({ name: 'h1' }));
    open.push(session);
    return session;
  }

  async function askAll(session: HostSession): Promise<unknown[]> {
    session.prefetch(
      facts().map((fact) => ({ ...fact, become: undefined })),
      never,
    );
    return Promise.all(facts().map((fact) => session.fact(fact, undefined, never)));
  }

  const stateOf = (session: HostSession, path: string) =>
    session.fact(fileState(path, { sha1: true }), undefined, never);

  async function touch(session: HostSession, path: string) {
    return session.bounds(touchesOnly(await stateOf(session, path)), undefined);
  }

  const change: Record<string, (path: string) => void> = {
    write(path) {
      if (existsSync(path) && lstatSync(path).isDirectory()) return;
      writeFileSync(`${path}.new`, `${Math.random()}`);
      renameSync(`${path}.new`, path);
    },
    makeFolder: (path) => mkdirSync(path, { recursive: true }),
    remove: (path) => rmSync(path, { recursive: true, force: true }),
    permit: (path) => chmodSync(path, 0o700),
    link: (path) => symlinkSync('b', path),
  };

  test('is the one that would be given anew', async () => {
    let kept = 0;
    const step = fc.record({ name: fc.constantFrom(...PATHS), what: fc.constantFrom(...Object.keys(change)) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        fill(folder);
        const [session, other] = [newSession(), newSession()];
        for (const { name, what } of steps) {
          await askAll(session);
          const path = join(folder, name);
          const { stat, parentExists } = await stateOf(session, path);
          const touched = await touch(session, path);
          session.forget(touched);
          let succeeded = false;
          try {
            change[what]?.(path);
            succeeded = true;
          } catch {
            // As a task that fails on its way.
          }
          session.forget(touched);
          if (what === 'makeFolder' && !stat && parentExists && succeeded) touched?.becameFolder();
          other.forget();
          const known = facts().map((fact) => session.known({ ...fact, become: undefined }));
          const only = (all: unknown[]) =>
            all.map((state, index) => (known[index] ? withoutReading(state) : 'dropped'));
          const anew = only(await askAll(other));
          expect(only(await askAll(session))).toEqual(anew);
          kept += known.filter(Boolean).length;
        }
      }),
      { numRuns: Number(process.env['ANSWER_RUNS'] ?? 20) },
    );
    expect(kept).toBeGreaterThan(0);
  }, 300_000);

  test('is known for what is below a folder that an action made, unless something else was changed meanwhile', async () => {
    const [session, other] = [newSession(), newSession()];
    const below = fileState(join(folder, 'n/m'), { sha1: true });
    const isKnown = () => session.known({ ...below, become: undefined });
    for (const between of [false, true]) {
      await askAll(session);
      const touched = await touch(session, join(folder, 'n'));
      session.forget(touched);
      mkdirSync(join(folder, 'n'));
      if (between) session.forget(undefined);
      session.forget(touched);
      expect(isKnown()).toBe(false);
      touched?.becameFolder();
      expect(isKnown()).toBe(!between);
      const [kept, anew] = await Promise.all([session, other].map((one) => one.fact(below, undefined, never)));
      expect(kept).toEqual(anew);
      rmSync(join(folder, 'n'), { recursive: true });
      session.forget(undefined);
      other.forget(undefined);
    }
  });

  test('is dropped when the same machine was changed under another name, and not when it was another machine', async () => {
    const [session, twin] = [newSession(), newSession()];
    await Promise.all([askAll(session), askAll(twin)]);
    const touched = await touch(session, join(folder, 'a/x'));
    const [about] = facts().filter((_, index) => PATHS[index] === 'b/x');
    const question = { script: '', ...about, become: undefined };
    if (!touched) throw new Error('The change of a file has bounds.');
    twin.forgetShared({ ...touched, ground: { ...touched.ground, machine: 'another' } });
    expect(twin.known(question)).toBe(true);
    twin.forgetShared(touched);
    expect(twin.known(question)).toBe(false);
  });

  test('is dropped with all others when what was changed has no bounds', async () => {
    const session = newSession();
    await askAll(session);
    for (const name of ['link', 'to-x', 'twin', 'link/x'])
      expect(await touch(session, join(folder, name))).toBeUndefined();
    expect(session.bounds(['/etc/passwd'], undefined)).toBeUndefined();
    session.forget(undefined);
    expect(facts().some((fact) => session.known({ ...fact, become: undefined }))).toBe(false);
  });
});

/** The times of reading change by asking. */
function withoutReading(state: unknown): unknown {
  return JSON.parse(JSON.stringify(state), (key, value: unknown) => (key === 'accessTime' ? 0 : value));
}

const mode = fc.constantFrom('', ' mode=0600', ' mode=0755');

function taskOn(paths: readonly string[]): fc.Arbitrary<string> {
  const path = fc.constantFrom(...paths).map((name) => `{{ base }}/${name}`);
  const copy = fc
    .tuple(fc.constantFrom('one', 'two'), path, mode, fc.constantFrom('', ' follow=yes', ' backup=yes'))
    .map(([content, dest, how, also]) => `copy: content=${content} dest=${dest}${how}${also}`);
  const file = fc
    .tuple(path, fc.constantFrom('directory', 'file', 'absent'), mode)
    .map(([name, state, how]) => `file: path=${name} state=${state}${how}`);
  const link = fc
    .tuple(path, path, fc.constantFrom('link', 'hard'), fc.constantFrom('', ' force=yes'))
    .map(([src, name, state, how]) => `file: src=${src} path=${name} state=${state}${how}`);
  const line = fc
    .tuple(path, fc.constantFrom('one', 'two'))
    .map(([name, text]) => `lineinfile: path=${name} line=${text} create=yes`);
  const command = fc.oneof(
    fc.tuple(path, path).map(([from, to]) => `command: mv -T ${from} ${to}`),
    path.map((name) => `shell: echo more >> ${name}`),
  );
  return fc.oneof(
    { weight: 5, arbitrary: copy },
    { weight: 5, arbitrary: file },
    { weight: 2, arbitrary: link },
    { weight: 2, arbitrary: line },
    { weight: 1, arbitrary: command },
  );
}

type Step = { task: string; host: string };

/** Tasks on a handful of paths, so that they come across each other. */
const steps: fc.Arbitrary<Step[]> = fc.subarray(PATHS, { minLength: 3, maxLength: 6 }).chain((paths) =>
  fc.array(fc.record({ task: taskOn(paths), host: fc.constantFrom('h1', 'h1', 'h1', 'h2') }), {
    minLength: 8,
    maxLength: 30,
  }),
);

/** Each step on one of two names of this machine. */
function playbookOf(all: readonly Step[]): string {
  const tasks = all.map(
    ({ task, host }) => `    - ${task}\n      when: inventory_hostname == '${host}'\n      ignore_errors: yes\n`,
  );
  return `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.join('')}`;
}

type Outcome = { told: unknown; tree: string[]; scripts: number };

/** Plays the steps in a folder of their own; without the file by which mounts are known, no answer is kept. */
async function outcomeOf(all: readonly Step[], { kept }: { kept: boolean }): Promise<Outcome> {
  const folder = writeProject({ 'site.yml': playbookOf(all) });
  fill(join(folder, 'out'));
  let scripts = 0;
  const played = await runIn(folder, {
    connect: async (name) => {
      const inner = connectLocal({ name });
      const exec: Connection['exec'] = (script, options) => {
        scripts += 1;
        return inner.exec(kept ? script : script.replaceAll('/proc/self/mountinfo', '/proc/self/nothing'), options);
      };
      return { ...inner, exec };
    },
  });
  const plain = (text: string) => text.replaceAll(folder, '').replaceAll(/\.\d+\.[\d@:-]+~|\.stars-\S+/g, '');
  // Which host is through first is chance.
  const lines = [...linesOf(played), ...saidBy(played)].map(plain);
  const told = ['h1', 'h2'].map((host) => lines.filter((line) => line.includes(host)));
  return { told, tree: treeOf(join(folder, 'out')).map(plain).sort(), scripts };
}

function treeOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = join(folder, name);
    const stat = lstatSync(file);
    const line = `${file} ${stat.mode.toString(8)}`;
    if (stat.isDirectory()) return [line, ...treeOf(file)];
    return [`${line} ${stat.nlink} ${stat.isSymbolicLink() ? readlinkSync(file) : readFileSync(file, 'utf8')}`];
  });
}

test('tasks find and do the same with answers that outlive changes as with answers that are asked anew', async () => {
  const scripts = { kept: 0, anew: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const anew = await outcomeOf(all, { kept: false });
      const kept = await outcomeOf(all, { kept: true });
      expect({ told: kept.told, tree: kept.tree }).toEqual({ told: anew.told, tree: anew.tree });
      scripts.kept += kept.scripts;
      scripts.anew += anew.scripts;
    }),
    { numRuns: Number(process.env['TASK_RUNS'] ?? 5), endOnFailure: true },
  );
  expect(scripts.kept < scripts.anew).toBe(existsSync('/proc/self/mountinfo'));
}, 300_000);

test.each(shells())('a link that leads into itself is told of in %s, and keeps no program busy', async (...shell) => {
  const host = localHost({ shell });
  symlinkSync(join(host.folder, 'c/d'), join(host.folder, 'c'));
  const fact = fileState(join(host.folder, 'c'), { sha1: true });
  const { stat, link } = fact.parse(await host.run(fact.script));
  expect([stat?.kind, link?.target, link?.stat]).toEqual(['link', join(host.folder, 'c/d'), undefined]);
  host.remove();
});
