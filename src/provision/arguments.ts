import { z } from 'zod';
import { StarsError } from '../errors.js';
import { Float, Unsafe, type Value } from '../jinja/value.js';
import { pythonText } from './python-text.js';
import type { AnyModule } from './module.js';

// Arguments reach a module as YAML or `k=v` text wrote them, so every kind takes what Ansible converts to it.

const TRUE = new Set<unknown>(['y', 'yes', 'on', '1', 'true', 't', 1, true]);
const FALSE = new Set<unknown>(['n', 'no', 'off', '0', 'false', 'f', 0, false]);

/** What an argument takes, in the words of the reference. */
export type ArgumentKind = {
  type: 'text' | 'bool' | 'int' | 'path' | 'list' | 'dict' | 'mode' | 'choice' | 'any';
  choices?: readonly string[];
};

/** What each schema of this page takes; the reference reads it. */
export const argumentKinds = z.registry<ArgumentKind>();

export type ModeArgument = { octal: number } | { symbolic: string } | 'preserve';

/** The arguments of a module: strict, and with `null` meaning not given; for those of `emptyByNull` it means given, but empty. */
export function args<Shape extends z.ZodRawShape>(
  shape: Shape,
  { emptyByNull = [] }: { emptyByNull?: readonly (keyof Shape & string)[] } = {},
) {
  return z.preprocess((value) => withoutNulls(value, emptyByNull), z.strictObject(shape));
}

/** yes/no, true/false, on/off, 1/0. */
export function bool() {
  return kind<boolean>({ type: 'bool' }, (value) => {
    const plain = typeof value === 'string' ? value.trim().toLowerCase() : value instanceof Float ? value.value : value;
    if (TRUE.has(plain)) return { value: true };
    if (FALSE.has(plain)) return { value: false };
    return { problem: `must be yes or no, not ${shown(value)}` };
  });
}

/** A whole number, also as text. */
export function int() {
  return kind<number>({ type: 'int' }, (value) => {
    const number = value instanceof Float ? value.value : typeof value === 'string' ? textNumber(value) : Number(value);
    return Number.isSafeInteger(number) && typeof value !== 'boolean'
      ? { value: number }
      : { problem: `must be a whole number, not ${shown(value)}` };
  });
}

/** Any single value as the text Python makes of it. */
export function text() {
  return kind<string>({ type: 'text' }, (value) =>
    Array.isArray(value) || value instanceof Map
      ? { problem: `must be text, not ${shown(value)}` }
      : { value: pythonText(value) },
  );
}

/** A path on the host; `~` and `$VARIABLES` are expanded there, later. */
export function path() {
  return kind<string>({ type: 'path' }, (value) => {
    if (typeof value !== 'string') return { problem: `must be a path, not ${shown(value)}` };
    if (value === '') return { problem: 'must be a path, not empty' };
    return value.includes('\0') ? { problem: 'must be a path without NUL characters' } : { value };
  });
}

/** A list of names, also as text with commas: spaces around one are not its own, and one of nothing is none. */
export function list() {
  return kind<string[]>({ type: 'list' }, (value) =>
    converted(textsOf(value), (all) => all.map((one) => one.trim()).filter((one) => one !== '')),
  );
}

/** A list of texts exactly as they are, the empty one too. */
export function texts() {
  return kind<string[]>({ type: 'list' }, (value) => converted(textsOf(value), (all) => all));
}

function textsOf(value: unknown): Converted<string[]> {
  const items = Array.isArray(value)
    ? value.map(plain).flat(1)
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  return items.some((item) => item instanceof Map)
    ? { problem: `must be a list of texts, not ${shown(value)}` }
    : { value: items.map((item) => pythonText(item)) };
}

/** A dict of texts, also as text `a=1,b=2` or `a:1,b:2`, or as JSON text. */
export function textDict() {
  return kind<ReadonlyMap<string, string>>({ type: 'dict' }, (value) => {
    if (value instanceof Map) {
      return { value: new Map([...value].map(([key, inner]) => [pythonText(key), pythonText(plain(inner))] as const)) };
    }
    if (typeof value !== 'string') return { problem: `must be a dict, not ${shown(value)}` };
    const pairs = value.split(',').map((pair) => /^\s*([^:=\s]+)\s*[:=]\s*(.*?)\s*$/s.exec(pair));
    const found = pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', pair[2] ?? ''] as const] : []));
    return found.length === pairs.length
      ? { value: new Map<string, string>(found) }
      : { problem: `must be a dict or text like name:value, not ${shown(value)}` };
  });
}

/** File permissions: octal digits as text, a number (as YAML's 0644 gives), symbolic (`u=rw,go=r`) or `preserve`. */
export function mode() {
  return kind<ModeArgument>({ type: 'mode' }, (value) => {
    const number = value instanceof Float ? value.value : value;
    if (typeof number === 'number') {
      return Number.isInteger(number) && number >= 0 && number <= 0o7777
        ? { value: { octal: number } }
        : { problem: `must be permissions such as '0644', not ${shown(value)}` };
    }
    const words = pythonText(number).trim();
    if (words === 'preserve') return { value: 'preserve' as const };
    if (/^(0o?)?[0-7]{1,4}$/.test(words)) return { value: { octal: Number.parseInt(words.replace(/^0o/, ''), 8) } };
    return /^[ugoa]*([-+=][rwxXstugo]*)+(,[ugoa]*([-+=][rwxXstugo]*)+)*$/.test(words)
      ? { value: { symbolic: words } }
      : { problem: `must be in octal or symbolic form, not ${shown(value)}` };
  });
}

/** One of these words. */
export function choice<const Choice extends string>(...choices: Choice[]) {
  return kind<Choice>({ type: 'choice', choices }, (value) => {
    // YAML turns `yes`, `no`, `on` and `off` into booleans before a module sees them.
    const words =
      typeof value === 'boolean' ? (value ? ['yes', 'true', 'on'] : ['no', 'false', 'off']) : [pythonText(value)];
    const found = choices.find((candidate) => words.includes(candidate));
    return found === undefined
      ? { problem: `must be one of ${choices.join(', ')}, not ${shown(value)}` }
      : { value: found };
  });
}

/** Any value as it is. */
export function raw() {
  return kind<Value>({ type: 'any' }, (value) => ({ value: value as Value }));
}

/**
 * The checked arguments of a module from what a task gives: aliases resolved, texts converted.
 * Throws PLAYBOOK with every problem in plain words.
 */
export function moduleArguments<Args>(
  definition: Pick<AnyModule, 'name' | 'aliases' | 'freeForm' | 'exclusive'> & { args: z.ZodType<Args> },
  given: Record<string, unknown>,
): Args {
  const { name, aliases, freeForm } = definition;
  const named: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const known = key === '_raw_params' && freeForm ? freeForm : key;
    named[aliases?.[known] ?? known] = value;
  }
  const present = Object.keys(named).filter((key) => named[key] !== null && named[key] !== undefined);
  const excluded = excludedNames(definition, new Set(present));
  if (excluded !== undefined) throw new StarsError('PLAYBOOK', excluded);
  const parsed = definition.args.safeParse(named);
  if (parsed.success) return parsed.data;
  throw new StarsError('PLAYBOOK', `${parsed.error.issues.map((issue) => describe(name, issue)).join('; ')}.`, {
    hint: `It takes ${argumentNames(definition)?.join(', ') ?? 'the arguments of the reference'}.`,
  });
}

/** Why these names, aliases resolved, do not go together; undefined when they do. */
export function excludedNames(
  { exclusive = [] }: Pick<AnyModule, 'exclusive'>,
  given: ReadonlySet<string>,
): string | undefined {
  const clashing = exclusive.filter((names) => names.filter((name) => given.has(name)).length > 1);
  if (clashing.length === 0) return undefined;
  return `parameters are mutually exclusive: ${clashing.map((names) => names.join('|')).join(', ')}`;
}

/** Every spelling of the module's arguments, sorted; undefined when its schema does not say. */
export function argumentNames({
  args: schema,
  aliases,
  freeForm,
}: Pick<AnyModule, 'args' | 'aliases' | 'freeForm'>): readonly string[] | undefined {
  const shape = argumentShape(schema);
  if (!shape) return undefined;
  return [...Object.keys(shape), ...Object.keys(aliases ?? {}), ...(freeForm ? ['_raw_params'] : [])].sort();
}

/** The schemas of a module's arguments by name; undefined when its schema does not say. */
export function argumentShape(schema: unknown): object | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema && typeof schema.shape === 'object' && schema.shape !== null) return schema.shape;
  return 'out' in schema ? argumentShape(schema.out) : undefined;
}

type Converted<T> = { value: T } | { problem: string };

function converted<T>(found: Converted<T>, convert: (value: T) => T): Converted<T> {
  return 'value' in found ? { value: convert(found.value) } : found;
}

// The plain type keeps zod from taking the key for optional, since the input is unknown.
function kind<T>(known: ArgumentKind, convert: (value: unknown) => Converted<T>): z.ZodType<T> {
  const schema = z.unknown().transform((given, context): T => {
    const value = plain(given);
    const converted = value === undefined ? { problem: 'is required' } : convert(value);
    if ('value' in converted) return converted.value;
    context.addIssue({ code: 'custom', message: converted.problem });
    return z.NEVER;
  });
  argumentKinds.add(schema, known);
  return schema;
}

function describe(module: string, issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `${module}: unknown argument ${issue.keys.join(', ')}`;
  const name = issue.path.map(String).join('.');
  return name === '' ? `${module}: ${issue.message}` : `${module}: ${name} ${issue.message}`;
}

function withoutNulls(value: unknown, emptyByNull: readonly string[]): unknown {
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] =>
    inner === null && emptyByNull.includes(name) ? [name, ''] : [name, inner],
  );
  return Object.fromEntries(entries.filter(([, inner]) => inner !== null && inner !== undefined));
}

function plain(value: unknown): unknown {
  return value instanceof Unsafe ? value.text : value;
}

function textNumber(value: string): number {
  return /^\s*[-+]?\d+\s*$/.test(value) ? Number.parseInt(value, 10) : Number.NaN;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dict';
  const words = pythonText(value);
  return `'${words.length > 60 ? `${words.slice(0, 60)}…` : words}'`;
}
