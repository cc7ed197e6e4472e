import { Float, Unsafe, type Value } from '../jinja/value.js';
import { type ExtraVarsOptions, readExtraVars } from '../provision/extra-vars.js';
import { pythonText } from '../provision/python-text.js';
import type { Redactor } from '../secret.js';
import { typedWords } from './words.js';

export const SOUNDS_SECRET = /passw|passphrase|(?:^|_)pass$|pwd|secret|token|credential|(?:api|private|access)_?key/i;

type Typed = ExtraVarsOptions & {
  /** The texts of `-e`. */
  extraVars: readonly string[];
  /** The whole line as typed. */
  text: string;
};

/** Tells the redactor every value of `-e` whose name sounds secret, however it is written. USAGE says what `-e` has wrong. */
export function registerTypedSecrets({ extraVars, text, ...options }: Typed, redactor: Redactor): void {
  for (const given of extraVars) {
    const secrets = [...secretsIn(readExtraVars([given], options), false, new Map())];
    for (const secret of secrets) redactor.add(secret);
    if (given.trim().startsWith('@')) continue;
    // Escapes and quotes can spell a value so that it is not found in what was typed: then all of that goes.
    const isSpelled = (typed: string) => secrets.every((secret) => typed.includes(secret));
    if (!isSpelled(given)) redactor.add(given);
    for (const { word, typed } of typedWords(text)) if (word.endsWith(given) && !isSpelled(typed)) redactor.add(typed);
  }
}

/** `seen`: lists and dicts that were looked through, and whether as part of a secret; YAML's aliases can repeat them without end. */
function* secretsIn(value: Value, secret: boolean, seen: Map<Value, boolean>): Generator<string> {
  if (value instanceof Map || Array.isArray(value)) {
    if (seen.get(value) === true || seen.get(value) === secret) return;
    seen.set(value, secret);
    const entries: [Value, Value][] = value instanceof Map ? [...value] : value.map((item) => ['', item]);
    for (const [key, item] of entries) yield* secretsIn(item, secret || SOUNDS_SECRET.test(pythonText(key)), seen);
  } else if (secret && isText(value)) {
    yield pythonText(value);
  }
}

function isText(value: Value): boolean {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Float ||
    value instanceof Unsafe
  );
}
