import { LazyDict } from '../jinja/lazy-dict.js';
import { Tuple, Unsafe, type Value } from '../jinja/value.js';

/** Whether a text holds anything that would be templated. */
export function looksLikeTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/** The value with every text in it that looks like a template marked as never to be templated: for what a host answered. */
export function protect(value: Value): Value {
  return mapTexts(value, (text) => (looksLikeTemplate(text) ? new Unsafe(text) : text));
}

/** The value without such marks: for module arguments, conditions on plain text, and whatever leaves templating for good. */
export function plain(value: Value): Value {
  if (value instanceof Unsafe) return value.text;
  if (Array.isArray(value)) return value instanceof Tuple ? Tuple.from(value.map(plain)) : value.map(plain);
  if (value instanceof Map && !(value instanceof LazyDict))
    return new Map([...value].map(([key, inner]) => [plain(key), plain(inner)]));
  return value;
}

function mapTexts(value: Value, change: (text: string) => Value): Value {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) {
    const items = [...value].map((item) => mapTexts(item, change));
    return value instanceof Tuple ? Tuple.from(items) : items;
  }
  if (value instanceof Map && !(value instanceof LazyDict)) {
    return new Map([...value].map(([key, inner]) => [key, mapTexts(inner, change)]));
  }
  return value;
}
