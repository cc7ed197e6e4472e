/** A word before expansion; its parts are joined without a gap. */
export type Word = { parts: Part[] };

export type ParamOperator = '-' | ':-' | '=' | ':=' | '?' | ':?' | '+' | ':+' | '%' | '%%' | '#' | '##' | 'length';

export type Part =
  | { kind: 'text'; text: string; quoted: boolean }
  | { kind: 'param'; name: string; quoted: boolean; operator?: ParamOperator; word?: Word }
  | { kind: 'slice'; name: string; quoted: boolean; offset: Word; length?: Word }
  | { kind: 'replace'; name: string; quoted: boolean; pattern: Word; replacement: Word; all: boolean }
  | { kind: 'command'; body: List; quoted: boolean }
  | { kind: 'arithmetic'; expression: Word; quoted: boolean }
  | { kind: 'bad'; text: string; quoted: boolean };

export type RedirectOperator = '<' | '>' | '>>' | '>|' | '<>' | '<&' | '>&' | '<<' | '<<<' | '&>' | '&>>';

export type Redirect = { fd: number; operator: RedirectOperator; target: Word; hereDocument?: HereDocument };

/** The body is filled in when the line that names it is over. */
export type HereDocument = { delimiter: string; stripTabs: boolean; quoted: boolean; body: Word };

export type Assignment = { name: string; value: Word; append: boolean };

export type Command =
  | { kind: 'simple'; line: number; assignments: Assignment[]; words: Word[]; redirects: Redirect[] }
  | { kind: 'pipeline'; stages: Command[]; negated: boolean }
  | { kind: 'and-or'; left: Command; operator: '&&' | '||'; right: Command }
  | { kind: 'subshell' | 'group'; body: List; redirects: Redirect[] }
  | { kind: 'if'; branches: { condition: List; body: List }[]; otherwise?: List; redirects: Redirect[] }
  | { kind: 'loop'; until: boolean; condition: List; body: List; redirects: Redirect[] }
  | { kind: 'for'; name: string; words: Word[] | undefined; body: List; redirects: Redirect[]; line: number }
  | {
      kind: 'case';
      subject: Word;
      arms: { patterns: Word[]; body: List; fallThrough: boolean }[];
      redirects: Redirect[];
      line: number;
    }
  | { kind: 'function'; name: string; body: Command };

export type List = { command: Command; background: boolean }[];
