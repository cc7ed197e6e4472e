import { dirname, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import { createJinja, type Jinja } from '../jinja/jinja.js';
import { LazyDict } from '../jinja/lazy-dict.js';
import { str } from '../jinja/python-text.js';
import { isNumber, truthy, unwrap } from '../jinja/python-value.js';
import { templateError } from '../jinja/template-error.js';
import { Undefined, Unsafe, type Value, VaultText } from '../jinja/value.js';
import { evaluatingConcat, finalize } from './concat.js';
import { conditionWithoutUndefined } from './defined-test.js';
import { createControllerFiles } from './controller-files.js';
import { ansibleFilters } from './filters.js';
import { createGlobals } from './globals.js';
import { createInertValues, type InertValues } from './inert.js';
import type { Vaults } from './filters/vault.js';
import { createLookups } from './lookups.js';
import type { AskOutside } from './outside-call.js';
import { at, fileSettings, textSettings } from './settings.js';
import { ansibleTests } from './tests.js';
import { looksLikeTemplate, protect } from './unsafe.js';

export type TemplarOptions = {
  /** A raw, untemplated variable; undefined when there is none. A dict or list it gave must not be changed while the templar is in use. */
  lookup(name: string): Value | undefined;
  /** Names of all variables, for `lookup('varnames')` and `vars`. */
  variableNames?: () => Iterable<string>;
  /** Folders in which lookups and includes search for a relative path, nearest first; default: the working directory. */
  searchFolders?: (kind: 'files' | 'templates' | 'vars') => readonly string[];
  /** What `lookup('env')` sees; default: nothing. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Decrypts `!vault` values and vaulted files. */
  vault?: ((vaultText: string) => string) | undefined;
  /** Makes and opens vaults with passwords that templates give. */
  vaults?: Vaults | undefined;
  /** Names of the hosts that a pattern means, for `lookup('inventory_hostnames')`; default: none. */
  hostNames?: ((pattern: readonly string[]) => readonly string[]) | undefined;
  /** Told of every file that lookups and includes read. */
  onRead?: ((path: string) => void) | undefined;
  /** Runs the programs that lookups want the answer of; default: they are refused. */
  askOutside?: AskOutside | undefined;
  /** Told about things Ansible accepts with a warning. */
  onDeprecation?: (message: string) => void;
  now?: () => Date;
};

/** Ansible's templating rules over one set of variables. Every method throws StarsError TEMPLATE, UNDEFINED_VARIABLE or UNSUPPORTED. */
export type Templar = {
  /** Deep: a lone `{{ variable }}` keeps its type; texts that turn out as a list, dict or boolean become one. */
  template(value: Value, where?: Position): Value;
  /** The value of a bare expression; an Undefined when it is undefined. */
  evaluate(expression: string, where?: Position): Value;
  /** A variable, templated; undefined when there is none or when it needs one that is undefined. */
  variable(name: string): Value | undefined;
  /** `when` and its kin: text is an expression, a list means AND. */
  condition(value: Value, where?: Position): boolean;
  /** A template file's text with the template module's settings. `locals` come before the variables. */
  renderTemplate(text: string, file: string, locals?: ReadonlyMap<string, Value>): string;
  /** The list a `with_<name>` loop or `query('<name>', …)` goes over. Terms are templated already. */
  runLookup(name: string, terms: readonly Value[], options?: ReadonlyMap<string, Value>, where?: Position): Value[];
  isTemplate(value: Value): boolean;
  /** The same with more variables in front (item, task vars); an undefined one hides what there is of its name. */
  withVariables(variables: ReadonlyMap<string, Value | undefined>): Templar;
};

const LONE_VARIABLE = /^\{\{\s*(\w+)\s*\}\}\n?$/;
const MAX_NESTING = 50;

// A template in which one of these words stands may change a list or dict, and then gets its own copies of variables.
const CHANGES = /append|extend|insert|remove|clear|pop|setdefault|sort|reverse|update|include|import/;

/** Templating over `lookup`, which is asked anew for every use of a variable. */
export function createTemplar(options: TemplarOptions): Templar {
  return templarWith(options, createInertValues());
}

function templarWith(options: TemplarOptions, inert: InertValues): Templar {
  const files = createControllerFiles(options);
  // Names of the variables being templated right now, outermost first: a name that comes again is a loop.
  const open: string[] = [];
  let lookupsAllowed = true;

  // Made when a template is met: most templars only look up variables that are plain values.
  let lookups: ReturnType<typeof createLookups> | undefined;
  let jinja: Jinja | undefined;

  function lookupPlugins() {
    return (lookups ??= createLookups({
      ...options,
      files,
      variable: (name) => resolveVariable(name),
      renderTemplate,
    }));
  }

  function engine(): Jinja {
    return (jinja ??= createJinja({
      filters: ansibleFilters({ ...options, files, environment: options.environment ?? {} }),
      tests: [ansibleTests],
      globals: createGlobals({ lookup: runGlobalLookup, now: options.now ?? (() => new Date()) }),
      finalize,
      load(name, from) {
        const path = files.find(name, 'templates', from ? [dirname(resolve(from))] : []);
        return path === undefined ? undefined : { source: files.read(path), file: path };
      },
    }));
  }

  function runGlobalLookup(name: string, terms: readonly Value[], given: ReadonlyMap<string, Value>): Value {
    if (!lookupsAllowed)
      throw templateError('Lookups are not allowed in a condition that was put together by a template.');
    return lookupPlugins().run(name, terms, given);
  }

  /** Variables as a template sees them. */
  function variablesFor(source: string): (name: string) => Value | undefined {
    const copies = CHANGES.test(source);
    return (name) => resolveVariable(name, copies);
  }

  function resolveVariable(name: string, copies = false): Value | undefined {
    const raw = options.lookup(name);
    if (raw === undefined || raw instanceof LazyDict) return raw;
    if (raw === null || typeof raw !== 'object') {
      if (typeof raw !== 'string' || !looksLikeTemplate(raw)) return raw;
    }
    if (!copies && inert.has(raw)) return raw;
    if (open.includes(name)) throw recursiveLoop([...open.slice(open.indexOf(name)), name]);
    if (open.length >= MAX_NESTING)
      throw templateError(`Variables refer to each other more than ${MAX_NESTING} levels deep.`);
    open.push(name);
    try {
      return template(raw);
    } catch (thrown) {
      // Only a use of the variable fails, so that `default` and `is defined` can still answer.
      if (thrown instanceof StarsError && thrown.code === 'UNDEFINED_VARIABLE')
        return new Undefined(name, hintFor(name, thrown));
      throw thrown;
    } finally {
      open.pop();
    }
  }

  function template(value: Value, where?: Position): Value {
    if (typeof value === 'string') return looksLikeTemplate(value) ? protect(templateText(value, where)) : value;
    // As in Ansible a tuple that a variable holds, such as the item of a loop, is a list where it is used.
    if (Array.isArray(value)) return Array.from(value, (item) => template(item, where));
    if (value instanceof LazyDict) return value;
    if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, template(inner, where)]));
    if (value instanceof VaultText) return protect(decrypted(value, where));
    return value;
  }

  function templateText(text: string, where: Position | undefined): Value {
    const lone = LONE_VARIABLE.exec(text);
    const raw = lone?.[1] === undefined ? undefined : options.lookup(lone[1]);
    if (raw !== undefined && (raw === null || typeof raw === 'boolean' || isNumber(raw))) return raw;
    const { body, settings } = textSettings(text, where);
    const result = engine().renderValue(body, variablesFor(body), { ...settings, concat: evaluatingConcat });
    return withNewlines(result, text);
  }

  function decrypted({ text }: VaultText, where: Position | undefined): string {
    if (options.vault) return options.vault(text);
    throw new StarsError('VAULT', 'A vaulted value is needed, and there is no vault password.', {
      hint: 'Set STARS_VAULT_PASSWORD_FILE.',
      ...(where ? { where } : {}),
    });
  }

  function evaluate(expression: string, where?: Position): Value {
    return unwrap(engine().evaluate(expression, variablesFor(expression), at(where)));
  }

  function variable(name: string): Value | undefined {
    const value = unwrap(resolveVariable(name) ?? null);
    return value === null || value instanceof Undefined ? undefined : value;
  }

  function condition(value: Value, where?: Position): boolean {
    if (Array.isArray(value)) return value.every((item) => condition(item, where));
    const given = unwrap(value);
    if (given === null || given === '') return true;
    if (typeof given !== 'string') return truthy(given);
    if (!looksLikeTemplate(given)) return expressionHolds(given, where);
    if (value instanceof Unsafe) throw unsafeCondition(where);
    options.onDeprecation?.(`Conditions should hold no template delimiters such as {{ }}: ${given}`);
    const result = template(given, where);
    if (result instanceof Unsafe && !result.verbatim) throw unsafeCondition(where);
    const text = unwrap(result);
    if (typeof text !== 'string' || text === '') return truthy(text);
    return withoutLookups(() => expressionHolds(text, where));
  }

  function expressionHolds(expression: string, where: Position | undefined): boolean {
    try {
      return truthy(engine().evaluate(expression, variablesFor(expression), { ...at(where), asTest: true }));
    } catch (thrown) {
      const answer = conditionWithoutUndefined(expression, thrown);
      if (answer !== undefined) return answer;
      throw where && thrown instanceof StarsError && !thrown.where ? thrown.with({ where }) : thrown;
    }
  }

  function withoutLookups<T>(action: () => T): T {
    const before = lookupsAllowed;
    lookupsAllowed = false;
    try {
      return action();
    } finally {
      lookupsAllowed = before;
    }
  }

  function renderTemplate(text: string, file: string, locals?: ReadonlyMap<string, Value>): string {
    const { body, settings } = fileSettings(text, file);
    const variable = variablesFor(body);
    const lookup = locals ? (name: string) => (locals.has(name) ? locals.get(name) : variable(name)) : variable;
    const result = engine().renderValue(body, lookup, settings);
    return str(withNewlines(result, text));
  }

  function isTemplate(value: Value): boolean {
    if (typeof value === 'string') return looksLikeTemplate(value);
    if (Array.isArray(value)) return value.some(isTemplate);
    return (
      value instanceof Map &&
      !(value instanceof LazyDict) &&
      [...value].some(([key, inner]) => isTemplate(key) || isTemplate(inner))
    );
  }

  return {
    template,
    evaluate,
    variable,
    condition,
    renderTemplate,
    isTemplate,
    runLookup(name, terms, given = new Map(), where) {
      try {
        return lookupPlugins().list(name, terms, given);
      } catch (thrown) {
        throw where && thrown instanceof StarsError && !thrown.where ? thrown.with({ where }) : thrown;
      }
    },
    withVariables: (variables) =>
      templarWith(
        {
          ...options,
          lookup: (name) => (variables.has(name) ? variables.get(name) : options.lookup(name)),
          variableNames: () => new Set([...variables.keys(), ...(options.variableNames?.() ?? [])]),
        },
        inert,
      ),
  };
}

function recursiveLoop(names: string[]): StarsError {
  return templateError(
    `Variables refer to each other in a recursive loop: ${names.join(' -> ')}.`,
    'One of them has to get a value of its own.',
  );
}

function unsafeCondition(where: Position | undefined): StarsError {
  return new StarsError(
    'TEMPLATE',
    'This condition contains text from a host that looks like a template; it is not evaluated.',
    where ? { where } : {},
  );
}

function hintFor(name: string, { message }: StarsError): string {
  return `The variable "${name}" cannot be used: ${message}`;
}

// Jinja2 drops one line break at the end of a template; Ansible gives back as many as the source had.
function withNewlines(result: Value, source: string): Value {
  if (typeof result !== 'string' && !(result instanceof Unsafe)) return result;
  const text = str(result);
  const missing = trailingNewlines(source) - trailingNewlines(text);
  if (missing <= 0) return result;
  const completed = text + '\n'.repeat(missing);
  return result instanceof Unsafe ? new Unsafe(completed, result.verbatim) : completed;
}

function trailingNewlines(text: string): number {
  return text.length - text.replace(/\n+$/, '').length;
}
