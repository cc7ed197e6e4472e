import { isMap, isSeq, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { PlacedCase } from './case.js';

/** The task's name says which case it is of: `[case.task] module`. */
export const TITLE = /^\[(\d+)\.(\d+)\]/;

/** Tasks of a case that register something, by number; blocks and includes do not. */
export type Registered = ReadonlyMap<number, string>;

export type CasePlaybook = { text: string; registered: ReadonlyMap<number, Registered> };

/** One play of all cases. With `report`, a task after each case hands what was registered to the module of that name. */
export function playbookOf(
  cases: readonly PlacedCase[],
  { local, report }: { local: string; report: boolean },
): CasePlaybook {
  const registered = new Map<number, Registered>();
  const blocks = cases.map((one) => {
    const given = titled(one, place(one, local));
    registered.set(one.index, given.registered);
    const tail = report ? [reportTask(one.index, given.registered)] : [];
    return [`    - ignore_errors: true\n      block:\n${indent(given.text, 8)}`, ...tail].join('\n');
  });
  const head = '- hosts: all\n  gather_facts: false\n  become: true\n  tasks:\n';
  return { text: `${head}${blocks.join('\n')}\n`, registered };
}

/** The text with the case's own folders in it. */
export function place({ folder, module, index }: Pick<PlacedCase, 'folder' | 'module' | 'index'>, local: string) {
  return (text: string) =>
    text.replaceAll('@local', `${local}/${module}/${index}`).replaceAll(/@(?=[/'"\s;)]|$)/gm, folder);
}

type Insertion = { at: number; end?: number; text: string };

function titled(one: PlacedCase, placed: (text: string) => string) {
  const text = placed(one.tasks.replace(/^\n/, ''));
  const { contents, errors } = parseDocument(text, { version: '1.1', uniqueKeys: false });
  const [problem] = errors;
  if (problem || !isSeq(contents))
    throw new Error(`${one.module}, ${one.name}: ${problem?.message ?? 'tasks are a list'}`);
  const registered = new Map<number, string>();
  const insertions = contents.items.flatMap((item, number) => {
    if (!isMap(item)) throw new Error(`${one.module}, ${one.name}: a task is a dict`);
    return titleOf(item as YAMLMap<Scalar, Scalar>, { one, number, registered });
  });
  return { text: inserted(text, insertions), registered };
}

function titleOf(
  task: YAMLMap<Scalar, Scalar>,
  { one, number, registered }: { one: PlacedCase; number: number; registered: Map<number, string> },
): Insertion[] {
  const keys = task.items.map(({ key }) => String(key.value));
  const own = task.get('name', true);
  const title = `[${one.index}.${number}] ${own ? String(own.value) : (keys[0] ?? '')}`;
  const additions: string[] = own ? [] : [`name: ${JSON.stringify(title)}`];
  const register = task.get('register');
  if (typeof register === 'string') registered.set(number, register);
  else if (!keys.some((key) => /^(ansible\.builtin\.)?(block|include|import|meta)/.test(key))) {
    registered.set(number, `case_${one.index}_${number}`);
    additions.push(`register: case_${one.index}_${number}`);
  }
  const start = task.range?.[0] ?? 0;
  const place: Insertion = task.flow
    ? { at: start + 1, text: additions.map((line) => `${line}, `).join('') }
    : { at: start, text: additions.map((line) => `${line}\n  `).join('') };
  return own?.range ? [{ at: own.range[0], end: own.range[1], text: JSON.stringify(title) }, place] : [place];
}

function inserted(text: string, insertions: readonly Insertion[]): string {
  return insertions
    .toSorted((a, b) => b.at - a.at)
    .reduce((now, { at, end = at, text: piece }) => `${now.slice(0, at)}${piece}${now.slice(end)}`, text);
}

function reportTask(index: number, registered: Registered): string {
  const results = [...registered.values()].map((name) => `          ${name}: "{{ ${name} | default({}) }}"`);
  return [
    `    - report:`,
    `        case: ${index}`,
    `        results:`,
    ...(results.length ? results : ['          none: {}']),
  ].join('\n');
}

function indent(text: string, spaces: number): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, ' '.repeat(spaces));
}
