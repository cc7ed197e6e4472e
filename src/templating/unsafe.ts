import { LazyDict } from '../jinja/lazy-dict.js';
import { unwrap } from '../jinja/python-value.js';
import { Tuple, Unsafe, type Value } from '../jinja/value.js';

/** Whether a text holds anything that would be templated. */
export function looksLikeTemplate(text: string): boolean {
  return text.includes('{') && (text.includes('{{') || text.includes('{%') || text.includes('{#'));
}

/** The value with every text in it that looks like a template marked as never to be templated: for what a host answered. */
export function protect(value: Value): Value {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? protectText(value) : value;
  return mapTexts(value, protectText, new Map());
}

function protectText(text: string): Value {
  return looksLikeTemplate(text) ? new Unsafe(text) : text;
}

/** The value without such marks: for module arguments, and whatever else leaves templating for good. */
export function plain(value: Value): Value {
  return mapTexts(
    value,
    (text) => text,
    new Map(),
    (unsafe) => unsafe.text,
  );
}

/** A deep copy with changed texts; what occurs twice is copied once. */
function mapTexts(
  value: Value,
  change: (text: string) => Value,
  copies: Map<Value, Value>,
  unmark: (unsafe: Unsafe) => Value = (unsafe) => unsafe,
): Value {
  if (typeof value === 'string') return change(value);
  if (value instanceof Unsafe) return unmark(value);
  const known = copies.get(value);
  if (known !== undefined) return known;
  const inner = (part: Value) => mapTexts(part, change, copies, unmark);
  if (Array.isArray(value)) {
    const items = Array.from(value, inner);
    const copy = value instanceof Tuple ? Tuple.from(items) : items;
    copies.set(value, copy);
    return copy;
  }
  if (value instanceof Map && !(value instanceof LazyDict)) {
    const copy = new Map([...value].map(([key, item]) => [unwrap(key), inner(item)]));
    copies.set(value, copy);
    return copy;
  }
  return value;
}
