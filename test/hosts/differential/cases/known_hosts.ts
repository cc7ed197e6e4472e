import type { DifferentialCase, Intended } from '../case.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const RSA = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDKyJ';
const NEW = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQNEW';
const ED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPphuDBEHm4vv7W4I4AfNXxAP1A1PpZOOHmdZQqU6Ro';
const HASHED = '|1|AAECAwQFBgcICQoLDA0ODxAREhM=|lw5SLmoYoi6qREToxpC5VNmhACQ=';
const BEFORE = {
  nothing: ':',
  empty: ': >k',
  rsa: `printf '%s\\n' 'a.example ${RSA}' >k; chmod 600 k; chown 1:2 k`,
  both: `printf '%s\\n' '# comment' 'a.example ${RSA} me@there' '' 'a.example ${ED}' 'other ${RSA}' >k`,
  many: `printf '%s\\n' 'b,a.example,1.2.3.4 ${RSA}' 'other ${ED}' >k`,
  pattern: `printf '%s\\n' '*.example ${RSA}' '*,!a.example ${ED}' >k`,
  hashed: `printf '%s\\n' '${HASHED} ${RSA}' >k`,
  marked: `printf '%s\\n' '@revoked a.example ${RSA}' '@cert-authority *.example ${ED}' >k`,
  twice: `printf '%s\\n' 'a.example ${RSA}' 'x ${RSA}' 'a.example ${RSA}' >k`,
  link: `printf '%s\\n' 'a.example ${NEW}' >y; ln -s y k`,
};
const one = (args: Arguments, setup?: string) => oneTask('known_hosts', { path: '@/k', ...args }, setup);

export const intended: readonly Intended[] = [
  { lines: /\/k: Ansible file .*\|1\|.*, Stars file .*\|1\|/, why: 'A hash is drawn.' },
  { lines: /\/k\.old: Ansible file/, why: 'Removing a host leaves no second file named .old behind.' },
];

export const cases: DifferentialCase[] = [
  ...generated(
    'known_hosts',
    {
      key: [
        undefined,
        `a.example ${RSA}`,
        `a.example ${NEW} me@here`,
        `b,a.example ${ED}`,
        `@revoked a.example ${RSA}`,
      ],
      state: [undefined, 'absent'],
    },
    { always: { name: 'a.example', path: '@/k' }, before: BEFORE },
  ),
  ...generated(
    'known_hosts',
    { key: [`a.example ${RSA}`, `a.example ${NEW}`], state: [undefined, 'absent'] },
    {
      always: { name: 'a.example', path: '@/k', hash_host: true },
      before: BEFORE,
    },
  ),
  one({ name: 'A.Example', key: `a.example ${RSA}` }),
  one({ name: 'a.example', key: `A.EXAMPLE ${RSA}` }),
  one({ name: 'a.example', key: `${HASHED} ${RSA}` }),
  one({ name: 'b.example', key: `a.example ${RSA}` }),
  one({ name: 'a,b', key: `a,b ${RSA}` }),
  {
    ...one({ name: 'a.example', key: `a.example ${RSA}` }, `printf '%s' 'other ${RSA}' >k`),
    differs: {
      lines: /: (size|changed): Ansible|\/k: Ansible file .*"other ssh-rsa \w+a\.example/,
      why: 'A last line without an end gets one; Ansible joins the key to it, each time anew.',
    },
  },
  one({ name: 'a.example' }),
  one({ name: 'b.example', key: `b.example ${RSA}`, state: 'present' }),
  one({ name: 'a.example', key: 'a.example' }),
  one({ name: 'a.example', key: `a.example ${RSA}\n` }),
  one({ name: '[a.example]:2222', key: `[a.example]:2222 ${RSA}` }),
  one({ name: '[a.example]:2222', key: `[a.example]:2222 ${NEW}` }, BEFORE.both),
  one({ name: '[a.example]:2222', state: 'absent' }, `printf '%s\\n' '[a.example]:2222 ${RSA}' 'a.example ${RSA}' >k`),
  one({ name: 'a.example', key: `a.example ${RSA}`, path: '@/no/k' }),
  one({ name: 'a.example', state: 'absent', path: '@/no/k' }),
  one({ name: 'a.example', key: `a.example ${RSA}`, path: '@/d' }, 'mkdir d'),
];
