import type { Readable, Writable } from 'node:stream';

/** One shell command that runs on a host: its streams and how it came to an end. */
export type ShellPipe = {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /** Settles once, when the process has ended or the channel to it is gone (then without a code). */
  ended: Promise<PipeEnd>;
  /** Lets go of the channel at once; whether that ends the command is the host's business. */
  destroy(): void;
};

export type PipeEnd = { code: number | undefined; signal?: string | undefined };

/** Starts a shell command on the host. Rejects with UNREACHABLE. */
export type OpenPipe = (command: string) => Promise<ShellPipe>;

/** Code 129 and so on for signals, as shells have it. */
export function describeEnd({ code, signal }: PipeEnd): string {
  if (signal) return `was ended by signal ${signal}`;
  return code === undefined ? 'lost its connection' : `ended with exit code ${code}`;
}
