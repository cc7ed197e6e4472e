import { afterEach, describe, expect, test } from '@jest/globals';
import { missingProgram, requireBasics } from '../../src/provision/missing-program.js';
import { type LocalHost, localHost, shells } from './support/local-host.js';

let host: LocalHost;
afterEach(() => host.remove());

describe.each(shells())('in %s %s', (...shell) => {
  const words = shell.filter((word): word is string => typeof word === 'string');

  test.each(['nosuch -a b', 'cd / && nosuch', 'eval nosuch', 'echo x | nosuch'])(
    'the program that “%s” misses is told with what the module needs',
    async (script) => {
      host = localHost({ shell: words });
      expect(missingProgram(await host.run(script), { name: 'user', needs: 'useradd' })).toBe(
        'nosuch is no program of this host. Install it there first: the module user needs a shell, and coreutils or busybox; also useradd.',
      );
    },
  );

  test('an answer that a program of every host was missing for is none', async () => {
    host = localHost({ shell: words });
    const answer = await host.run('PATH=/nowhere; stat -c %f /');
    expect(() => requireBasics(answer)).toThrow('stat is no program of this host');
    const others = await host.run('nosuch; echo "x: stat: not found here" >&2; cat /nowhere/stat');
    expect(() => requireBasics(others)).not.toThrow();
  });

  test('what failed otherwise keeps its own words', async () => {
    host = localHost({ shell: words });
    const failed = await host.run('echo "key: not found" >&2; exit 1');
    expect(missingProgram(failed, { name: 'user' })).toBeUndefined();
  });
});
