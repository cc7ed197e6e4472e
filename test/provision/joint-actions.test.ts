import { afterEach, describe, expect, test } from '@jest/globals';
import { joinActions } from '../../src/provision/joint-actions.js';
import { type LocalHost, localHost, shells } from './support/local-host.js';

let host: LocalHost;
afterEach(() => host.remove());

async function jointly(commands: readonly string[]) {
  const joint = joinActions(commands.map((text) => ({ text })));
  return joint.results(await host.run(joint.script));
}

const ok = { code: 0, stderr: '', truncated: false };

describe.each(shells())('in %s %s', (...shell) => {
  const words = shell.filter((word): word is string => typeof word === 'string');

  test('each command gets its own output and complaints, and nothing it sets reaches the next', async () => {
    host = localHost({ shell: words });
    expect(await jointly(["x=1; cd /; printf 'no line end'", 'echo "[$x]"; echo two >&2', 'echo last'])).toEqual([
      { ...ok, stdout: 'no line end' },
      { ...ok, stdout: '[]\n', stderr: 'two\n' },
      { ...ok, stdout: 'last\n' },
    ]);
  });

  test('the first that fails is the last that runs, with its own exit code', async () => {
    host = localHost({ shell: words });
    expect(await jointly(['echo one', 'echo why >&2; exit 7', 'echo never'])).toEqual([
      { ...ok, stdout: 'one\n' },
      { code: 7, stdout: '', stderr: 'why\n', truncated: false },
    ]);
    expect(await jointly(['true', 'echo end; false'])).toEqual([
      { ...ok, stdout: '' },
      { ...ok, code: 1, stdout: 'end\n' },
    ]);
  });

  test('a command that exits early, and one that the shell cannot read, keep the others from nothing', async () => {
    host = localHost({ shell: words });
    expect(await jointly(['exit 0', 'echo on'])).toEqual([
      { ...ok, stdout: '' },
      { ...ok, stdout: 'on\n' },
    ]);
    const [first, second, ...more] = await jointly(['echo done', 'if then']);
    expect([first, second?.code !== 0, more]).toEqual([{ ...ok, stdout: 'done\n' }, true, []]);
  });
});

test('where the middle of much output is left out, what is known of each command still stands', () => {
  const { results } = joinActions([{ text: 'first' }, { text: 'second' }]);
  expect(results({ code: 0, stdout: 'start\n[… left out …]\nend\n', stderr: '', truncated: true })).toEqual([
    { code: 0, stdout: '', stderr: '', truncated: true },
    { code: 0, stdout: 'start\n[… left out …]\nend\n', stderr: '', truncated: true },
  ]);
});
