/**
 * Values as YAML, Jinja2 and Ansible have them. A dict is a Map, so that order and non-text keys survive; a whole number is a
 * JS number (a bigint beyond 2^53); a float is a Float, so that 1.0 stays 1.0; None is null; an undefined variable is an Undefined.
 */
export type Value = null | boolean | number | bigint | Float | string | Value[] | Dict | Undefined | Callable | Opaque;

export type Dict = Map<Value, Value>;

export class Float {
  constructor(readonly value: number) {}
}

/** A Python tuple: prints as (1, 2) and is otherwise a list that nobody changes. */
export class Tuple extends Array<Value> {}

/** Chainable and strict: attributes of it are Undefined again, printing or comparing it is an error that names `name`. */
export class Undefined {
  constructor(
    readonly name: string,
    readonly hint?: string,
  ) {}
}

/** Text that is never templated again: `!unsafe`, and what came back from a host. */
export class Unsafe {
  constructor(readonly text: string) {}
}

/** `!vault` text not yet decrypted. */
export class VaultText {
  constructor(readonly text: string) {}
}

export type Opaque = Unsafe | VaultText;

export type Callable = { call(args: Value[], kwargs: Map<string, Value>): Value };
