import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pythonText } from '../../../src/provision/python-text.js';
import { fetch } from '../../../src/provision/modules/fetch.js';
import { raw } from '../../../src/provision/modules/raw.js';
import { script } from '../../../src/provision/modules/script.js';
import { vaulted } from '../../support/vaulted.js';
import { linesOf, removeProjects, resultsOf, runPlaybook } from '../../support/run-playbook.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

afterAll(removeProjects);

const root = { user: 'root', method: 'sudo' } as const;

describe.each(shells())('with %s as the shell of the host', (...words) => {
  let host: LocalHost;
  beforeEach(() => {
    const program = words.filter((word) => typeof word === 'string');
    host = localHost({ shell: program, environment: { GREETING: "it's me" }, variables: { playbook_dir: '/nowhere' } });
  });
  afterEach(() => host.remove());

  test('raw gives what a line said and how it ended', async () => {
    expect(await host.apply(raw, { _raw_params: 'echo "a  b"; echo e >&2; exit 3' })).toMatchObject({
      rc: 3,
      failed: true,
      msg: 'non-zero return code',
      stdout: 'a  b\n',
      stdout_lines: ['a  b'],
      stderr_lines: ['e'],
    });
  });

  test('raw as another user runs in the shell that the host names, unless the task names one; as the login user in that of the login', async () => {
    const variables = { ansible_shell_executable: '/bin/echo' };
    const program = words.filter((word) => typeof word === 'string');
    const hosts = [localHost({ shell: program, variables }), localHost({ shell: program, variables, become: root })];
    const [ofLogin, ofRoot] = hosts as [LocalHost, LocalHost];
    expect(await ofLogin.apply(raw, { _raw_params: 'printf "%s" hi' })).toMatchObject({ stdout: 'hi' });
    expect(await ofRoot.apply(raw, { _raw_params: 'printf "%s" hi' })).toMatchObject({ stdout: '-c printf "%s" hi\n' });
    const named = { _raw_params: 'printf "%s" hi', executable: '/bin/sh' };
    expect(await ofRoot.apply(raw, named)).toMatchObject({ stdout: 'hi' });
    for (const one of hosts) one.remove();
  });

  test('a script runs under its own name with its arguments and leaves nothing behind', async () => {
    writeFileSync(
      join(host.folder, 's.sh'),
      '#!/bin/sh\ncd ..; echo "${0##*/} $1 $GREETING $PWD"; echo "$0" >&2; exit 2',
    );
    const result = await host.apply(script, { _raw_params: "s.sh 'a b' | cat", chdir: '/usr/bin' });
    expect(result).toMatchObject({ rc: 0, stdout: "s.sh a b it's me /usr\n" });
    expect(existsSync(pythonText(result.stderr).trim())).toBe(false);
    expect(existsSync(join(pythonText(result.stderr).trim(), '..'))).toBe(false);
  });

  test('a file is fetched whole, with its checksum, and not again', async () => {
    const content = Buffer.alloc(1_300_000, 'é\0x');
    writeFileSync(join(host.folder, 'f'), content);
    const args = { src: join(host.folder, 'f'), dest: join(host.folder, 'out') };
    const dest = join(host.folder, 'out/localhost', host.folder, 'f');
    expect(await host.apply(fetch, args)).toMatchObject({ changed: true, dest });
    expect(readFileSync(dest).equals(content)).toBe(true);
    expect(await host.apply(fetch, args)).toMatchObject({ changed: false, dest });
  });
});

test.each([
  ['/a/../../../f', 'out/localhost/f'],
  ['../../f', 'out/localhost/f'],
])('what is fetched as %s stays below the folder', async (src, expected) => {
  const host = localHost();
  const state = { code: 0, stdout: 'self 81a4:1:1:1:1:0:0:0:0:0:root:root\nsha1 0000\n', stderr: '', truncated: false };
  const other = localHost({ execute: async () => state });
  const plan = await other.plan(fetch, { src, dest: join(host.folder, 'out') });
  expect(plan.actions).toMatchObject([{ kind: 'download', to: join(host.folder, expected) }]);
  for (const one of [host, other]) one.remove();
});

test('a file that changes while it is fetched fails the task, and the old one stays', async () => {
  const host = localHost();
  writeFileSync(join(host.folder, 'f'), 'new');
  writeFileSync(join(host.folder, 'kept'), 'old');
  const changing = localHost({
    execute: async (text) => {
      if (text.startsWith('tail')) writeFileSync(join(host.folder, 'f'), 'newer');
      return host.run(text);
    },
  });
  const args = { src: join(host.folder, 'f'), dest: join(host.folder, 'kept'), flat: true };
  expect(await changing.apply(fetch, args)).toMatchObject({ failed: true, msg: 'checksum mismatch' });
  expect(readdirSync(host.folder).sort()).toEqual(['f', 'kept']);
  expect(readFileSync(join(host.folder, 'kept'), 'utf8')).toBe('old');
  for (const one of [host, changing]) one.remove();
});

test('files of a project that are vaults reach the host decrypted, unless they are wanted as they are', async () => {
  const password = 'opens it';
  const played = await runPlaybook(
    {
      'pw.txt': password,
      'files/s.sh': vaulted('#!/bin/sh\necho from the vault\n', password),
      'files/plain': vaulted(Buffer.from([1, 0, 255, 254]), password),
      'site.yml': `- hosts: h1
  gather_facts: no
  tasks:
    - script: s.sh
      register: said
    - assert: {that: said.stdout == "from the vault\\n"}
    - copy: {src: plain, dest: "{{ base }}/plain"}
    - copy: {src: plain, dest: "{{ base }}/vaulted", decrypt: no}
    - fetch: {src: "{{ base }}/plain", dest: back}
`,
    },
    { vaultPassword: password },
  );
  expect(linesOf(played)).toEqual([
    'script h1 changed',
    'assert h1 ok',
    'copy h1 changed',
    'copy h1 changed',
    'fetch h1 changed',
  ]);
  expect([...readFileSync(join(played.folder, 'out/plain'))]).toEqual([1, 0, 255, 254]);
  expect(readFileSync(join(played.folder, 'out/vaulted'), 'utf8')).toMatch(/^\$ANSIBLE_VAULT;1\.1/);
  expect([...readFileSync(join(played.folder, 'project/back/h1', played.folder, 'out/plain'))]).toEqual([
    1, 0, 255, 254,
  ]);
  expect(resultsOf(played).map(({ status }) => status)).not.toContain('failed');
});
