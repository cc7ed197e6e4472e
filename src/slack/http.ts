import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StarsError } from '../errors.js';

const CLOSE_WITHIN_MS = 3_000;

export type HttpServer = {
  /** Resolves with the port, which the system chose when it was 0. */
  listen(port: number): Promise<number>;
  close(): Promise<void>;
};

/** One HTTP server for Slack's requests and whatever else the service shows; `listener` may change meanwhile. */
export function createHttpServer(listener: RequestListener): HttpServer {
  let server: Server | undefined;

  function listen(port: number): Promise<number> {
    const opened = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, listener);
    server = opened;
    return new Promise((resolve, reject) => {
      opened.once('error', (cause: NodeJS.ErrnoException) => {
        const hint = cause.code === 'EADDRINUSE' ? 'Set PORT to a free port.' : 'Set PORT to another port.';
        reject(
          new StarsError('CONFIG', `Cannot listen on port ${port} (${cause.code ?? cause.message}).`, { hint, cause }),
        );
      });
      opened.listen(port, () => resolve((opened.address() as AddressInfo).port));
    });
  }

  function close(): Promise<void> {
    const closing = server;
    if (!closing?.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const force = setTimeout(() => closing.closeAllConnections(), CLOSE_WITHIN_MS);
      closing.close(() => {
        clearTimeout(force);
        resolve();
      });
      closing.closeIdleConnections();
    });
  }

  return { listen, close };
}
