/** A piece of POSIX shell in which every value is quoted already. Only `connection` runs one. */
export type ShellCommand = { readonly text: string };

type Part = string | number | ShellCommand | readonly (string | number)[];

/** One shell word that means exactly this text, whatever it contains. */
export function quote(text: string): string {
  if (text.includes('\0')) throw new RangeError('A shell word cannot hold a NUL character.');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** sh`chown ${owner} ${path}`: texts and numbers become one quoted word each, lists several, commands stay as they are. */
export function sh(strings: TemplateStringsArray, ...parts: Part[]): ShellCommand {
  return { text: strings.reduce((text, string, index) => text + render(parts[index - 1] ?? '') + string) };
}

/** Commands one after another; the first that fails ends the sequence with its exit code. */
export function sequence(commands: readonly ShellCommand[]): ShellCommand {
  return { text: commands.map(({ text }) => text).join(' &&\n') };
}

function render(part: Part): string {
  if (typeof part === 'string') return quote(part);
  if (typeof part === 'number') return String(part);
  if ('text' in part) return part.text;
  return part.map((word) => quote(String(word))).join(' ');
}
