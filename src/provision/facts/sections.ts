/** The answers of the setup script, by section. */
export type Sections = {
  text(name: string): string;
  lines(name: string): string[];
  /** The first line, or nothing. */
  line(name: string): string;
  words(name: string): string[];
  /** `NAME=value` or `Name: value` lines, quotes around values removed. */
  pairs(name: string, separator: ':' | '='): ReadonlyMap<string, string>;
  /** What `grep -sH . FILE…` says, by the names of the files without their folders. */
  fileContents(name: string): ReadonlyMap<string, string>;
  /** Environment variables; line breaks within values are written as the character 1, or as they are where /proc is closed. */
  environment(name: string): ReadonlyMap<string, string>;
};

export const SECTION_MARK = '@@stars ';

export function createSections(stdout: string): Sections {
  const sections = new Map(
    stdout
      .split(`\n${SECTION_MARK}`)
      .slice(1)
      .map((part) => [part.split('\n', 1)[0] ?? '', part.slice(part.indexOf('\n') + 1)] as const),
  );
  const text = (name: string) => sections.get(name) ?? '';
  const lines = (name: string) =>
    text(name)
      .replace(/\n+$/, '')
      .split('\n')
      .filter((line, _, all) => all.length > 1 || line !== '');
  return {
    text,
    lines,
    line: (name) => text(name).split('\n', 1)[0]?.trim() ?? '',
    words: (name) => text(name).split(/\s+/).filter(Boolean),
    pairs: (name, separator) => new Map(lines(name).flatMap((line) => pair(line, separator))),
    fileContents: (name) =>
      new Map(
        lines(name).flatMap((line): [string, string][] => {
          const [, file, content = ''] = /^[^:]*\/([^/:]+):(.*)$/.exec(line) ?? [];
          return file === undefined ? [] : [[file, content.trim()]];
        }),
      ),
    environment: (name) => environmentOf(text(name)),
  };
}

function pair(line: string, separator: string): [string, string][] {
  const at = line.search(separator === ':' ? /[:=]/ : /=/);
  if (at === -1) return [];
  const value = line.slice(at + 1).trim();
  return [[line.slice(0, at).trim(), value.replace(/^(["'])(.*)\1$/, '$2')]];
}

function environmentOf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.replace(/\n+$/, '').split('\n')) {
    const named = /^([A-Za-z_]\w*)=(.*)$/s.exec(line);
    if (named) {
      last = named[1] ?? '';
      values.set(last, named[2] ?? '');
    } else if (last !== undefined) {
      values.set(last, `${values.get(last) ?? ''}\n${line}`);
    }
  }
  return new Map([...values].map(([name, value]) => [name, value.replaceAll('\u0001', '\n')]));
}
