import { expect, test } from '@jest/globals';
import { type Answers, planned } from '../support/planned.js';

const enabled = (more: string): Answers => [[/./, `enabled\n${more}`]];

test.each<[string, Record<string, unknown>, Answers, string | string[]]>([
  ['seboolean', { name: 'x', state: true }, enabled('x --> off\n'), ['setsebool  x on']],
  ['seboolean', { name: 'x', state: true }, enabled('x --> on\n'), []],
  ['seboolean', { name: 'x', state: 'no', persistent: true }, enabled('x --> on\n'), ['setsebool -P x off']],
  [
    'seboolean',
    { name: 'x', state: true, persistent: true },
    enabled('x --> on\npersistent off\n'),
    ['setsebool -P x on'],
  ],
  ['seboolean', { name: 'x', state: true }, [[/./, 'x --> off\n']], 'SELinux is disabled on this host.'],
  ['seboolean', { name: 'x', state: true }, enabled(''), 'SELinux boolean x does not exist.'],
  [
    'seport',
    { ports: '80,81,90', proto: 'tcp', setype: 'http_port_t' },
    enabled('http_port_t   tcp   80, 443\nssh_port_t   tcp   90\nlocal\n'),
    ['semanage port  -a -t http_port_t -p tcp 81', 'semanage port  -m -t http_port_t -p tcp 90'],
  ],
  [
    'seport',
    { ports: '80', proto: 'tcp', setype: 'http_port_t', state: 'absent', reload: false },
    enabled('http_port_t   tcp   80\nlocal\n'),
    ['semanage port -N -d -p tcp 80'],
  ],
  ['seport', { ports: '80', proto: 'tcp', setype: 'x_t' }, [[/./, 'enabled\n', 127]], 'failed'],
])('%s %j', async (name, args, answers, expected) => {
  expect(await planned(name, args, answers)).toEqual(expected);
});

const CONFIG = `file\n${Buffer.from('# words\nSELINUX=enforcing\nSELINUXTYPE=targeted\n').toString('base64')}`;
const selinux = (state: string, more: Record<string, unknown> = {}, now = 'enabled\nEnforcing\npolicy targeted\n') =>
  planned('selinux', { state, policy: 'targeted', ...more }, [
    [/base64 </, CONFIG],
    [/selinuxenabled/, now],
    [/grubby/, 'args="ro quiet selinux=0"\nargs="ro selinux=0"\n'],
    [/policy/, 'yes\n'],
    [/./, 'self 81a4:1:1:1:1:0:0:0:0:0:root:root\n'],
  ]);

test('a state that holds now and for the next start is left alone', async () => {
  expect(await selinux('enforcing')).toEqual([]);
});

test('a new state is written down and holds at once', async () => {
  expect(await selinux('permissive')).toEqual([
    expect.stringContaining("'# words\nSELINUX=permissive\nSELINUXTYPE=targeted\n'"),
    'setenforce 0',
  ]);
});

test('SELinux that runs is made permissive where it is to be disabled, and one that does not run waits for the start', async () => {
  expect(await selinux('disabled', { policy: undefined })).toEqual([
    expect.stringContaining('SELINUX=disabled\n'),
    'setenforce 0',
  ]);
  expect(await selinux('permissive', {}, 'policy targeted\n')).toEqual([expect.stringContaining('SELINUX=permissive')]);
});

test('the kernel starts SELinux only where its parameters say so', async () => {
  expect(await selinux('enforcing', { update_kernel_param: true })).toEqual([
    'grubby --update-kernel=ALL --remove-args selinux=0',
  ]);
});

test('a policy is needed, and must be there', async () => {
  expect(await selinux('enforcing', { policy: undefined })).toBe("Policy is required if state is not 'disabled'");
  expect(await selinux('enforcing', { policy: 'mls' })).toEqual([expect.stringContaining('SELINUXTYPE=mls')]);
});
