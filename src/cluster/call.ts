import type { Secret } from '../secret.js';

export type Auth = { username: string; password: Secret };

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export type CallOptions = {
  query?: Query | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as the fields of a form, in place of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  accept?: string | undefined;
  /** Takes each byte of the answer for one character: for an answer that may hold what is not UTF-8. */
  latin1?: boolean | undefined;
};
