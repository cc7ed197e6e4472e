import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AnyModule } from '../../../src/provision/module.js';
import { modules } from '../../../src/provision/modules/index.js';
import { plainOf } from '../../../src/provision/task-result.js';
import { type OneHost, oneHost } from '../../sandbox/host/one-host.js';
import { type LocalHost, localHost } from '../support/local-host.js';

// What the practice hosts must be able to do for modules that read more of a host than others.

let one: OneHost;
let host: LocalHost;
beforeAll(async () => {
  one = await oneHost();
  host = localHost({ execute: async (script) => ({ ...(await one.host.run(script)), truncated: false }) });
});
afterAll(async () => {
  host.remove();
  await one.stop();
});

const apply = (name: string, args: Record<string, unknown>) => host.apply(modules.get(name) as AnyModule, args);

test('their packages are facts', async () => {
  await one.host.run('yum install -y tree');
  const { ansible_facts: facts } = await apply('package_facts', {});
  const { packages } = plainOf(facts ?? null) as { packages: Record<string, unknown[]> };
  expect(packages.tree).toEqual([
    expect.objectContaining({ name: 'tree', source: 'rpm', epoch: null, arch: expect.stringMatching(/x86_64|noarch/) }),
  ]);
});

test('their services are facts', async () => {
  const { ansible_facts: facts } = await apply('service_facts', {});
  const { services } = plainOf(facts ?? null) as { services: Record<string, unknown> };
  expect(services['sshd.service']).toEqual({
    name: 'sshd.service',
    state: 'running',
    status: 'enabled',
    source: 'systemd',
  });
});

test('lines of shell run on them, and say how they ended', async () => {
  expect(await apply('raw', { _raw_params: 'echo a | tr a b; exit 3' })).toMatchObject({ rc: 3, stdout: 'b\n' });
});

test('they have no SELinux, no npm and no firewalld, and say so', async () => {
  expect(await apply('seboolean', { name: 'x', state: true })).toMatchObject({
    failed: true,
    msg: 'SELinux is disabled on this host.',
  });
  await expect(apply('npm', { name: 'x', global: true })).rejects.toThrow('"npm"');
  await expect(apply('firewalld', { service: 'http', state: 'enabled' })).rejects.toThrow('"firewall-cmd"');
});

test('their iptables keeps rules', async () => {
  const rule = { chain: 'INPUT', protocol: 'tcp', destination_port: 22, jump: 'ACCEPT' };
  expect(await apply('iptables', rule)).toMatchObject({ changed: true });
  expect(await apply('iptables', rule)).toMatchObject({ changed: false });
  expect(await apply('iptables', { chain: 'INPUT', policy: 'DROP' })).toMatchObject({ changed: true });
  expect(await apply('iptables', { chain: 'INPUT', policy: 'DROP' })).toMatchObject({ changed: false });
  expect((await one.host.run('iptables -n -L INPUT')).stdout).toBe(
    'Chain INPUT (policy DROP)\n-p tcp -j ACCEPT --destination-port 22\n',
  );
  expect(await apply('iptables', { chain: 'MINE', jump: 'DROP', chain_management: true })).toMatchObject({
    changed: true,
  });
  expect(await apply('iptables', { ...rule, state: 'absent' })).toMatchObject({ changed: true });
  expect(await apply('iptables', { chain: 'NONE', jump: 'DROP' })).toMatchObject({ failed: true });
  expect(await apply('iptables', { flush: true, ip_version: 'ipv6' })).toMatchObject({ changed: true });
});
