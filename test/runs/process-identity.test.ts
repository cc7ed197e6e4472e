import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { processIdentity, processIsGone } from '../../src/runs/process-identity.js';

test('this process lives, and no name of it is given twice', () => {
  expect(processIsGone(processIdentity())).toBe(false);
  expect(processIdentity()).not.toBe(processIdentity());
});

// Only Linux tells when another process began.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a process that ended is gone; one of another machine may live', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  const [world, , started, id] = processIdentity().split('/');
  expect(processIsGone([world, child.pid, started, id].join('/'))).toBe(true);
  expect(processIsGone([world, process.pid, '1', id].join('/'))).toBe(true);
  expect(processIsGone(['elsewhere', child.pid, started, id].join('/'))).toBe(false);
  expect(processIsGone('a name of an older version')).toBe(false);
});
