import { expect, test } from '@jest/globals';
import { groundScript, parseGround } from '../../src/provision/ground.js';

const MOUNTS = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 27 0:28 / /run rw,nosuid shared:2 - tmpfs tmpfs rw
32 31 254:0 /run/netns /run/netns rw shared:1 - ext4 /dev/vda rw
33 27 254:0 /srv/real /mnt/shown rw shared:1 - ext4 /dev/vda rw
34 27 254:16 / /data rw - xfs /dev/vdb rw
35 27 254:16 / /data-again rw - xfs /dev/vdb rw
36 27 0:40 / /home rw - nfs4 files:/home rw
37 27 254:32 / /with\\040space rw - ext4 /dev/vdc rw
38 27 254:48 / /hidden rw - ext4 /dev/vdd rw
39 38 0:41 / /hidden rw - fuse.sshfs other: rw
40 27 254:64 /@var /var rw - btrfs /dev/vde rw,subvol=/@var
boot 1-2-3`;

const groundFrom = (text: string) => parseGround(text).ground;

test.each([
  ['a file of the root', '/etc/worker/a', true],
  ['a file of a file system of its own', '/with space/a', true],
  ['the place of a bind mount', '/mnt/shown/a', false],
  ['what is shown elsewhere by a bind mount', '/srv/real/b/a', false],
  ['a folder that holds what is shown elsewhere', '/srv', false],
  ['a neighbour of what is shown elsewhere', '/srv/really', true],
  ['a disk that is mounted twice', '/data/a', false],
  ['its other place', '/data-again/a', false],
  ['a share of another machine', '/home/ada', false],
  ['what was mounted over a disk', '/hidden/a', false],
  ['a part of a file system', '/var/lib/a', false],
  ['files of the kernel', '/proc/sys/vm/swappiness', false],
])('%s: that no other path leads there is said rightly', (_, path, isOwn) => {
  expect(groundFrom(MOUNTS)?.isOwn(path)).toBe(isOwn);
});

test('two names of one machine have the same ground, another boot or another root has not', () => {
  const machine = groundFrom(MOUNTS)?.machine;
  expect(groundFrom(MOUNTS.replace('/data rw', '/moved rw'))?.machine).toBe(machine);
  expect(groundFrom(MOUNTS.replace('boot 1', 'boot 2'))?.machine).not.toBe(machine);
  expect(groundFrom(MOUNTS.replace('254:0 / /', '254:1 / /'))?.machine).not.toBe(machine);
});

test('without the list of mounts, or without a root in it, nothing is taken for certain', () => {
  expect(groundFrom('')).toBeUndefined();
  expect(groundFrom('22 27 0:21 / /proc rw,relatime - proc proc rw\nboot 1-2-3')).toBeUndefined();
});

test('folders that are links are told, whatever their names', () => {
  const script = groundScript(['/a', "/it's"], true);
  expect(script).not.toContain('mountinfo');
  expect([...parseGround("link /it's\n").links]).toEqual(["/it's"]);
});
