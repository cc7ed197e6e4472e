import { StarsError } from '../errors.js';
import { nearNames } from './near-names.js';
import type { CallContext, Filter, Test } from './filter.js';
import { item } from './lookup.js';
import { unwrap } from './python-value.js';
import type { Registry } from './registry.js';
import { templateError } from './template-error.js';
import type { Template } from './ast.js';
import { Unsafe, type Value } from './value.js';

export type Environment = {
  filters: Registry<Filter>;
  tests: Registry<Test>;
  globals: ReadonlyMap<string, Value>;
  /** What becomes of the value of an output before it is text. */
  finalize(value: Value): Value;
  load?: ((name: string, from: string) => { template: Template; file: string } | undefined) | undefined;
};

/** Limits shared by everything one rendering sets in motion. */
export type Budget = { steps: number; characters: number; depth: number };

const MAX_STEPS = 3_000_000;
const MAX_CHARACTERS = 10_000_000;
const MAX_DEPTH = 100;

/** One evaluation of one template: where it is, what it may use, and what it has used up. */
export class Run {
  line = 1;
  private callContext: CallContext | undefined;

  constructor(
    readonly environment: Environment,
    readonly file: string,
    readonly concat: (parts: Value[]) => Value,
    readonly budget: Budget = { steps: 0, characters: 0, depth: 0 },
    /** Added to the template's own line numbers, which count from 1. */
    private readonly lineOffset = 0,
  ) {}

  get context(): CallContext {
    return (this.callContext ??= {
      filter: (name, value, args, kwargs) => this.filter(name, value, args, kwargs),
      test: (name, value, args, kwargs) => this.test(name, value, args, kwargs),
      item,
      filterNames: () => this.environment.filters.names(),
      testNames: () => this.environment.tests.names(),
    });
  }

  inFile(file: string): Run {
    return new Run(this.environment, file, this.concat, this.budget);
  }

  step(): void {
    this.budget.steps += 1;
    if (this.budget.steps > MAX_STEPS)
      throw templateError(`This template takes more than ${MAX_STEPS} steps.`, 'Is a loop longer than meant?');
  }

  written(characters: number): void {
    this.budget.characters += characters;
    if (this.budget.characters > MAX_CHARACTERS)
      throw templateError(`This template writes more than ${MAX_CHARACTERS} characters.`);
  }

  /** Runs a macro, include or loop level; adds this template's position to errors that have none. */
  nested<T>(action: () => T): T {
    this.budget.depth += 1;
    if (this.budget.depth > MAX_DEPTH)
      throw this.located(templateError('Macros, includes or loops call each other without end.'));
    try {
      return action();
    } catch (thrown) {
      throw this.located(thrown);
    } finally {
      this.budget.depth -= 1;
    }
  }

  located(thrown: unknown): unknown {
    if (thrown instanceof RangeError) return this.located(templateError('This is nested too deeply.'));
    if (!(thrown instanceof StarsError) || thrown.where || this.file === '') return thrown;
    const { code, message, hint, cause } = thrown;
    const where = { file: this.file, line: this.line + this.lineOffset };
    return new StarsError(code, message, { where, cause, ...(hint === undefined ? {} : { hint }) });
  }

  filter(name: string, value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value {
    const found = requireKnown('filter', name, this.environment.filters);
    if (found.asIs) return found(value, args, kwargs, this.context);
    const result = found(unwrap(value), args.map(unwrap), unwrapAll(kwargs), this.context);
    return found.verbatim && typeof result === 'string' ? new Unsafe(result, true) : result;
  }

  test(name: string, value: Value, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): boolean {
    const found = requireKnown('test', name, this.environment.tests);
    return found(unwrap(value), args.map(unwrap), unwrapAll(kwargs), this.context);
  }
}

/** The filter or test of this name; UNSUPPORTED with near names when there is none. */
export function requireKnown<T>(kind: 'filter' | 'test', name: string, known: Registry<T>): T {
  const found = known.get(shortName(name));
  if (found) return found;
  throw new StarsError('UNSUPPORTED', `There is no ${kind} "${name}".`, {
    hint: nearNames(name, known.names()),
    missing: { kind, name: shortName(name) },
  });
}

function unwrapAll(kwargs: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return kwargs.size === 0 ? kwargs : new Map([...kwargs].map(([key, value]) => [key, unwrap(value)]));
}

function shortName(name: string): string {
  return name.startsWith('ansible.builtin.') ? name.slice('ansible.builtin.'.length) : name;
}
