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
  /** The text without any registered value, plain or quoted and encoded as templates do, nor any longer line of one. */
  redact(text: string): string;
  /** A deep copy of a JSON-like value in which every text is redacted. */
  redactValue<T>(value: T): T;
};

export function createRedactor(): Redactor {
  const needles = new Set<string>();
  let ordered: readonly string[] | undefined;

  function add(secret: Secret | string): void {
    const value = typeof secret === 'string' ? secret : secret.reveal();
    if (value.length < 4) return;
    for (const one of [value, ...linesOf(value)]) for (const form of formsOf(one)) needles.add(form);
    ordered = undefined;
  }

  function redact(text: string): string {
    let clean = text;
    // Longest first, so that a secret that contains another one leaves no rest behind.
    ordered ??= [...needles].sort((a, b) => b.length - a.length);
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

const SHORTEST_LINE = 6;

/** A diff or a file that is indented shows a long secret line by line. */
function linesOf(value: string): string[] {
  if (!value.includes('\n')) return [];
  return value.split('\n').flatMap((line) => (line.trim().length < SHORTEST_LINE ? [] : [line.trim()]));
}

/** The secret as programs and templates write it. */
function formsOf(value: string): string[] {
  const inUrl = encodeURIComponent(value);
  const inJson = JSON.stringify(value).slice(1, -1);
  return [
    value,
    ...inBase64(value),
    inUrl,
    inUrl.replaceAll('%2F', '/'),
    inUrl.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll('%2F', '/'),
    inJson,
    inJson.replaceAll(/[^\x20-\x7e]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`),
    // Python's text of a value that holds it, and a word of shell.
    value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n'),
    value.replaceAll("'", `'"'"'`),
    inXml(value, '&#34;', '&#39;'),
    inXml(value, '&quot;', '&apos;'),
  ];
}

/** Alone, and as a part of something longer such as `user:password`: then the signs at its ends depend on what is beside it. */
function inBase64(value: string): string[] {
  const bytes = Buffer.from(value);
  const parts = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [bytes.toString('base64').replace(/=+$/, ''), ...parts.filter((part) => part.length >= 6)];
}

function inXml(value: string, quote: string, apostrophe: string): string {
  const tags = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return tags.replaceAll('"', quote).replaceAll("'", apostrophe);
}
