import { expect, test } from '@jest/globals';
import { packageFacts } from '../../../src/provision/modules/package-facts.js';
import { serviceFacts } from '../../../src/provision/modules/service-facts.js';
import { plainOf } from '../../../src/provision/task-result.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { localHost } from '../support/local-host.js';

async function factsFrom(module: AnyModule, stdout: string, args: Record<string, unknown> = {}) {
  const host = localHost({ execute: async () => ({ code: 0, stdout, stderr: '', truncated: false }) });
  const { setFacts, failed, skipped } = await host.plan(module, args);
  host.remove();
  return setFacts ? plainOf(setFacts) : (failed ?? skipped);
}

test('packages of Debian have their version, section and origin, and those of another architecture a name of their own', async () => {
  const answer = `stars-manager apt
native amd64
ii \tcurl\t7.88-1\tamd64\tweb
hi \tsudo\t1:1.9\tamd64\tadmin
ii \tlibc6\t2.36\ti386\tlibs
rc \tgone\t1\tamd64\tmisc
origin\tcurl\tDebian
`;
  expect(await factsFrom(packageFacts, answer)).toEqual({
    packages: {
      curl: [{ name: 'curl', version: '7.88-1', arch: 'amd64', category: 'web', origin: 'Debian', source: 'apt' }],
      'libc6:i386': [
        { name: 'libc6:i386', version: '2.36', arch: 'i386', category: 'libs', origin: '', source: 'apt' },
      ],
      sudo: [{ name: 'sudo', version: '1:1.9', arch: 'amd64', category: 'admin', origin: '', source: 'apt' }],
    },
  });
});

test('several versions of an rpm package are all listed', async () => {
  const answer =
    'stars-manager rpm\nkernel\t3.10\t1\t(none)\tx86_64\nkernel\t3.10\t2\t(none)\tx86_64\ngpg-pubkey\ta\tb\t0\t(none)\n';
  const kernel = { name: 'kernel', version: '3.10', epoch: null, arch: 'x86_64', source: 'rpm' };
  expect(await factsFrom(packageFacts, answer)).toEqual({
    packages: {
      kernel: [
        { ...kernel, release: '1' },
        { ...kernel, release: '2' },
      ],
      'gpg-pubkey': [{ name: 'gpg-pubkey', version: 'a', release: 'b', epoch: 0, arch: null, source: 'rpm' }],
    },
  });
});

test('a host without a package manager, and a manager nobody knows, fail with the names', async () => {
  expect(await factsFrom(packageFacts, '', { manager: 'apk' })).toContain('apk');
  expect(await factsFrom(packageFacts, '', { manager: 'nix' })).toBe('Unsupported package managers requested: nix');
});

test('services of systemd tell state and status, and those of SysV stand beside them', async () => {
  const answer = `stars-services sysv
 [ + ]  ssh
stars-services units
ssh.service loaded active running OpenBSD Secure Shell server
gone.service not-found inactive dead gone.service
broken.service loaded failed failed Broken
stars-services files
ssh.service enabled enabled
broken.service static -
idle.service disabled enabled
many@.service disabled enabled
stars-services states
idle.service
stars-services shown
ActiveState=inactive
`;
  const unit = (name: string, state: string, status: string) => ({
    [name]: { name, state, status, source: 'systemd' },
  });
  expect(await factsFrom(serviceFacts, answer)).toEqual({
    services: {
      ssh: { name: 'ssh', state: 'running', source: 'sysv' },
      ...unit('ssh.service', 'running', 'enabled'),
      ...unit('gone.service', 'stopped', 'not-found'),
      ...unit('broken.service', 'stopped', 'failed'),
      ...unit('idle.service', 'inactive', 'disabled'),
      ...unit('many@.service', 'unknown', 'disabled'),
    },
  });
});

test('a host without services is skipped', async () => {
  expect(await factsFrom(serviceFacts, '')).toContain('Failed to find any services');
});
