import { createServer, connect, type Socket } from 'node:net';

export type Relay = { port: number; close(): Promise<void> };

/** A port of this machine that leads to another address as over a long wire: everything takes `rttMs` there and back. */
export async function startRelay({
  address,
  port,
  rttMs,
}: {
  address: string;
  port: number;
  rttMs: number;
}): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (near) => {
    // The greeting of TCP itself is a round trip.
    setTimeout(() => {
      const far = connect({ host: address, port, allowHalfOpen: true });
      for (const socket of [near, far]) {
        socket.setNoDelay(true);
        open.add(socket);
        socket.once('close', () => open.delete(socket));
      }
      carry(near, far, rttMs / 2);
      carry(far, near, rttMs / 2);
    }, rttMs);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The relay has no port.');
  return {
    port: bound.port,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Timers of one length end in the order in which they began, so nothing overtakes. */
function carry(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
}
