/**
 * Values as YAML, Jinja2 and Ansible have them. A dict is a Map, so that order and non-text keys survive; a whole number is a
 * JS number (a bigint beyond 2^53); a float is a Float, so that 1.0 stays 1.0; None is null; an undefined variable is an Undefined.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | Float
  | string
  | Value[]
  | Dict
  | Undefined
  | Attributes
  | Callable
  | Opaque;

export type Dict = Map<Value, Value>;

export class Float {
  constructor(readonly value: number) {}
}

/** A Python tuple: prints as (1, 2) and is otherwise a list that nobody changes. */
export class Tuple extends Array<Value> {}

/** What `groupby` gives: a pair that also answers to `grouper` and `list`. */
export class Group extends Tuple {
  static override get [Symbol.species](): ArrayConstructor {
    return Tuple as ArrayConstructor;
  }

  constructor(
    readonly grouper: Value,
    readonly list: Value[],
  ) {
    super();
    this.push(grouper, list);
  }
}

/** Chainable and strict: attributes of it are Undefined again, printing or comparing it is an error that names `name`. */
export class Undefined {
  constructor(
    readonly name: string,
    readonly hint?: string,
    /** Prints as nothing and counts as false instead of failing: what an inline `if` without `else` gives. */
    readonly silent = false,
  ) {}
}

/**
 * Text that is never templated again: `!unsafe`, and what came back from a host. `verbatim` text also stays text
 * where a template's result that looks like a list or dict would become one.
 */
export class Unsafe {
  constructor(
    readonly text: string,
    readonly verbatim = false,
  ) {}
}

/** `!vault` text not yet decrypted. */
export class VaultText {
  constructor(readonly text: string) {}
}

/** A thing with attributes that is no dict: `loop`, `namespace()`, an imported template. */
export class Attributes {
  constructor(
    readonly kind: string,
    readonly attributes: Map<string, Value>,
    readonly call?: Callable['call'],
  ) {}
}

export type Opaque = Unsafe | VaultText;

export type Callable = { call(args: Value[], kwargs: Map<string, Value>): Value };
