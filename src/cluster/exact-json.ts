import { randomUUID } from 'node:crypto';

/** JSON with bigints as plain whole numbers, every digit of them. */
export function exactJson(value: unknown): string {
  const mark = `${randomUUID()}:`;
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${mark}${inner}` : inner));
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/** The JSON with the whole numbers under `key` as texts: numbers beyond 2^53 would lose their last digits in JSON.parse. */
export function quoteIntegers(json: string, key: string): string {
  return json.replaceAll(new RegExp(`("${key}"\\s*:\\s*)(-?\\d+)(?=\\s*[,}\\]])`, 'g'), '$1"$2"');
}
