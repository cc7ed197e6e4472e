import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { dpkgPackage } from '../../src/provision/facts/packages.js';
import { fileState } from '../../src/provision/facts/file-state.js';
import { systemdUnit } from '../../src/provision/facts/units.js';

import { joinQuestions, type Question } from '../../src/provision/joint-questions.js';
import type { Fact } from '../../src/provision/module.js';
import { type LocalHost, localHost, shells } from './support/local-host.js';

let host: LocalHost;
afterEach(() => host.remove());

const asked = (script: string): Question => ({ script, become: undefined });

async function jointly(questions: readonly Question[]) {
  const joint = joinQuestions(questions);
  return joint.answers(await host.run(joint.script));
}

/** What a fact is when it is read alone, and when it is read with the others. */
async function bothWays<T>(facts: readonly Fact<T>[]) {
  const questions = facts.map(({ script, together }) => ({ script, together, become: undefined }));
  const answers = await jointly(questions);
  return Promise.all(
    facts.map(async (fact, index) => {
      const question = questions[index];
      const answer = question && answers.get(question);
      return { alone: fact.parse(await host.run(fact.script)), joint: answer && fact.parse(answer) };
    }),
  );
}

describe.each(shells())('in %s %s', (...shell) => {
  const words = shell.filter((word): word is string => typeof word === 'string');

  test('every question gets its own output, complaints and exit code', async () => {
    host = localHost({ shell: words });
    const questions = [
      asked("printf 'no line end'"),
      asked('echo two; echo lines; echo complaint >&2; exit 3'),
      asked(''),
      asked('cd /; x=changed; set -- a b; umask 0; exec 2>/dev/null'),
      asked('pwd; echo "$x$#"; false'),
    ];
    const answers = await jointly(questions);
    expect(questions.map((question) => answers.get(question))).toEqual([
      { code: 0, stdout: 'no line end', stderr: '', truncated: false },
      { code: 3, stdout: 'two\nlines\n', stderr: 'complaint\n', truncated: false },
      { code: 0, stdout: '', stderr: '', truncated: false },
      { code: 0, stdout: '', stderr: '', truncated: false },
      { code: 1, stdout: `${host.folder}\n0\n`, stderr: '', truncated: false },
    ]);
  });

  test('the states of many files are the same as one by one', async () => {
    host = localHost({ shell: words });
    const at = (name: string) => join(host.folder, name);
    for (const name of ['empty', 'filled', 'dotted', "it's a folder"]) mkdirSync(at(name));
    for (const name of [
      'filled/a',
      'dotted/.a',
      'text',
      'two words',
      "quo'te",
      'tab\there',
      'back\\slash',
      'line\nbreak',
      '*',
    ])
      writeFileSync(at(name), `content of ${name}`);
    chmodSync(at('text'), 0o4711);
    for (const [name, target] of [
      ['to-file', 'text'],
      ['to-folder', 'filled'],
      ['to-link', 'to-file'],
      ['broken', 'nowhere/at all'],
    ] as const)
      symlinkSync(target, at(name));
    await host.run('mkfifo fifo');
    const names = [
      'empty filled dotted text * ? to-file to-folder to-link broken fifo missing missing/below text/below filled/'.split(
        ' ',
      ),
      ["it's a folder", 'two words', "quo'te", 'tab\there', 'back\\slash', 'line\nbreak'],
    ].flat();
    const paths = [...names.map(at), '/', '/dev/null', '/missing', './text', './-dash', 'text'];
    const facts = paths.flatMap((path) => [fileState(path), fileState(path, { sha1: true })]);
    const steady = (state: unknown) => JSON.stringify(state).replaceAll(/"accessTime":\d+/g, '');
    for (const { alone, joint } of await bothWays(facts)) expect(steady(joint)).toBe(steady(alone));
  });

  test('packages and units are the same as one by one', async () => {
    host = localHost({ shell: words });
    const packages = ['dpkg', 'no-such-package', 'coreutils', 'libc6', 'Not a name'].map((name) => dpkgPackage(name));
    for (const { alone, joint } of await bothWays(packages)) expect(joint).toEqual(alone);
    const units = ['cron', 'no-such-unit', 'ssh.service', 'cron.service', 'a/b'].flatMap((name) => [
      systemdUnit(name, 'system', true),
      systemdUnit(name, 'system', false),
    ]);
    for (const { alone, joint } of await bothWays(units)) if (joint) expect(joint).toEqual(alone);
  });
});

test('output that ended early or had to be cut answers nothing that it might have mixed up', async () => {
  host = localHost();
  const questions = [asked('echo one'), asked('echo two'), asked('echo three')];
  const joint = joinQuestions(questions);
  const result = await host.run(joint.script);
  const early = joint.answers({ ...result, stdout: result.stdout.slice(0, result.stdout.indexOf('three') + 2) });
  expect(questions.map((question) => early.get(question)?.stdout)).toEqual(['one\n', 'two\n', undefined]);
  expect(joint.answers({ ...result, truncated: true }).size).toBe(0);
});
