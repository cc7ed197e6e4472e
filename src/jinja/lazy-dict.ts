import type { Value } from './value.js';

/** A dict whose values are made when somebody asks for them, such as `hostvars` and `vars`. Nothing can be changed in it. */
export class LazyDict extends Map<Value, Value> {
  constructor(
    private readonly names: () => Iterable<string>,
    private readonly find: (name: string) => Value | undefined,
    /** Told of a name that somebody looked for in vain. */
    private readonly missed: (name: string) => void = () => {},
  ) {
    super();
  }

  override get size(): number {
    return [...this.names()].length;
  }

  override get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.find(key) : undefined;
  }

  override has(key: Value): boolean {
    if (typeof key !== 'string') return false;
    for (const name of this.names()) if (name === key) return true;
    this.missed(key);
    return false;
  }

  override set(): this {
    return this;
  }

  override *keys(): MapIterator<Value> {
    yield* this.names();
  }

  override *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  override *entries(): MapIterator<[Value, Value]> {
    for (const name of this.names()) yield [name, this.find(name) ?? null];
  }

  override [Symbol.iterator](): MapIterator<[Value, Value]> {
    return this.entries();
  }
}
