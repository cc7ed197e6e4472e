import type { Clock } from '../../../clock.js';
import { UsageFault } from './call.js';
import { formatDate } from './dates.js';
import { NumericText } from './awk-values.js';
import type { AwkValue } from './awk-values.js';
import type { AwkExpression } from './awk-program.js';

type Access = {
  regex(expression: AwkExpression): RegExp;
  assign(target: AwkExpression, value: AwkValue): void;
  array(name: string): Map<string, AwkValue>;
  split(text: string, separator: string): string[];
  set(name: string, value: AwkValue): void;
};

/** The built-in functions of awk. */
export class AwkFunctions {
  constructor(
    readonly clock: Clock,
    readonly access: Access,
  ) {}

  call(
    name: string,
    args: AwkExpression[],
    evaluate: (arg: AwkExpression) => AwkValue,
    toText: (value: AwkValue) => string,
    record: string,
  ): AwkValue {
    const text = (index: number) => (args[index] ? toText(evaluate(args[index])) : '');
    const number = (index: number) => Number.parseFloat(text(index)) || 0;
    switch (name) {
      case 'length':
        return text(0).length;
      case 'substr': {
        const start = Math.round(number(1));
        const end = args[2] ? start + Math.round(number(2)) : Number.POSITIVE_INFINITY;
        return text(0).slice(Math.max(0, start - 1), Math.max(0, end - 1));
      }
      case 'index':
        return text(0).indexOf(text(1)) + 1;
      case 'tolower':
        return text(0).toLowerCase();
      case 'toupper':
        return text(0).toUpperCase();
      case 'int':
        return Math.trunc(number(0));
      case 'sqrt':
      case 'exp':
      case 'log':
      case 'sin':
      case 'cos':
        return Math[name](number(0));
      case 'atan2':
        return Math.atan2(number(0), number(1));
      case 'rand':
        return Math.random();
      case 'srand':
      case 'close':
      case 'fflush':
        return 0;
      case 'systime':
        return Math.floor(this.clock.now().getTime() / 1000);
      case 'strftime':
        return formatDate(text(0), args[1] ? new Date(number(1) * 1000) : this.clock.now());
      case 'split':
        return this.#split(args, text);
      case 'match': {
        const found = this.access.regex(required(args[1], name)).exec(text(0));
        this.access.set('RSTART', found ? found.index + 1 : 0);
        this.access.set('RLENGTH', found ? found[0].length : -1);
        return found ? found.index + 1 : 0;
      }
      case 'sub':
      case 'gsub':
        return this.#substitute(name === 'gsub', args, evaluate, toText, record);
      default:
        throw new UsageFault(`cmd. line:1: function \`${name}' not defined`);
    }
  }

  #split(args: AwkExpression[], text: (index: number) => string): number {
    const target = args[1];
    if (target?.kind !== 'variable') throw new UsageFault('cmd. line:1: split: second argument is not an array');
    const separator = args[2];
    const pieces =
      separator?.kind === 'regex'
        ? text(0) === ''
          ? []
          : text(0).split(separator.regex)
        : this.access.split(text(0), separator ? text(2) : ' ');
    const array = this.access.array(target.name);
    array.clear();
    for (const [index, piece] of pieces.entries())
      array.set(String(index + 1), /^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$/.test(piece) ? new NumericText(piece) : piece);
    return pieces.length;
  }

  #substitute(
    all: boolean,
    args: AwkExpression[],
    evaluate: (arg: AwkExpression) => AwkValue,
    toText: (value: AwkValue) => string,
    record: string,
  ): number {
    const regex = this.access.regex(required(args[0], 'sub'));
    const replacement = toText(evaluate(required(args[1], 'sub')));
    const target: AwkExpression = args[2] ?? { kind: 'field', index: { kind: 'number', value: 0 } };
    const before = args[2] ? toText(evaluate(args[2])) : record;
    let count = 0;
    const after = before.replace(new RegExp(regex.source, all ? 'g' : ''), (match) => {
      count++;
      return replacement.replace(/\\\\|\\&|&/g, (piece) => (piece === '&' ? match : piece === '\\&' ? '&' : '\\'));
    });
    if (count > 0) this.access.assign(target, after);
    return count;
  }
}

function required(argument: AwkExpression | undefined, name: string): AwkExpression {
  if (!argument) throw new UsageFault(`cmd. line:1: not enough arguments for ${name}`);
  return argument;
}
