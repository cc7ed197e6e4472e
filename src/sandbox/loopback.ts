import { createServer } from 'node:net';

const USUAL = '127.0.0.1';

/**
 * An address of loopback for each of a few hosts, which tells them apart as addresses do; the usual one for all where the system has no
 * other, as macOS.
 */
export async function loopbackAddresses(names: readonly string[]): Promise<Map<string, string>> {
  const own = names.map((name, at) => [name, `127.0.0.${at + 2}`] as const);
  const all = await Promise.all(own.map(([, address]) => canListenOn(address)));
  return new Map(all.every(Boolean) ? own : names.map((name) => [name, USUAL]));
}

function canListenOn(address: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
