import type { Position } from '../errors.js';
import type { Value } from '../jinja/value.js';

export type TemplarOptions = {
  /** A raw, untemplated variable; undefined when there is none. */
  lookup(name: string): Value | undefined;
  /** Names of all variables, for `lookup('varnames')` and `vars`. */
  variableNames?: () => Iterable<string>;
  /** Folders in which lookups search for a relative path, nearest first; default: the working directory. */
  searchFolders?: (kind: 'files' | 'templates' | 'vars') => readonly string[];
  /** Reads a controller file; default: from disk. */
  readFile?: (path: string) => string;
  /** What `lookup('env')` sees; default: nothing. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Decrypts `!vault` values and vaulted files. */
  vault?: ((vaultText: string) => string) | undefined;
  /** Told about things Ansible accepts with a warning. */
  onDeprecation?: (message: string) => void;
  now?: () => Date;
};

/** Ansible's templating rules over one set of variables. Every method throws StarsError TEMPLATE, UNDEFINED_VARIABLE or UNSUPPORTED. */
export type Templar = {
  /** Deep: a lone `{{ variable }}` keeps its type; texts that turn out as a list, dict or boolean become one. */
  template(value: Value, where?: Position): Value;
  /** The value of a bare expression. */
  evaluate(expression: string, where?: Position): Value;
  /** `when` and its kin: text is an expression, a list means AND. */
  condition(value: Value, where?: Position): boolean;
  /** A template file's text with the template module's settings. `locals` come before the variables. */
  renderTemplate(text: string, file: string, locals?: ReadonlyMap<string, Value>): string;
  /** The list a `with_<name>` loop or `query('<name>', …)` goes over. Terms are templated already. */
  runLookup(name: string, terms: readonly Value[], options?: ReadonlyMap<string, Value>, where?: Position): Value[];
  isTemplate(value: Value): boolean;
  /** The same with more variables in front (item, task vars). */
  withVariables(variables: ReadonlyMap<string, Value>): Templar;
};
