import { formatPrintf, floatText } from '../shell/builtins/printf.js';
import { AwkFunctions } from './awk-functions.js';
import { arithmetic, compares, number, numeric, NumericText, truth } from './awk-values.js';
import type { AwkValue } from './awk-values.js';
import { parseAwk } from './awk-parser.js';
import type { AwkExpression, AwkFunction, AwkProgram, AwkStatement } from './awk-program.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';
import { posixRegex } from './regex.js';
import { fromByteString } from '../bytes.js';

const MAX_FIELDS = 100_000;
const MAX_CALLS = 200;

/** A jump out of statements. */
type Jump = 'next' | 'break' | 'continue' | 'exit' | 'return';

export const awk: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'F:v:f:',
    long: { 'field-separator': 'F', assign: 'v', file: 'f' },
    inOrder: true,
    status: 2,
  });
  const operands = [...options.operands];
  const files = options.values.get('f') ?? [];
  let source = '';
  for (const file of files) source += `${(await call.content(file)).toString('latin1')}\n`;
  if (files.length === 0) {
    const first = operands.shift();
    if (first === undefined) throw new UsageFault("usage: awk [-F fs][-v var=value] 'prog' [file ...]", 2);
    source = first;
  }
  const run = new AwkRun(call, parseAwk(source));
  const separator = options.value('F');
  if (separator !== undefined) run.set('FS', separator === 't' ? '\t' : unescape(separator));
  for (const assignment of options.values.get('v') ?? []) run.assignText(assignment);
  return run.main(operands);
};

function unescape(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter: string) => ({ n: '\n', t: '\t', '\\': '\\' })[letter as 'n']);
}

class AwkRun {
  #globals = new Map<string, AwkValue>();
  readonly #arrays = new Map<string, Map<string, AwkValue>>();
  #frames: { values: Map<string, AwkValue>; arrays: Map<string, Map<string, AwkValue>> }[] = [];
  #record = '';
  #fields: string[] | undefined;
  #output = '';
  readonly #files = new Map<string, { text: string; append: boolean }>();
  #status = 0;
  #returned: AwkValue = '';
  readonly #functions: AwkFunctions;

  constructor(
    readonly call: Call,
    readonly program: AwkProgram,
  ) {
    this.#functions = new AwkFunctions(call.machine.clock, {
      regex: (pattern) => this.#regexOf(pattern),
      assign: (target, value) => this.#assign(target, value),
      array: (name) => this.#array(name),
      split: (text, separator) => this.#splitText(text, separator),
      set: (name, value) => this.set(name, value),
    });
    for (const [name, value] of Object.entries({
      FS: ' ',
      OFS: ' ',
      ORS: '\n',
      RS: '\n',
      NR: 0,
      FNR: 0,
      NF: 0,
      SUBSEP: '\x1c',
      RSTART: 0,
      RLENGTH: -1,
      FILENAME: '',
      CONVFMT: '%.6g',
      OFMT: '%.6g',
    }))
      this.#globals.set(name, value);
    const environment = this.#array('ENVIRON');
    for (const [name, value] of call.proc.environment) environment.set(name, numeric(value));
  }

  set(name: string, value: AwkValue): void {
    const frame = this.#frames.at(-1);
    if (frame?.values.has(name)) frame.values.set(name, value);
    else this.#globals.set(name, value);
    if (name === 'NF') this.#resize(Number(value));
  }

  assignText(text: string): void {
    const found = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (!found) throw new UsageFault(`invalid variable assignment '${text}'`, 2);
    this.set(found[1] as string, numeric(unescape(found[2] as string)));
  }

  async main(operands: string[]): Promise<number> {
    let jump = this.#runRules('begin');
    await this.#flush();
    if (jump !== 'exit' && this.program.rules.some(({ when }) => when !== 'begin'))
      jump = await this.#records(operands);
    if (jump !== 'exit' || this.program.rules.some(({ when }) => when === 'end')) this.#runRules('end');
    await this.#flush();
    for (const [file, { text, append }] of this.#files) await this.#save(file, text, append);
    return this.#status;
  }

  async #save(file: string, text: string, append: boolean): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    if (file === '/dev/stderr') await this.call.proc.files.get(2)?.write(bytes, this.call.proc);
    else
      await this.call.write(
        file,
        append && this.call.find(file) ? Buffer.concat([await this.call.content(file), bytes]) : bytes,
      );
  }

  async #flush(): Promise<void> {
    const text = this.#output;
    this.#output = '';
    await this.call.print(text);
  }

  async #records(operands: readonly string[]): Promise<Jump | undefined> {
    const files = operands.filter((operand) => !/^[A-Za-z_]\w*=/.test(operand));
    for (const operand of files.length > 0 || operands.length === 0
      ? operands.length > 0
        ? operands
        : ['-']
      : [...operands, '-']) {
      if (/^[A-Za-z_]\w*=/.test(operand)) {
        this.assignText(operand);
        continue;
      }
      let text = '';
      const failed = await this.call.each(
        [operand],
        async () => {
          text = (await this.call.content(operand)).toString('latin1');
        },
        () => `cannot open file \`${operand}' for reading`,
      );
      if (failed) this.#status = 2;
      this.#globals.set('FILENAME', operand === '-' ? '' : operand);
      this.#globals.set('FNR', 0);
      for (const record of this.#recordsOf(text)) {
        const pause = this.call.proc.step();
        if (pause) await pause;
        this.#setRecord(record);
        this.#globals.set('NR', Number(this.#globals.get('NR')) + 1);
        this.#globals.set('FNR', Number(this.#globals.get('FNR')) + 1);
        if (this.#runRules('record') === 'exit') return 'exit';
        await this.#flush();
      }
    }
    return undefined;
  }

  #recordsOf(text: string): string[] {
    const separator = String(this.#globals.get('RS'));
    if (text === '') return [];
    if (separator === '') return text.replace(/^\n+|\n+$/g, '').split(/\n{2,}/);
    const records =
      separator.length === 1 ? text.split(separator) : text.split(posixRegex(separator, { extended: true }));
    if (records.at(-1) === '' || (separator !== '\n' && records.at(-1) === '\n')) records.pop();
    return records;
  }

  #runRules(when: 'begin' | 'end' | 'record'): Jump | undefined {
    for (const rule of this.program.rules) {
      if (rule.when !== when) continue;
      if (when === 'record' && !this.#applies(rule)) continue;
      const jump = rule.body
        ? this.#run(rule.body)
        : void (this.#output += this.#record + String(this.#globals.get('ORS')));
      if (jump === 'exit') return 'exit';
      if (jump === 'next') break;
    }
    return undefined;
  }

  #applies(rule: AwkProgram['rules'][number]): boolean {
    if (!rule.from) return true;
    if (!rule.to) return truth(this.#value(rule.from));
    if (!rule.active && !truth(this.#value(rule.from))) return false;
    rule.active = !truth(this.#value(rule.to));
    return true;
  }

  #run(statement: AwkStatement): Jump | undefined {
    this.call.proc.count(3);
    switch (statement.kind) {
      case 'block':
        for (const inner of statement.body) {
          const jump = this.#run(inner);
          if (jump) return jump;
        }
        return undefined;
      case 'expression':
        this.#value(statement.value);
        return undefined;
      case 'print':
      case 'printf':
        this.#print(statement);
        return undefined;
      case 'if':
        if (truth(this.#value(statement.test))) return this.#run(statement.yes);
        return statement.no && this.#run(statement.no);
      case 'while':
        return this.#loop(
          statement.body,
          () => truth(this.#value(statement.test)),
          () => {},
          statement.after,
        );
      case 'for':
        if (statement.init) this.#run(statement.init);
        return this.#loop(
          statement.body,
          () => !statement.test || truth(this.#value(statement.test)),
          () => statement.step && this.#run(statement.step),
          false,
        );
      case 'for-in':
        const keys = Array.from(this.#array(statement.array).keys());
        for (const key of keys) {
          this.set(statement.name, numeric(key));
          const jump = this.#run(statement.body);
          if (jump === 'break') break;
          if (jump && jump !== 'continue') return jump;
        }
        return undefined;
      case 'delete':
        if (statement.keys.length === 0) this.#array(statement.name).clear();
        else this.#array(statement.name).delete(this.#key(statement.keys));
        return undefined;
      case 'exit':
        if (statement.value) this.#status = Number(this.#value(statement.value)) & 255;
        return 'exit';
      case 'return':
        this.#returned = statement.value ? this.#value(statement.value) : '';
        return 'return';
      default:
        return statement.kind;
    }
  }

  #loop(body: AwkStatement, test: () => boolean, step: () => void, after: boolean): Jump | undefined {
    let first = after;
    while (first || test()) {
      first = false;
      this.call.proc.count(3);
      const jump = this.#run(body);
      if (jump === 'break') return undefined;
      if (jump && jump !== 'continue') return jump;
      step();
    }
    return undefined;
  }

  #print(statement: AwkStatement & { kind: 'print' | 'printf' }): void {
    const values = statement.args.map((arg) => this.#value(arg));
    const text =
      statement.kind === 'printf'
        ? formatPrintf(
            this.#text(values[0] ?? '').replaceAll('\\', '\\\\'),
            values.slice(1).map((value) => this.#text(value)),
          ).text
        : (values.length === 0
            ? this.#record
            : values.map((value) => this.#text(value, 'OFMT')).join(String(this.#globals.get('OFS')))) +
          String(this.#globals.get('ORS'));
    if (!statement.target) {
      this.#output += text;
      return;
    }
    const file = this.#text(this.#value(statement.target));
    if (file === '/dev/stdout') this.#output += text;
    else
      this.#files.set(file, {
        text: (this.#files.get(file)?.text ?? '') + text,
        append: this.#files.get(file)?.append ?? statement.append,
      });
  }

  #value(expression: AwkExpression): AwkValue {
    this.call.proc.count(3);
    switch (expression.kind) {
      case 'number':
      case 'text':
        return expression.value;
      case 'regex':
        return Number(expression.regex.test(this.#record));
      case 'variable':
        return this.#variable(expression.name);
      case 'field':
        return this.#field(Number(this.#value(expression.index)));
      case 'element': {
        const array = this.#array(expression.name);
        const key = this.#key(expression.keys);
        if (!array.has(key)) array.set(key, '');
        return array.get(key) ?? '';
      }
      case 'in':
        return Number(this.#array(expression.name).has(this.#key(expression.keys)));
      case 'assign': {
        const right = this.#value(expression.value);
        const value =
          expression.operator === ''
            ? right
            : arithmetic(expression.operator, number(this.#value(expression.target)), number(right));
        this.#assign(expression.target, value);
        return value;
      }
      case 'step': {
        const old = number(this.#value(expression.target));
        this.#assign(expression.target, old + expression.by);
        return expression.prefix ? old + expression.by : old;
      }
      case 'unary': {
        const operand = this.#value(expression.operand);
        return expression.operator === '!'
          ? Number(!truth(operand))
          : expression.operator === '-'
            ? -number(operand)
            : number(operand);
      }
      case 'conditional':
        return this.#value(truth(this.#value(expression.test)) ? expression.yes : expression.no);
      case 'binary':
        return this.#binary(expression);
      default:
        return this.#call(expression);
    }
  }

  #binary({ operator, left, right }: AwkExpression & { kind: 'binary' }): AwkValue {
    if (operator === '&&') return Number(truth(this.#value(left)) && truth(this.#value(right)));
    if (operator === '||') return Number(truth(this.#value(left)) || truth(this.#value(right)));
    if (operator === '~' || operator === '!~')
      return Number(this.#regexOf(right).test(this.#text(this.#value(left))) === (operator === '~'));
    const [a, b] = [this.#value(left), this.#value(right)];
    if (operator === ' ') return this.#text(a) + this.#text(b);
    if (['<', '<=', '==', '!=', '>', '>='].includes(operator))
      return Number(compares(operator, a, b, (value) => this.#text(value)));
    return arithmetic(operator, number(a), number(b));
  }

  #call({ name, args }: AwkExpression & { kind: 'call' }): AwkValue {
    if (name === '(group)') return this.#value(args[0] as AwkExpression);
    const own = this.program.functions.get(name);
    if (own) return this.#callOwn(own, args);
    if (name === 'length' && args.length === 0) return fromByteString(this.#record).length;
    if (name === 'length' && args[0]?.kind === 'variable' && this.#arrays.has(args[0].name))
      return this.#array(args[0].name).size;
    if (name === 'sprintf') {
      const values = args.map((arg) => this.#text(this.#value(arg)));
      return formatPrintf((values[0] ?? '').replaceAll('\\', '\\\\'), values.slice(1)).text;
    }
    return this.#functions.call(
      name,
      args,
      (arg) => this.#value(arg),
      (value) => this.#text(value),
      this.#record,
    );
  }

  #callOwn({ params, body }: AwkFunction, args: AwkExpression[]): AwkValue {
    if (this.#frames.length >= MAX_CALLS) throw new UsageFault('function call nesting is too deep', 2);
    const frame = { values: new Map<string, AwkValue>(), arrays: new Map<string, Map<string, AwkValue>>() };
    for (const [index, param] of params.entries()) {
      const arg = args[index];
      if (arg?.kind === 'variable' && this.#arrays.has(arg.name)) frame.arrays.set(param, this.#array(arg.name));
      else frame.values.set(param, arg ? this.#value(arg) : '');
    }
    this.#frames.push(frame);
    this.#returned = '';
    this.#run(body);
    this.#frames.pop();
    return this.#returned;
  }

  #variable(name: string): AwkValue {
    if (name === 'NF') return this.#split().length;
    return this.#frames.at(-1)?.values.get(name) ?? this.#globals.get(name) ?? '';
  }

  #array(name: string): Map<string, AwkValue> {
    const frame = this.#frames.at(-1);
    const local = frame?.arrays.get(name);
    if (local) return local;
    const target = frame?.values.has(name) ? frame.arrays : this.#arrays;
    const array = target.get(name) ?? new Map<string, AwkValue>();
    target.set(name, array);
    return array;
  }

  #key(keys: AwkExpression[]): string {
    return keys.map((key) => this.#text(this.#value(key))).join(String(this.#globals.get('SUBSEP')));
  }

  #assign(target: AwkExpression, value: AwkValue): void {
    if (target.kind === 'variable') this.set(target.name, value);
    else if (target.kind === 'element') this.#array(target.name).set(this.#key(target.keys), value);
    else if (target.kind === 'field') this.#setField(Number(this.#value(target.index)), this.#text(value));
    else throw new UsageFault('cmd. line:1: assignment to something that cannot be assigned', 2);
  }

  #setRecord(text: string): void {
    this.#record = text;
    this.#fields = undefined;
  }

  #split(): string[] {
    this.#fields ??= this.#splitText(this.#record, String(this.#globals.get('FS')));
    return this.#fields;
  }

  #splitText(text: string, separator: string): string[] {
    if (separator === ' ') return text.trim() === '' ? [] : text.replace(/^[ \t\n]+|[ \t\n]+$/g, '').split(/[ \t\n]+/);
    if (text === '') return [];
    if (separator === '') return text.split('');
    return separator.length === 1 && separator !== '\\'
      ? text.split(separator)
      : text.split(posixRegex(separator, { extended: true }));
  }

  #field(index: number): AwkValue {
    if (index === 0) return numeric(this.#record);
    if (index < 0) throw new UsageFault(`cmd. line:1: fatal: attempt to access field ${index}`, 2);
    const text = this.#split()[index - 1];
    return text === undefined ? '' : numeric(text);
  }

  #setField(index: number, text: string): void {
    if (index === 0) return this.#setRecord(text);
    if (index < 0 || index > MAX_FIELDS)
      throw new UsageFault(`cmd. line:1: fatal: attempt to access field ${index}`, 2);
    const fields = this.#split();
    while (fields.length < index) fields.push('');
    fields[index - 1] = text;
    this.#record = fields.join(String(this.#globals.get('OFS')));
  }

  #resize(count: number): void {
    const fields = this.#split();
    if (count > MAX_FIELDS || count < 0 || Number.isNaN(count)) return;
    while (fields.length < count) fields.push('');
    fields.length = count;
    this.#record = fields.join(String(this.#globals.get('OFS')));
  }

  #regexOf(expression: AwkExpression): RegExp {
    return expression.kind === 'regex'
      ? expression.regex
      : posixRegex(this.#text(this.#value(expression)), { extended: true });
  }

  #text(value: AwkValue, format = 'CONVFMT'): string {
    if (typeof value === 'string') return value;
    if (value instanceof NumericText) return value.text;
    if (Number.isInteger(value)) return Math.abs(value) < 1e16 ? String(value) : BigInt(value).toString();
    const precision = Number(/%\.(\d+)g/.exec(String(this.#globals.get(format)))?.[1] ?? 6);
    return floatText('g', value, precision);
  }
}
