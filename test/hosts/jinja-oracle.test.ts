import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Answer, corpus, differences, readFixture } from '../jinja/corpus.js';
import { ALL, drawn } from './differential/sample.js';

// A part of the corpus, or all of it (`npm run test:hosts -- --all`); UPDATE_GOLDEN=1 keeps all answers for the tests that run without the real thing.
const UPDATE = process.env['UPDATE_GOLDEN'] !== undefined;
const cases = corpus().filter(({ source }) => ALL || UPDATE || drawn(source, 4));

/** The answers of the real thing. */
function askReference(): Answer[] {
  const input = JSON.stringify({ vars: readFixture('jinja/vars.yml'), cases });
  const reference = spawnSync('/usr/bin/python3', ['test/oracle/jinja_oracle.py'], {
    input,
    encoding: 'utf8',
    maxBuffer: 100_000_000,
    timeout: 300_000,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LC_ALL: 'C.UTF-8' },
  });
  if (reference.status !== 0) throw new Error(reference.stderr);
  return JSON.parse(reference.stdout) as Answer[];
}

test('the installed Jinja2, ansible-core and PyYAML agree with our engine on every case that they are asked', () => {
  const answers = askReference();
  if (UPDATE) {
    const rows = answers.map((answer) => JSON.stringify(answer)).join(',\n');
    writeFileSync('test/fixtures/jinja/answers.json', `[\n${rows}\n]\n`);
  }
  expect(differences(cases, answers)).toEqual([]);
});
