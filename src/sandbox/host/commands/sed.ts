import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';
import { parseSed } from './sed-parser.js';
import type { SedAddress, SedCommand } from './sed-parser.js';
import { folderName } from '../kernel/path.js';

const MAX_SPACE = 32 * 1024 * 1024;

/** s y d D p P n N g G h H x a i c b t T : r w q Q = l, -n -e -f -i[suffix] -E -r -s -z is not there. */
export const sed: Tool = async (call) => {
  const args = call.args.flatMap((arg) =>
    /^-[nEru]*i[^\s]*$/.test(arg) && !arg.startsWith('--') ? inPlace(arg) : [arg],
  );
  const options = parseOptions(args, {
    letters: 'nErsue:f:I:',
    long: {
      quiet: 'n',
      silent: 'n',
      expression: 'e',
      file: 'f',
      'regexp-extended': 'r',
      'in-place': 'I',
      separate: 's',
      unbuffered: 'u',
      'in-place-suffix': 'I',
    },
  });
  const operands = [...options.operands];
  const scripts = [...(options.values.get('e') ?? [])];
  for (const file of options.values.get('f') ?? [])
    scripts.push((await call.content(file)).toString('latin1').replace(/\n$/, ''));
  if (scripts.length === 0) {
    const first = operands.shift();
    if (first === undefined) throw new UsageFault('no script specified');
    scripts.push(first);
  }
  const commands = parseSed(scripts.join('\n'), options.has('E') || options.has('r'));
  const suffix = options.value('I');
  const quiet = options.has('n');
  if (suffix === undefined) {
    const { text, status, code } = await read(call, operands.length > 0 ? operands : ['-']);
    const run = new SedRun(call, commands, quiet);
    const output = await run.process(text);
    await call.print(output);
    return run.exitCode ?? code ?? status;
  }
  let status = 0;
  for (const operand of operands) {
    status |= await call.each(
      [operand],
      async () => {
        const node = call.stat(operand);
        if (node.kind !== 'file') throw new UsageFault(`couldn't edit ${operand}: not a regular file`, 4);
        const output = await new SedRun(
          call,
          parseSed(scripts.join('\n'), options.has('E') || options.has('r')),
          quiet,
        ).process((await call.content(operand)).toString('latin1'));
        await replaceFile(call, operand, output, suffix === '\0' ? '' : suffix);
      },
      () => `can't read ${operand}`,
    );
  }
  return status === 0 ? 0 : 2;
};

/** `-i`, `-i.bak`, `-ni` as options this parser knows; no suffix is passed as NUL. */
function inPlace(arg: string): string[] {
  const at = arg.indexOf('i');
  const before = arg.slice(1, at);
  const suffix = arg.slice(at + 1);
  return [...(before ? [`-${before}`] : []), '-I', suffix === '' ? '\0' : suffix];
}

/** sed -i makes a new file and renames it over the old one, keeping mode and owner. */
async function replaceFile(call: Call, operand: string, output: string, suffix: string): Promise<void> {
  const { fs, user } = call;
  const path = fs.realpath(call.path(operand), user);
  const node = fs.stat(path, user);
  const temporary = `${folderName(path)}/sed${call.proc.pid}.tmp`;
  await call.write(temporary, Buffer.from(output, 'latin1'), 0o600);
  const copy = fs.stat(temporary, user);
  if (user.uid === 0) fs.chown(copy, node.uid, node.gid, user);
  fs.chmod(fs.current(copy), node.mode, user);
  if (suffix !== '')
    fs.rename(
      path,
      suffix.includes('*')
        ? `${folderName(path)}/${suffix.replaceAll('*', path.slice(path.lastIndexOf('/') + 1))}`
        : path + suffix,
      user,
    );
  fs.rename(temporary, path, user);
}

async function read(
  call: Call,
  operands: readonly string[],
): Promise<{ text: string; status: number; code: number | undefined }> {
  let text = '';
  const status = await call.each(
    operands,
    async (operand) => {
      const more = (await call.content(operand)).toString('latin1');
      text += text !== '' && !text.endsWith('\n') ? `\n${more}` : more;
    },
    (operand) => `can't read ${operand}`,
  );
  return { text, status: status === 0 ? 0 : 2, code: undefined };
}

type Outcome = 'next' | 'delete' | 'restart' | 'quit';

class SedRun {
  exitCode: number | undefined;
  #lines: string[] = [];
  #missingNewline = false;
  #number = 0;
  #space = '';
  #hold = '';
  #output = '';
  #appended: string[] = [];
  #replaced = false;
  #lastRegex: RegExp | undefined;
  #written = new Map<string, string>();

  constructor(
    readonly call: Call,
    readonly commands: SedCommand[],
    readonly quiet: boolean,
  ) {}

  async process(text: string): Promise<string> {
    this.#lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    this.#missingNewline = text !== '' && !text.endsWith('\n');
    let outcome: Outcome = 'next';
    while (outcome === 'restart' || this.#number < this.#lines.length) {
      if (outcome !== 'restart') {
        this.#space = this.#lines[this.#number++] as string;
        this.#replaced = false;
      }
      outcome = await this.#cycle();
      if ((outcome === 'next' || outcome === 'quit') && !this.quiet && !(outcome === 'quit' && this.exitCode === -1))
        this.#put(this.#space);
      this.#flushAppended();
      if (outcome === 'quit') break;
    }
    if (this.exitCode === -1) this.exitCode = undefined;
    for (const [file, content] of this.#written) await this.call.write(file, Buffer.from(content, 'latin1'));
    return this.#missingNewline && this.#number >= this.#lines.length ? this.#output.replace(/\n$/, '') : this.#output;
  }

  #put(text: string): void {
    this.#output += `${text}\n`;
    if (this.#output.length > MAX_SPACE * 4) throw new UsageFault('output is too large', 4);
  }

  #flushAppended(): void {
    for (const text of this.#appended) this.#output += text;
    this.#appended = [];
  }

  async #cycle(): Promise<Outcome> {
    return (await this.#run(this.commands)) ?? 'next';
  }

  async #run(commands: SedCommand[]): Promise<Outcome | undefined> {
    for (let at = 0; at < commands.length; at++) {
      const pause = this.call.proc.step(10);
      if (pause) await pause;
      const command = commands[at] as SedCommand;
      if (this.#selects(command) === command.negated) continue;
      if (command.name === '{') {
        const outcome = await this.#run(command.body ?? []);
        if (outcome) return outcome;
        if (this.#target === undefined) continue;
      }
      const outcome = command.name === '{' ? undefined : await this.#execute(command);
      if (outcome) return outcome;
      if (this.#target === undefined) continue;
      const label = commands.findIndex(({ name, text }) => name === ':' && text === this.#target);
      if (this.#target === '') {
        this.#target = undefined;
        return 'next';
      }
      // A label outside this block is found by the block around it.
      if (label < 0) {
        if (commands === this.commands) throw new UsageFault(`can't find label for jump to \`${this.#target}'`);
        return undefined;
      }
      this.#target = undefined;
      at = label;
    }
    return undefined;
  }

  #target: string | undefined;

  #selects(command: SedCommand): boolean {
    const { from, to } = command;
    if (!from) return true;
    if (!to) return this.#matches(from);
    if (!command.active) {
      if (!this.#matches(from)) return false;
      command.active = true;
      command.endLine = to.kind === 'plus' ? this.#number + to.count : to.kind === 'line' ? to.number : 0;
      if (to.kind === 'line' || to.kind === 'plus') command.active = this.#number < command.endLine;
      return true;
    }
    if (to.kind === 'line' || to.kind === 'plus') {
      if (this.#number >= command.endLine) command.active = false;
      return this.#number <= command.endLine || to.kind === 'plus';
    }
    if (this.#matches(to)) command.active = false;
    return true;
  }

  #matches(address: SedAddress): boolean {
    switch (address.kind) {
      case 'line':
        return this.#number === address.number;
      case 'last':
        return this.#number === this.#lines.length;
      case 'step':
        return address.step === 0
          ? this.#number === address.first
          : this.#number >= address.first && (this.#number - address.first) % address.step === 0;
      case 'regex':
        return this.#test(address.regex);
      default:
        return false;
    }
  }

  #test(regex: RegExp | undefined): boolean {
    const used = regex ?? this.#lastRegex;
    if (!used) throw new UsageFault('no previous regular expression');
    this.#lastRegex = used;
    used.lastIndex = 0;
    return used.test(this.#space);
  }

  async #execute(command: SedCommand): Promise<Outcome | undefined> {
    switch (command.name) {
      case 's':
        return this.#substitute(command);
      case 'y':
        this.#space = this.#space
          .split('')
          .map((char) => command.map?.get(char) ?? char)
          .join('');
        return undefined;
      case 'd':
        return 'delete';
      case 'D': {
        const end = this.#space.indexOf('\n');
        if (end < 0) return 'delete';
        this.#space = this.#space.slice(end + 1);
        return 'restart';
      }
      case 'p':
        this.#put(this.#space);
        return undefined;
      case 'P':
        this.#put(this.#space.split('\n')[0] ?? '');
        return undefined;
      case 'n':
      case 'N':
        return this.#nextLine(command.name === 'N');
      case 'a':
        this.#appended.push(`${command.text}\n`);
        return undefined;
      case 'i':
        this.#put(command.text);
        return undefined;
      case 'c':
        if (!command.to || !command.active || command.negated) this.#put(command.text);
        return 'delete';
      case '=':
        this.#put(String(this.#number));
        return undefined;
      case 'q':
      case 'Q':
        this.exitCode =
          command.name === 'Q' && command.text === '' ? -1 : command.text === '' ? undefined : Number(command.text);
        return 'quit';
      case 'b':
        this.#target = command.text;
        return undefined;
      case 't':
      case 'T':
        if (this.#replaced === (command.name === 't')) this.#target = command.text;
        this.#replaced = false;
        return undefined;
      default:
        return this.#holdOrFile(command);
    }
  }

  async #holdOrFile(command: SedCommand): Promise<undefined> {
    switch (command.name) {
      case 'g':
        this.#space = this.#hold;
        break;
      case 'G':
        this.#space += `\n${this.#hold}`;
        break;
      case 'h':
        this.#hold = this.#space;
        break;
      case 'H':
        this.#hold += `\n${this.#space}`;
        break;
      case 'x':
        [this.#space, this.#hold] = [this.#hold, this.#space];
        break;
      case 'r':
        if (this.call.find(command.text))
          this.#appended.push((await this.call.content(command.text)).toString('latin1'));
        break;
      case 'w':
        this.#writeTo(command.text, `${this.#space}\n`);
        break;
      case 'l':
        this.#put(`${this.#space.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n')}$`);
        break;
      default:
    }
    if (this.#space.length + this.#hold.length > MAX_SPACE) throw new UsageFault('pattern space is too large', 4);
  }

  #writeTo(file: string, text: string): void {
    if (file === '/dev/stdout') this.#output += text;
    else this.#written.set(file, (this.#written.get(file) ?? '') + text);
  }

  #nextLine(join: boolean): Outcome | undefined {
    if (this.#number >= this.#lines.length) {
      // GNU prints the pattern space when there is no next line.
      return 'quit';
    }
    if (!join && !this.quiet) this.#put(this.#space);
    this.#flushAppended();
    const next = this.#lines[this.#number++] as string;
    this.#space = join ? `${this.#space}\n${next}` : next;
    return undefined;
  }

  #substitute({ substitute }: SedCommand): undefined {
    if (!substitute) return;
    const regex =
      substitute.regex ??
      (this.#lastRegex && new RegExp(this.#lastRegex.source, `g${this.#lastRegex.flags.replace('g', '')}`));
    if (!regex) throw new UsageFault('no previous regular expression');
    this.#lastRegex = regex;
    regex.lastIndex = 0;
    let count = 0;
    let changed = false;
    const result = this.#space.replace(regex, (match: string, ...rest: unknown[]) => {
      count++;
      if (count < substitute.nth || (count > substitute.nth && !substitute.global)) return match;
      changed = true;
      return replacementText(
        substitute.replacement,
        match,
        rest.slice(
          0,
          rest.findIndex((value) => typeof value === 'number'),
        ) as (string | undefined)[],
      );
    });
    if (!changed) return;
    if (result.length > MAX_SPACE) throw new UsageFault('pattern space is too large', 4);
    this.#space = result;
    this.#replaced = true;
    if (substitute.print) this.#put(result);
    if (substitute.file) this.#writeTo(substitute.file, `${result}\n`);
  }
}

/** `&`, `\1`, `\n` and the case escapes of GNU: \U \L \u \l \E. */
function replacementText(template: string, match: string, groups: readonly (string | undefined)[]): string {
  let result = '';
  let mode: 'U' | 'L' | '' = '';
  let once: 'u' | 'l' | '' = '';
  const add = (text: string) => {
    let piece = mode === 'U' ? text.toUpperCase() : mode === 'L' ? text.toLowerCase() : text;
    if (once && piece !== '') {
      piece = (once === 'u' ? piece[0]?.toUpperCase() : piece[0]?.toLowerCase()) + piece.slice(1);
      once = '';
    }
    result += piece;
  };
  for (let at = 0; at < template.length; at++) {
    const char = template[at] as string;
    if (char === '&') add(match);
    else if (char !== '\\') add(char);
    else {
      const next = template[++at] ?? '';
      if (/\d/.test(next)) add(next === '0' ? match : (groups[Number(next) - 1] ?? ''));
      else if (next === 'n') add('\n');
      else if (next === 't') add('\t');
      else if (next === 'U' || next === 'L') mode = next;
      else if (next === 'E') mode = '';
      else if (next === 'u' || next === 'l') once = next;
      else add(next);
    }
  }
  return result;
}
