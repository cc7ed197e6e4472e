import type { Connection, HostTarget } from '../../src/connection/connection.js';
import { createConnections } from '../../src/connection/connections.js';
import { eachHost } from '../../src/connection/each-host.js';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';

test('a failure keeps the name of its host and does not hold up the others', async () => {
  const outcomes = await eachHost(['alpha', 'beta', 'gamma', 'delta'], 2, async (host) => {
    if (host === 'beta') throw new Error('out of paper');
    if (host === 'gamma') throw new StarsError('BECOME', 'gamma: cannot become root.');
    return host.toUpperCase();
  });
  expect(outcomes).toMatchObject([
    { host: 'alpha', ok: true, value: 'ALPHA' },
    { host: 'beta', ok: false, error: { code: 'INTERNAL', message: 'beta: out of paper' } },
    { host: 'gamma', ok: false, error: { code: 'BECOME', message: 'gamma: cannot become root.' } },
    { host: 'delta', ok: true, value: 'DELTA' },
  ]);
});

test('no more hosts at a time than the limit', async () => {
  let running = 0;
  let most = 0;
  await eachHost(
    Array.from({ length: 20 }, (_, index) => `h${index}`),
    3,
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
  );
  expect(most).toBe(3);
});

describe('connections', () => {
  function local(attempts: string[]) {
    const target = (name: string) => ({ name }) as HostTarget;
    const connect = async ({ name }: HostTarget): Promise<Connection> => {
      attempts.push(name);
      if (name === 'down' && attempts.length === 1) throw new StarsError('UNREACHABLE', 'down: no.');
      return connectLocal({ name });
    };
    return createConnections({ connect, target });
  }

  test('there is one for a host, made when it is first asked for', async () => {
    const attempts: string[] = [];
    const connections = local(attempts);
    const [one, two] = await Promise.all([connections.to('alpha'), connections.to('alpha')]);
    expect(two).toBe(one);
    expect(attempts).toEqual(['alpha']);
    await connections.closeAll();
  });

  test('a host that could not be reached is tried again', async () => {
    const connections = local([]);
    await expect(connections.to('down')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect((await (await connections.to('down')).exec('echo up')).stdout).toBe('up\n');
    await connections.closeAll();
  });

  test('a reset one is made anew', async () => {
    const attempts: string[] = [];
    const connections = local(attempts);
    const one = await connections.to('alpha');
    await connections.reset('alpha');
    expect(await connections.to('alpha')).not.toBe(one);
    await expect(one.exec('true')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await connections.closeAll();
  });

  test('when all are closed none is made any more', async () => {
    const connections = local([]);
    const one = await connections.to('alpha');
    await connections.closeAll();
    await expect(one.exec('true')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await expect(connections.to('beta')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('beta'),
    });
  });
});
