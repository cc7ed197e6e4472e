import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One story that Ansible and Stars play alike, each on a host of its own: check mode, then twice for real. */
export type DifferentialCase = {
  /** Short and unique in its file. */
  name: string;
  /** Shell run as root on both hosts first, in the case's folder. `@` is that folder: `@/file`. */
  setup?: string;
  /** A YAML list of tasks. `@/x` is below the case's folder on the host, `@local/x` one of its `local` files here. */
  tasks: string;
  /** Files beside the playbook, by name: sources of copy, template, script … */
  local?: Readonly<Record<string, string>>;
  /** Shell run on this machine in the folder of the `local` files: modes, links, archives. */
  localSetup?: string;
  /** Fields of registered results that need not agree, and why they cannot. */
  ignore?: { readonly fields: readonly string[]; readonly why: string };
  /** What is otherwise on purpose; the case fails when it is not. */
  differs?: Intended;
  /** Plays in a playbook of its own, because it changes what other cases build on. */
  alone?: true;
  /** Shell whose output on both hosts must agree after every turn: what no file shows. */
  probe?: string;
};

/** Differences that are meant to be: lines as a failing case shows them, and the reason, which `docs/ansible/differences.md` or the module's `differences` tell too. */
export type Intended = { lines: RegExp; why: string };

/** What a file of cases exports; what is `intended` concerns all its cases. */
export type CaseFile = {
  module: string;
  cases: readonly DifferentialCase[];
  intended?: readonly Intended[];
};

export type PlacedCase = DifferentialCase & {
  module: string;
  index: number;
  folder: string;
  intended: readonly Intended[];
};

const FOLDER = join(import.meta.dirname, 'cases');

/** The files of cases of these modules, or all, in the order of their names; each is named after its module. */
export async function readCaseFiles(wanted?: readonly string[]): Promise<CaseFile[]> {
  const modules = readdirSync(FOLDER).flatMap((name) => /^(.*)\.ts$/.exec(name)?.[1] ?? []);
  const files: CaseFile[] = [];
  // One after the other: Jest's loader of modules loses those that two imports share.
  for (const module of modules.sort()) {
    if (wanted && !wanted.includes(module)) continue;
    const file = (await import(join(FOLDER, `${module}.ts`))) as Omit<CaseFile, 'module'>;
    files.push({ ...file, module });
  }
  return files;
}

/** Each case with a number that no other has, and a folder where it may do as it likes. */
export function placeCases(files: readonly CaseFile[]): PlacedCase[] {
  const all = files.flatMap(({ module, cases, intended = [] }) => cases.map((one) => ({ ...one, module, intended })));
  return all.map((one, index) => ({ ...one, index, folder: `/srv/cases/${one.module}/${index}` }));
}

/** Cases that may share a playbook, and those that may not, one each. */
export function batchesOf(cases: readonly PlacedCase[]): PlacedCase[][] {
  const together = cases.filter(({ alone }) => !alone);
  const apart = cases.filter(({ alone }) => alone).map((one) => [one]);
  return together.length > 0 ? [together, ...apart] : apart;
}
