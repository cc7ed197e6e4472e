import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A program that a test runs beside itself; `said` is all it has printed so far. */
export type Program = { said(): string; stop(): Promise<void> };

/** Starts a program that goes on until it is stopped. */
export function startProgram(
  command: string,
  args: readonly string[],
  { cwd, environment = {} }: { cwd?: string; environment?: Record<string, string> } = {},
): Program {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  const ended = endOf(child).catch((error: unknown) => {
    said += String(error);
  });
  return {
    said: () => said,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}

// Below the ports that connections get at their other end: one of those could take a port before its server does.
const PORTS = { from: 15_000, to: 31_000 };

/** So many ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
