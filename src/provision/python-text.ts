import { Float, Unsafe } from '../jinja/value.js';

/** The text Python's `str()` makes of a single value; lists and dicts as JSON. */
export function pythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Unsafe) return value.text;
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null || value === undefined) return '';
  if (value instanceof Float) return floatText(value.value);
  return pythonJson(value);
}

/** The text of Python's `json.dumps` with its default settings. */
export function pythonJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return asciiJson(value);
  if (value instanceof Unsafe) return asciiJson(value.text);
  if (value instanceof Float) return floatText(value.value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, inner]) => `${asciiJson(jsonKey(key))}: ${pythonJson(inner)}`).join(', ')}}`;
  }
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : JSON.stringify(value);
}

function jsonKey(key: unknown): string {
  return typeof key === 'boolean' || key === null ? String(key) : pythonText(key);
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function floatText(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}
