import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Servers on free ports that answer as they are told, for one test. */
export function createServers() {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  /** Gives its `host:port`. */
  async function serve(answer: (socket: Socket, bytes: Buffer) => void): Promise<string> {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.on('data', (bytes) => answer(socket, bytes));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function stop(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  }

  return { serve, stop };
}
