import { z } from 'zod';
import { StarsError, type Position } from '../errors.js';
import { Float, Unsafe, VaultText, type Value } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { keyPosition, positionOf } from '../yaml/position.js';

/** A YAML file's text as the schema has it; an empty file counts as {}. Throws SYNTAX or CONFIG with line and column. */
export function readChecked<T>(text: string, file: string, schema: z.ZodType<T>): T {
  const document = loadYaml(text, { file }) ?? new Map<Value, Value>();
  if (!(document instanceof Map)) {
    throw new StarsError('CONFIG', 'This file holds key: value pairs, and here is something else.', {
      where: positionOf(document) ?? { file, line: 1 },
    });
  }
  return checked(document, file, schema);
}

/** The items of a YAML or JSON file that holds one of them or a list; `name` is what each is called. Throws SYNTAX or CONFIG with line and column. */
export function readCheckedList<T>(
  text: string,
  file: string,
  { schema, name }: { schema: z.ZodType<T>; name: string },
): T[] {
  const document = loadYaml(text, { file });
  if (!Array.isArray(document)) return [readChecked(text, file, schema)];
  const wrapped = new Map<Value, Value>([[name, document]]);
  return checked(wrapped, file, z.object({ [name]: z.array(schema) }))[name] ?? [];
}

function checked<T>(document: Map<Value, Value>, file: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(toPlain(document), { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw issue
    ? configError(deepest(issue), document, { file, schema })
    : new StarsError('CONFIG', 'This file cannot be read.', { where: { file } });
}

/** Where a key, or the key of a key or of an item of a list, stands in a YAML file's text; undefined when it is not there. Throws SYNTAX. */
export function keyPlace(text: string, file: string, path: readonly (string | number)[]): Position | undefined {
  let value: Value | undefined = loadYaml(text, { file }) ?? undefined;
  let place: Position | undefined;
  for (const key of path) {
    if (Array.isArray(value) && typeof key === 'number') {
      value = value[key];
      place = positionOf(value) ?? place;
    } else {
      if (!(value instanceof Map) || !value.has(key)) return undefined;
      place = keyPosition(value, String(key));
      value = value.get(key);
    }
  }
  return place;
}

/** For a schema's own checks: the message, and what to do. */
export function problem(
  message: string,
  hint?: string,
): { code: 'custom'; message: string; params: { hint?: string } } {
  return { code: 'custom', message, params: hint === undefined ? {} : { hint } };
}

function toPlain(value: Value): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [keyText(key), toPlain(inner)]));
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Float) return value.value;
  if (value instanceof Unsafe || value instanceof VaultText) return value.text;
  return value;
}

function keyText(key: Value): string {
  return typeof key === 'string' ? key : JSON.stringify(toPlain(key));
}

/** Of the alternatives of a union, the complaint that got furthest into the value says most. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap(([first]) => (first ? [{ ...first, path: [...issue.path, ...first.path] }] : []));
  const [best] = inner.toSorted((a, b) => b.path.length - a.path.length);
  return best && best.path.length > issue.path.length ? deepest(best) : issue;
}

type Source = { file: string; schema: z.ZodType };

function configError(issue: z.core.$ZodIssue, document: Map<Value, Value>, { file, schema }: Source): StarsError {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  const hint = hintOf(issue, schema);
  return new StarsError('CONFIG', sentence(issue, path.map(String)), {
    where: placeOf(path, document, file),
    ...(hint !== undefined && { hint }),
  });
}

function sentence(issue: z.core.$ZodIssue, path: string[]): string {
  const name = path.length === 0 ? 'This file' : path.join('.');
  if (issue.code === 'unrecognized_keys') return `${name} is not known here.`;
  if (issue.code === 'custom') return issue.message.replace('{name}', name).replace(/\.?$/, `${instead(issue.input)}.`);
  if ((issue.code === 'invalid_type' || issue.code === 'invalid_union') && issue.input === undefined)
    return `${name} is missing.`;
  return `${name} must be ${expectation(issue)}${instead(issue.input)}.`;
}

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
};

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap(([first]) => (first ? [expectation(first)] : [])))].join(' or ');
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int' ? `at least ${issue.minimum}` : 'not empty';
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int' ? `at most ${issue.maximum}` : 'shorter';
    case 'invalid_format':
      return issue.format === 'url' ? 'an address such as http://host:8080' : 'written in another form';
    default:
      return issue.message;
  }
}

function instead(input: unknown): string {
  if (typeof input === 'string') return input === '' ? '' : `, not "${input.slice(0, 80)}"`;
  if (typeof input === 'number' || typeof input === 'boolean') return `, not ${input}`;
  if (input === null) return ', and nothing stands here';
  return Array.isArray(input) ? ', not a list' : '';
}

function hintOf(issue: z.core.$ZodIssue, schema: z.ZodType): string | undefined {
  if (issue.code === 'custom') {
    const hint: unknown = issue.params?.['hint'];
    return typeof hint === 'string' ? hint : undefined;
  }
  if (issue.code === 'unrecognized_keys')
    return didYouMean(issue.keys[0] ?? '', knownKeys(schema)) ?? 'Remove it, or look at its spelling.';
  return undefined;
}

/** Every key that the schema knows at any level, for proposals. */
function knownKeys(schema: z.ZodType): string[] {
  const keys: string[] = [];
  JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }), (key, value: unknown) => {
    if (key === 'properties' && typeof value === 'object' && value !== null) keys.push(...Object.keys(value));
    return value;
  });
  return keys;
}

/** The place of the deepest part of the path that the file has. */
function placeOf(path: readonly PropertyKey[], document: Map<Value, Value>, file: string): Position {
  let place: Position = positionOf(document) ?? { file };
  let value: Value | undefined = document;
  for (const key of path) {
    if (value instanceof Map) {
      place = keyPosition(value, String(key)) ?? place;
      value = value.get(String(key));
    } else if (Array.isArray(value)) {
      value = value[Number(key)];
      place = positionOf(value) ?? place;
    } else {
      break;
    }
  }
  return place;
}
