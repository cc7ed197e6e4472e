import type { OpenFile } from '../../kernel/open-file.js';
import type { Shell } from '../shell.js';
import { Errno } from '../../fs/errno.js';
import type { Builtin } from './builtin.js';

const MAX_LINE = 16 * 1024 * 1024;

/** As bash's: -r, -s, -n count, -d delimiter, -u fd; -t and -p are accepted. */
export const read: Builtin = async (shell, args) => {
  const names = [...args];
  const options = { raw: false, delimiter: '\n', count: Number.POSITIVE_INFINITY, fd: 0 };
  while (/^-./.test(names[0] ?? '')) {
    const option = names.shift() as string;
    if (option === '--') break;
    for (let at = 1; at < option.length; at++) {
      const letter = option[at] as string;
      if (letter === 'r') options.raw = true;
      if (!'dnNptu'.includes(letter)) continue;
      const value = option.slice(at + 1) || (names.shift() ?? '');
      if (letter === 'd') options.delimiter = value[0] ?? '\0';
      if (letter === 'n' || letter === 'N') options.count = Number(value) || 0;
      if (letter === 'u') options.fd = Number(value) || 0;
      break;
    }
  }
  for (const name of names) {
    if (/^[A-Za-z_]\w*$/.test(name)) continue;
    await shell.complain(`read: \`${name}': not a valid identifier`);
    return 1;
  }
  const file = shell.proc.files.get(options.fd);
  if (!file) throw new Errno('EBADF');
  const { text, complete } = await readText(shell, file, options);
  assign(shell, text, names);
  return complete ? 0 : 1;
};

/** Marks a character that a backslash protects from splitting. */
const PROTECTED = '\uE000';

async function readText(
  shell: Shell,
  file: OpenFile,
  { raw, delimiter, count }: { raw: boolean; delimiter: string; count: number },
): Promise<{ text: string; complete: boolean }> {
  let text = '';
  let escaped = false;
  for (let taken = 0; taken < count; ) {
    const bytes = await shell.patiently(() => file.read(4096, shell.proc));
    if (bytes.length === 0) return { text, complete: false };
    const chunk = bytes.toString('latin1');
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk[at] as string;
      if (escaped) {
        if (char !== '\n') text += PROTECTED + char;
        escaped = false;
      } else if (!raw && char === '\\') escaped = true;
      else if (char === delimiter) {
        file.unread(bytes.subarray(at + 1));
        return { text, complete: true };
      } else if (char !== '\0') text += char;
      if (++taken >= count) {
        file.unread(bytes.subarray(at + 1));
        break;
      }
    }
    if (text.length > MAX_LINE) throw new Errno('ENOMEM');
    const pause = shell.proc.step();
    if (pause) await pause;
  }
  return { text, complete: true };
}

function assign({ state }: Shell, text: string, names: string[]): void {
  const clean = (value: string) => value.replaceAll(PROTECTED, '');
  if (names.length === 0) return state.set('REPLY', clean(text));
  const separators = state.get('IFS') ?? ' \t\n';
  const blank = [' ', '\t', '\n'].filter((char) => separators.includes(char)).join('');
  let at = 0;
  const skipBlanks = () => {
    while (at < text.length && blank.includes(text[at] as string)) at++;
  };
  skipBlanks();
  for (const [index, name] of names.entries()) {
    if (index === names.length - 1) return state.set(name, clean(lastValue(text.slice(at), separators, blank)));
    let value = '';
    while (at < text.length && !separators.includes(text[at] as string)) {
      if (text[at] === PROTECTED) at++;
      value += text[at++] ?? '';
    }
    state.set(name, value);
    skipBlanks();
    if (at < text.length && separators.includes(text[at] as string) && !blank.includes(text[at] as string)) {
      at++;
      skipBlanks();
    }
    // Blanks alone are one separator; a visible one was taken above.
  }
}

/** The rest of the line goes to the last variable without trailing blanks, and without a separator that ends its only field. */
function lastValue(rest: string, separators: string, blank: string): string {
  let end = rest.length;
  while (end > 0 && blank.includes(rest[end - 1] as string) && rest[end - 2] !== PROTECTED) end--;
  const value = rest.slice(0, end);
  const last = value.at(-1);
  if (last === undefined || !separators.includes(last) || blank.includes(last) || value.at(-2) === PROTECTED)
    return value;
  const before = value.slice(0, -1);
  return before.split('').some((char, index) => separators.includes(char) && before[index - 1] !== PROTECTED)
    ? value
    : before;
}
