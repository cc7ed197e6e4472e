import { StarsError } from '../errors.js';
import type { Expression, Template } from './ast.js';
import { evaluate as evaluateNode } from './evaluate.js';
import { execute, joinText } from './execute.js';
import type { Filter, Test } from './filter.js';
import { listFilters } from './filters/list.js';
import { numberFilters } from './filters/number.js';
import { outputFilters } from './filters/output.js';
import { textFilters } from './filters/text.js';
import { builtinGlobals } from './globals.js';
import { DELIMITERS, type Delimiters, type LexerOptions } from './lexer.js';
import { createRegistry } from './registry.js';
import { type Environment, Run } from './run.js';
import { Scope } from './scope.js';
import { parseExpression, parseTemplate } from './statements.js';
import { createTemplateCache } from './template-cache.js';
import { builtinTests } from './tests.js';
import type { Value } from './value.js';

export type Lookup = (name: string) => Value | undefined;

export type JinjaOptions = {
  /** Layers of filters and tests before Jinja2's own, the first that has a name answering. */
  filters?: readonly Readonly<Record<string, Filter>>[];
  tests?: readonly Readonly<Record<string, Test>>[];
  globals?: ReadonlyMap<string, Value>;
  /** The text of a template named by include or import; `from` is the file that names it. */
  load?: (name: string, from: string) => { source: string; file: string } | undefined;
  /** What becomes of the value of `{{ }}` before it is text. */
  finalize?: (value: Value) => Value;
};

export type RenderOptions = {
  file?: string | undefined;
  /** The line of `file` on which the source starts. */
  line?: number | undefined;
  trimBlocks?: boolean;
  lstripBlocks?: boolean;
  keepTrailingNewline?: boolean;
  literalBackslashes?: boolean;
  delimiters?: Partial<Delimiters>;
  /** For evaluate: the expression is what stands behind {% if %}, where an inline `if` needs parentheses. */
  asTest?: boolean;
  /** Puts printed pieces together, also those of macros and set blocks; default: as text. */
  concat?: (parts: Value[]) => Value;
};

/** Jinja2 3.1 over `Value`s. Every method throws StarsError TEMPLATE, UNDEFINED_VARIABLE or UNSUPPORTED, with file and line where known. */
export type Jinja = {
  /** The text of a template. */
  render(source: string, lookup: Lookup, options?: RenderOptions): string;
  /** The printed pieces of a template, put together by `concat`. */
  renderValue(source: string, lookup: Lookup, options?: RenderOptions): Value;
  evaluate(expression: string, lookup: Lookup, options?: RenderOptions): Value;
  /** Whether a text has anything in it that Jinja2 would act on. */
  isTemplate(text: string): boolean;
};

export const builtinFilters: Readonly<Record<string, Filter>> = {
  ...textFilters,
  ...listFilters,
  ...numberFilters,
  ...outputFilters,
};

// What a source parses to depends on nothing else than the lexer's settings, so every engine shares these.
const templates = createSourceCache<Template>();
const expressions = createSourceCache<Expression>();

export function createJinja(options: JinjaOptions = {}): Jinja {
  const base: Environment = {
    filters: createRegistry(...(options.filters ?? []), builtinFilters),
    tests: createRegistry(...(options.tests ?? []), builtinTests),
    globals: options.globals ? new Map([...builtinGlobals, ...options.globals]) : builtinGlobals,
    finalize: options.finalize ?? ((value) => value),
  };

  function renderValue(source: string, lookup: Lookup, settings: RenderOptions = {}): Value {
    const template = parsedTemplate(source, settings);
    const run = newRun(settings);
    return run.nested(() => {
      const out: Value[] = [];
      execute(template.body, rootScope(lookup), run, out);
      return run.concat(out);
    });
  }

  function evaluate(source: string, lookup: Lookup, settings: RenderOptions = {}): Value {
    const expression = parsedExpression(source, settings);
    const run = newRun(settings);
    return run.nested(() => evaluateNode(expression, rootScope(lookup), run));
  }

  function newRun(settings: RenderOptions): Run {
    const { file = '', line = 1, concat = joinText } = settings;
    const environment = { ...base, load: environmentLoad(settings) };
    return new Run(environment, file, concat, undefined, line - 1);
  }

  function environmentLoad(settings: RenderOptions): Environment['load'] {
    return (name, from) => {
      const found = options.load?.(name, from);
      return (
        found && {
          file: found.file,
          template: parsedTemplate(found.source, {
            ...settings,
            file: found.file,
            line: 1,
            keepTrailingNewline: false,
          }),
        }
      );
    };
  }

  function rootScope(lookup: Lookup): Scope {
    const seen = new Map<string, Value | undefined>();
    return new Scope((name) => {
      if (!seen.has(name)) {
        const value = lookup(name);
        seen.set(name, value === undefined ? base.globals.get(name) : value);
      }
      return seen.get(name);
    });
  }

  return {
    render: (source, lookup, settings = {}) => joinText([renderValue(source, lookup, settings)]),
    renderValue,
    evaluate,
    isTemplate: (text) => text.includes('{{') || text.includes('{%') || text.includes('{#'),
  };
}

/** The tree of a template, kept for the next use. Throws TEMPLATE or UNSUPPORTED with file and line. */
export function parsedTemplate(source: string, settings: RenderOptions = {}): Template {
  return atLine(settings, () => templates.get(source, settings, () => parseTemplate(source, lexerOptions(settings))));
}

/** The same of a bare expression. */
export function parsedExpression(source: string, settings: RenderOptions = {}): Expression {
  return atLine(settings, () =>
    expressions.get(source, settings, () => parseExpression(source, lexerOptions(settings), !settings.asTest)),
  );
}

function lexerOptions(settings: RenderOptions): LexerOptions {
  return {
    file: settings.file ?? '',
    line: 1,
    trimBlocks: settings.trimBlocks ?? false,
    lstripBlocks: settings.lstripBlocks ?? false,
    keepTrailingNewline: settings.keepTrailingNewline ?? false,
    literalBackslashes: settings.literalBackslashes ?? false,
    delimiters: { ...DELIMITERS, ...settings.delimiters },
  };
}

/** One cache for each combination of settings, so that a source is its own key and no new text has to be put together and hashed. */
function createSourceCache<T>() {
  const bySettings = new Map<number, ReturnType<typeof createTemplateCache<T>>>();

  function get(source: string, settings: RenderOptions, make: () => T): T {
    const { trimBlocks, lstripBlocks, keepTrailingNewline, literalBackslashes, delimiters, asTest } = settings;
    const flags = [trimBlocks, lstripBlocks, keepTrailingNewline, literalBackslashes, delimiters !== undefined, asTest];
    const number = flags.reduce((sum, flag) => 2 * sum + Number(flag ?? false), 0);
    const cache = bySettings.get(number) ?? createTemplateCache<T>();
    bySettings.set(number, cache);
    return cache.get(delimiters ? `${JSON.stringify({ ...DELIMITERS, ...delimiters })}\n${source}` : source, make);
  }

  return { get };
}

/** Moves the line of a parser's error to where the source stands in its file. */
function atLine<T>({ file = '', line = 1 }: RenderOptions, parse: () => T): T {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new StarsError('TEMPLATE', 'This is nested too deeply.', file ? { where: { file, line } } : {});
    if (!(thrown instanceof StarsError)) throw thrown;
    const { code, message, hint, where } = thrown;
    const place = file && where ? { where: { file, line: (where.line ?? 1) + line - 1 } } : {};
    throw new StarsError(code, message, { ...place, ...(hint === undefined ? {} : { hint }) });
  }
}
