import { pino, type Logger } from 'pino';
import type { Redactor } from './secret.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

/** One JSON object a line on standard error, every line redacted by value before it leaves the process. */
export function createLog({ level = 'info', redactor, write = (line) => process.stderr.write(line) }: LogOptions): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: errorFields, err: errorFields },
    },
    { write: (line: string) => void write(redactor.redact(line)) },
  );
}

/** What a line says of an error. Not its other properties: those of an HTTP error hold the whole request. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, code, stack } = pino.stdSerializers.err(error);
  return { type, message, code, stack };
}

export type LogOptions = { level?: string; redactor: Redactor; write?: (line: string) => unknown };

/** Says nothing: for tests and for commands whose output is the answer. */
export const silentLog: Log = pino({ level: 'silent' });
