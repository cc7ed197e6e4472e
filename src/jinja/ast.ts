import type { Operator } from './arithmetic.js';
import type { Value } from './value.js';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Arguments = {
  positional: Expression[];
  keywords: { name: string; value: Expression }[];
  spread?: Expression | undefined;
  spreadKeywords?: Expression | undefined;
};

/** An expression; `line` counts from 1 in the template. */
export type Expression = { line: number } & (
  | { type: 'constant'; value: Value }
  | { type: 'name'; name: string }
  | { type: 'list'; items: Expression[] }
  | { type: 'tuple'; items: Expression[] }
  | { type: 'dict'; pairs: { key: Expression; value: Expression }[] }
  | { type: 'attribute'; object: Expression; name: string }
  | { type: 'item'; object: Expression; key: Expression }
  | { type: 'slice'; start?: Expression | undefined; stop?: Expression | undefined; step?: Expression | undefined }
  | { type: 'call'; callee: Expression; args: Arguments }
  | { type: 'filter'; name: string; input: Expression; args: Arguments }
  | { type: 'test'; name: string; input: Expression; args: Arguments }
  | { type: 'not' | 'negative' | 'positive'; operand: Expression }
  | { type: 'and' | 'or'; left: Expression; right: Expression }
  | { type: 'binary'; operator: Operator; left: Expression; right: Expression }
  | { type: 'concat'; parts: Expression[] }
  | { type: 'compare'; first: Expression; rest: { operator: Comparison; operand: Expression }[] }
  | { type: 'conditional'; test: Expression; whenTrue: Expression; otherwise?: Expression | undefined }
);

export type Target =
  | { type: 'name'; name: string }
  | { type: 'tuple'; items: Target[] }
  | { type: 'namespace'; name: string; attribute: string };

export type Parameter = { name: string; fallback?: Expression | undefined };

export type Macro = {
  name: string;
  parameters: Parameter[];
  body: Statement[];
  usesCaller: boolean;
  usesVarargs: boolean;
  usesKwargs: boolean;
};

export type FilterCall = { name: string; args: Arguments; line: number };

export type Statement = { line: number } & (
  | { type: 'text'; text: string }
  | { type: 'output'; expressions: Expression[] }
  | { type: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      type: 'for';
      target: Target;
      iterable: Expression;
      condition?: Expression | undefined;
      recursive: boolean;
      body: Statement[];
      otherwise: Statement[];
      usesLoop: boolean;
    }
  | { type: 'set'; target: Target; value: Expression }
  | { type: 'set-block'; target: Target; filters: FilterCall[]; body: Statement[] }
  | { type: 'macro'; macro: Macro }
  | { type: 'call-block'; call: Expression; macro: Macro }
  | { type: 'filter-block'; filters: FilterCall[]; body: Statement[] }
  | { type: 'block'; name: string; body: Statement[] }
  | { type: 'scope'; body: Statement[] }
  | { type: 'with'; bindings: { target: Target; value: Expression }[]; body: Statement[] }
  | { type: 'include'; template: Expression; ignoreMissing: boolean; withContext: boolean }
  | { type: 'import'; template: Expression; target: string; withContext: boolean }
  | { type: 'from-import'; template: Expression; names: { name: string; alias: string }[]; withContext: boolean }
  | { type: 'do'; expression: Expression }
  | { type: 'break' | 'continue' }
);

export type Template = { body: Statement[] };
