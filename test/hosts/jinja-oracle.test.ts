import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Answer, corpus, differences, readFixture } from '../jinja/corpus.js';

/** The answers of the real thing; UPDATE_GOLDEN=1 keeps them for the tests that run without it. */
function askReference(): Answer[] {
  const input = JSON.stringify({ vars: readFixture('jinja/vars.yml'), cases: corpus() });
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

test('the installed Jinja2, ansible-core and PyYAML agree with our engine on every case', () => {
  const answers = askReference();
  if (process.env['UPDATE_GOLDEN']) {
    const rows = answers.map((answer) => JSON.stringify(answer)).join(',\n');
    writeFileSync('test/fixtures/jinja/answers.json', `[\n${rows}\n]\n`);
  }
  expect(differences(corpus(), answers)).toEqual([]);
});
