import { inspect } from 'node:util';

const REDACTED = '[REDACTED]';

/** A value that prints as [REDACTED] everywhere; only `reveal()` gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

export type Redactor = {
  /** From now on this value is removed from whatever passes `redact`. Values under 4 characters are too common to remove. */
  add(secret: Secret | string): void;
  /** The text without any registered value, plain, base64 or URL-encoded. */
  redact(text: string): string;
  /** A deep copy of a JSON-like value in which every text is redacted. */
  redactValue<T>(value: T): T;
};

export function createRedactor(): Redactor {
  const needles = new Set<string>();
  let ordered: string[] = [];

  function add(secret: Secret | string): void {
    const value = typeof secret === 'string' ? secret : secret.reveal();
    if (value.length < 4) return;
    for (const form of [
      value,
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
    ]) {
      needles.add(form);
    }
    // Longest first, so that a secret that contains another one leaves no rest behind.
    ordered = [...needles].sort((a, b) => b.length - a.length);
  }

  function redact(text: string): string {
    let clean = text;
    for (const needle of ordered) if (clean.includes(needle)) clean = clean.split(needle).join(REDACTED);
    return clean;
  }

  function redactValue<T>(value: T): T {
    return redactUnknown(value) as T;
  }

  function redactUnknown(value: unknown): unknown {
    if (typeof value === 'string') return redact(value);
    if (Array.isArray(value)) return value.map(redactUnknown);
    if (value instanceof Secret || value instanceof Date || value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redact(key), redactUnknown(inner)]));
  }

  return { add, redact, redactValue };
}
