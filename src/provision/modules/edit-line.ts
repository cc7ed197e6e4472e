import { expandMatch, type Pattern } from './python-pattern.js';

export type LineEdit = {
  state: 'present' | 'absent';
  regexp: Pattern | undefined;
  search: string | undefined;
  line: string;
  backrefs: boolean;
  firstMatch: boolean;
  /** Where a line that is not there yet goes: at an end, or beside the last (or first) match. */
  after: 'EOF' | 'BOF' | Pattern | undefined;
  before: 'BOF' | Pattern | undefined;
};

export type Edited = { content: string; message: string; found: number };

/** What lineinfile makes of a file's content, decided as Ansible decides it. */
export function editLine(content: string, edit: LineEdit): Edited {
  const lines = content.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return edit.state === 'present' ? present([...lines], edit) : absent(lines, edit);
}

function absent(lines: string[], edit: LineEdit): Edited {
  const kept = lines.filter((line) => !matches(line, edit));
  const found = lines.length - kept.length;
  return { content: kept.join(''), message: found > 0 ? `${found} line(s) removed` : '', found };
}

function matches(line: string, { regexp, search, line: wanted }: LineEdit): boolean {
  if (regexp) return regexp.exec(line) !== null;
  if (search !== undefined) return line.includes(search);
  return bare(line) === wanted;
}

function present(lines: string[], edit: LineEdit): Edited {
  const at = findLine(lines, edit);
  const exact = at === -1 ? findExact(lines, edit) : -1;
  const index = at === -1 ? exact : at;
  if (index !== -1) return replaceLine(lines, index, edit, at !== -1);
  if (edit.backrefs) return unchanged(lines);
  if (edit.before === 'BOF' || edit.after === 'BOF') return added(lines, 0, edit.line);
  return insertLine(lines, edit);
}

function findLine(lines: string[], edit: LineEdit): number {
  const { regexp, search, firstMatch } = edit;
  if (!regexp && search === undefined) return -1;
  return firstMatch
    ? lines.findIndex((line) => matches(line, edit))
    : lines.findLastIndex((line) => matches(line, edit));
}

/** With firstmatch Ansible stops looking at the first place for a new line. */
function findExact(lines: string[], edit: LineEdit): number {
  const place = edit.firstMatch
    ? lines.findIndex((line) => bare(line) !== edit.line && anchorOf(edit)?.exec(line))
    : -1;
  const searched = place === -1 ? lines : lines.slice(0, place);
  return searched.findLastIndex((line) => bare(line) === edit.line);
}

function anchorOf({ after, before }: LineEdit): Pattern | undefined {
  if (after && after !== 'EOF' && after !== 'BOF') return after;
  return before && before !== 'BOF' ? before : undefined;
}

function replaceLine(lines: string[], index: number, { regexp, line, backrefs }: LineEdit, matched: boolean): Edited {
  const old = lines[index] ?? '';
  const match = backrefs && matched ? regexp?.exec(old) : undefined;
  const text = match ? expandMatch(line, match) : line;
  const next = text.endsWith('\n') ? text : `${text}\n`;
  if (old === next) return unchanged(lines);
  return { content: lines.with(index, next).join(''), message: 'line replaced', found: 1 };
}

function insertLine(lines: string[], edit: LineEdit): Edited {
  const { before, firstMatch, line } = edit;
  const anchor = anchorOf(edit);
  const near = (text: string) => anchor !== undefined && anchor.exec(text) !== null;
  const found = firstMatch ? lines.findIndex(near) : lines.findLastIndex(near);
  if (found === -1) return added(terminated(lines), lines.length + (needsBreak(lines) ? 1 : 0), line);
  if (anchor === before) return added(lines, found, line);
  const next = found + 1;
  const neighbour = lines[next] ?? lines[found] ?? '';
  if (bare(neighbour) === line) return unchanged(lines);
  return added(next === lines.length ? terminated(lines, 'last') : lines, next, line);
}

/** Ansible ends an unfinished last line by an entry of its own before it appends. */
function terminated(lines: string[], where: 'own' | 'last' = 'own'): string[] {
  if (!needsBreak(lines)) return lines;
  return where === 'own' ? [...lines, '\n'] : [...lines.slice(0, -1), `${lines.at(-1) ?? ''}\n`];
}

function needsBreak(lines: string[]): boolean {
  const last = lines.at(-1);
  return last !== undefined && !/[\r\n]$/.test(last);
}

function added(lines: string[], index: number, line: string): Edited {
  return { content: lines.toSpliced(index, 0, `${line}\n`).join(''), message: 'line added', found: 0 };
}

function unchanged(lines: string[]): Edited {
  return { content: lines.join(''), message: '', found: 0 };
}

function bare(line: string): string {
  return line.replace(/[\r\n]+$/, '');
}
