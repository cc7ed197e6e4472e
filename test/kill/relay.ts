import { connect, createServer, type Socket } from 'node:net';

/** A port that leads to a server, and can be cut off from it. */
export type Relay = {
  port: number;
  /** Connections break, and new ones are refused, until `mend`. */
  cut(): void;
  /** Nothing comes through any more, and nobody is told, until `mend`: what was held up is lost with its connection. */
  hang(): void;
  mend(): void;
  stop(): Promise<void>;
};

/** Leads to the Unix socket `path`. */
export async function startRelay(path: string): Promise<Relay> {
  const open = new Set<Socket>();
  let state: 'open' | 'cut' | 'hanging' = 'open';
  const server = createServer((near) => {
    open.add(near);
    near.on('error', () => near.destroy());
    near.once('close', () => open.delete(near));
    if (state === 'cut') return void near.destroy();
    if (state === 'hanging') return;
    const far = connect(path);
    open.add(far);
    far.on('error', () => far.destroy());
    far.once('close', () => {
      open.delete(far);
      near.destroy();
    });
    near.once('close', () => far.destroy());
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The relay has no port.');
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: bound.port,
    cut() {
      state = 'cut';
      breakAll();
    },
    hang() {
      state = 'hanging';
      for (const socket of open) socket.unpipe().pause();
    },
    mend() {
      if (state === 'hanging') breakAll();
      state = 'open';
    },
    stop() {
      breakAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
