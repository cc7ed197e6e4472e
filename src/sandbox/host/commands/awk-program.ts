export type AwkExpression =
  | { kind: 'number'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'regex'; regex: RegExp }
  | { kind: 'variable'; name: string }
  | { kind: 'field'; index: AwkExpression }
  | { kind: 'element'; name: string; keys: AwkExpression[] }
  | { kind: 'in'; name: string; keys: AwkExpression[] }
  | { kind: 'assign'; target: AwkExpression; operator: string; value: AwkExpression }
  | { kind: 'step'; target: AwkExpression; by: 1 | -1; prefix: boolean }
  | { kind: 'unary'; operator: string; operand: AwkExpression }
  | { kind: 'binary'; operator: string; left: AwkExpression; right: AwkExpression }
  | { kind: 'conditional'; test: AwkExpression; yes: AwkExpression; no: AwkExpression }
  | { kind: 'call'; name: string; args: AwkExpression[] };

export type AwkStatement =
  | { kind: 'block'; body: AwkStatement[] }
  | { kind: 'expression'; value: AwkExpression }
  | { kind: 'print' | 'printf'; args: AwkExpression[]; target?: AwkExpression; append: boolean }
  | { kind: 'if'; test: AwkExpression; yes: AwkStatement; no?: AwkStatement }
  | { kind: 'while'; test: AwkExpression; body: AwkStatement; after: boolean }
  | { kind: 'for'; init?: AwkStatement; test?: AwkExpression; step?: AwkStatement; body: AwkStatement }
  | { kind: 'for-in'; name: string; array: string; body: AwkStatement }
  | { kind: 'delete'; name: string; keys: AwkExpression[] }
  | { kind: 'next' | 'break' | 'continue' }
  | { kind: 'exit' | 'return'; value?: AwkExpression };

export type AwkRule = {
  when: 'begin' | 'end' | 'record';
  from?: AwkExpression;
  to?: AwkExpression;
  body?: AwkStatement;
  active: boolean;
};

export type AwkFunction = { params: string[]; body: AwkStatement };

export type AwkProgram = { rules: AwkRule[]; functions: Map<string, AwkFunction> };
