import type { Value } from './value.js';

/** Variables set inside a template, innermost first; `outside` answers for what no scope has. */
export class Scope {
  readonly variables = new Map<string, Value>();

  constructor(
    private readonly outside: (name: string) => Value | undefined,
    private readonly parent?: Scope,
  ) {}

  get(name: string): Value | undefined {
    const own = this.variables.get(name);
    if (own !== undefined) return own;
    return this.parent ? this.parent.get(name) : this.outside(name);
  }

  set(name: string, value: Value): void {
    this.variables.set(name, value);
  }

  inner(): Scope {
    return new Scope(this.outside, this);
  }
}
