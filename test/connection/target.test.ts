import { hostTarget } from '../../src/connection/target.js';
import { type Dict, Float, Unsafe, type Value } from '../../src/jinja/value.js';

function target(variables: Record<string, Value>, defaults: Partial<Parameters<typeof hostTarget>[2]> = {}) {
  const dict: Dict = new Map(Object.entries(variables));
  return hostTarget('alpha', dict, { connectTimeoutMs: 10_000, ...defaults });
}

test('a host without variables is reached by its name with what the environment says', () => {
  const defaults = { user: 'ops', port: 2200, privateKeyFile: '/keys/ops', knownHosts: '/etc/known' };
  expect(target({}, defaults)).toMatchObject({
    name: 'alpha',
    address: 'alpha',
    port: 2200,
    user: 'ops',
    privateKeyFiles: ['/keys/ops'],
    knownHostsFiles: ['/etc/known'],
    kind: 'ssh',
    connectTimeoutMs: 10_000,
    unset: [],
  });
});

test('what nobody gave is left to the SSH configuration', () => {
  expect(target({ ansible_user: 'ops' }).unset).toEqual(['port', 'privateKeyFiles', 'knownHostsFiles']);
});

test.each([
  ['ansible_host', { ansible_host: '10.0.0.1' }, { address: '10.0.0.1' }],
  ['ansible_ssh_host', { ansible_ssh_host: '10.0.0.1' }, { address: '10.0.0.1' }],
  ['ansible_port as a number', { ansible_port: 22022 }, { port: 22022 }],
  ['ansible_ssh_port as a text', { ansible_ssh_port: '22022' }, { port: 22022 }],
  ['ansible_user over the environment', { ansible_user: 'root' }, { user: 'root' }],
  ['ansible_ssh_user', { ansible_ssh_user: 'root' }, { user: 'root' }],
  [
    'the old name of each, as Ansible, where both are given',
    {
      ansible_host: 'a',
      ansible_ssh_host: 'b',
      ansible_port: 1,
      ansible_ssh_port: 2,
      ansible_user: 'a',
      ansible_ssh_user: 'b',
      ansible_private_key_file: '/a',
      ansible_ssh_private_key_file: '/b',
      ansible_password: 'a',
      ansible_ssh_pass: 'b',
    },
    { address: 'b', port: 2, user: 'b', privateKeyFiles: ['/b'], password: 'b' },
  ],
  ['an unsafe text', { ansible_user: new Unsafe('root') }, { user: 'root' }],
  ['an empty text as none', { ansible_user: '' }, { user: 'ops' }],
  ['ansible_ssh_private_key_file', { ansible_ssh_private_key_file: '/k' }, { privateKeyFiles: ['/k'] }],
  ['ansible_password', { ansible_password: 'secret' }, { password: 'secret' }],
  ['ansible_ssh_pass', { ansible_ssh_pass: 'secret' }, { password: 'secret' }],
  ['ansible_connection local', { ansible_connection: 'local' }, { kind: 'local' }],
  ['ansible_connection by its full name', { ansible_connection: 'ansible.builtin.ssh' }, { kind: 'ssh' }],
  ['-o ProxyJump', { ansible_ssh_common_args: '-o ProxyJump=ops@bastion:2222' }, { proxyJump: 'ops@bastion:2222' }],
  ['-J', { ansible_ssh_extra_args: '-J bastion' }, { proxyJump: 'bastion' }],
  ['-oUserKnownHostsFile', { ansible_ssh_common_args: '-oUserKnownHostsFile=/a' }, { knownHostsFiles: ['/a'] }],
  [
    'an option in quotes',
    { ansible_ssh_common_args: `-o 'UserKnownHostsFile /a /b'` },
    { knownHostsFiles: ['/a', '/b'] },
  ],
  ['-o ConnectTimeout', { ansible_ssh_common_args: '-o ConnectTimeout=3' }, { connectTimeoutMs: 3000 }],
  ['ansible_timeout in seconds', { ansible_timeout: 30 }, { connectTimeoutMs: 30_000 }],
  ['ansible_ssh_timeout as a text', { ansible_ssh_timeout: '5' }, { connectTimeoutMs: 5000 }],
  [
    'a ConnectTimeout among arguments first',
    { ansible_timeout: 30, ansible_ssh_common_args: '-o ConnectTimeout=3' },
    { connectTimeoutMs: 3000 },
  ],
  [
    'that host keys are not to be checked as a note',
    { ansible_host_key_checking: false },
    { notes: ['ansible_host_key_checking is not followed: Stars always checks host keys.'] },
  ],
  ['-p and -l', { ansible_ssh_common_args: '-p 23 -l me' }, { port: 23, user: 'me' }],
  [
    'options that Stars follows anyway',
    { ansible_ssh_common_args: '-o ControlMaster=auto -o StrictHostKeyChecking=yes' },
    { notes: [] },
  ],
  [
    'others as a note',
    { ansible_ssh_common_args: '-o Compression=yes -4' },
    { notes: ['The SSH option “-o Compression=yes” is not followed.', 'The SSH option “-4” is not followed.'] },
  ],
])('takes %s', (_title, variables, expected) => {
  expect(target(variables, { user: 'ops' })).toMatchObject(expected);
});

test.each([
  ['a port that is none', { ansible_port: 'ssh' }, 'CONFIG', 'alpha: “ssh” is no port number.'],
  ['a port out of range', { ansible_port: 70_000 }, 'CONFIG', 'is no port number'],
  ['a time-out that is none', { ansible_timeout: 'soon' }, 'CONFIG', 'alpha: “soon” is no time in seconds.'],
  ['a time-out of nothing', { ansible_timeout: 0 }, 'CONFIG', 'alpha: “0” is no time in seconds.'],
  ['a list for a user', { ansible_user: ['root'] }, 'CONFIG', 'alpha: ansible_user has to be a text or a number.'],
  ['a fraction for a port', { ansible_port: new Float(22.5) }, 'CONFIG', 'ansible_port has to be a text or a number'],
  [
    'another connection',
    { ansible_connection: 'winrm' },
    'UNSUPPORTED',
    'alpha: ansible_connection winrm is not supported.',
  ],
  [
    'unchecked host keys',
    { ansible_ssh_common_args: '-o StrictHostKeyChecking=no' },
    'CONFIG',
    'is refused: Stars always checks host keys',
  ],
  [
    'thrown away host keys',
    { ansible_ssh_common_args: '-o UserKnownHostsFile=/dev/null' },
    'CONFIG',
    'is refused: Stars always checks host keys',
  ],
  [
    'a ProxyCommand',
    { ansible_ssh_common_args: '-o ProxyCommand="nc %h %p"' },
    'UNSUPPORTED',
    'ProxyCommand is not supported',
  ],
  ['an open quote', { ansible_ssh_common_args: '-o "Port 22' }, 'CONFIG', 'quote that is never closed'],
])('refuses %s in words', (_title, variables, code, words) => {
  expect(() => target(variables)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
});
