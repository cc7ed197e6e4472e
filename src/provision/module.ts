import type { z } from 'zod';
import type { Dict, Value } from '../jinja/value.js';
import type { Become, ExecResult } from '../connection/connection.js';
import type { ShellCommand } from '../shell/command.js';

/** Something to read on a host: a read-only script and the parser of its answer. The script's text is its identity. */
export type Fact<T> = { script: string; parse(result: ExecResult): T };

/** One change on the host. */
export type Action =
  | { kind: 'run'; command: ShellCommand }
  /** Content for a path that does not exist yet, readable only by its owner. */
  | { kind: 'upload'; content: Buffer; path: string };

/** A file's content or attributes, as shown in a diff. */
export type Diff = { before: string; after: string; beforeHeader?: string; afterHeader?: string };

/** What it takes to bring a host to the wanted state. */
export type Plan = {
  /** In order; the first `run` that exits non-zero fails the task. None and `changed` unset: the host is there already. */
  actions: Action[];
  /** Default: whether there are actions. */
  changed?: boolean;
  /** Fields of the registered result known before acting (`stat`, `dest`, `path` …). */
  result?: Dict;
  diff?: Diff;
  /** Set when the wanted state cannot be reached; nothing is run. */
  failed?: string;
  /** Nothing was to be done for this reason (`creates` exists, check mode of a command): registered as skipped. */
  skipped?: string;
  /** Completes or replaces the registered result after the actions ran; may set `changed`, `failed` and `msg` in it. */
  finish?(results: ExecResult[]): Dict;
  /** What the controller does itself once the host agrees: facts to set, variables. */
  setFacts?: Dict;
};

/** What a module may ask while it plans. Reading only: planning never changes a host, so check mode is this and no more. */
export type ModuleContext = {
  /** Reads a fact, from the run's cache while nothing changed on the host since. */
  fact<T>(fact: Fact<T>): Promise<T>;
  /** A variable of the host, templated (`ansible_os_family`, `ansible_pkg_mgr` …); undefined when it does not exist. */
  variable(name: string): Value | undefined;
  /** Renders a template file with Ansible's template settings, for the template module. */
  renderFile(text: string, file: string): string;
  /** Reads a file of the role or playbook by Ansible's search order (`files`, `templates`); `src` may be absolute. */
  readLocal(src: string, kind: 'files' | 'templates'): Promise<{ path: string; content: Buffer }>;
  /** As readLocal, for a directory: relative paths of all files and folders below it. */
  listLocal(src: string): Promise<{ path: string; entries: { relative: string; directory: boolean; mode: number }[] }>;
  /** A name in the same folder as `path` (or /tmp) that no other task uses; removed by the run when it is left behind. */
  temporaryPath(path?: string): string;
  /** The user the task runs as. */
  readonly become: Become | undefined;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  readonly environment: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
};

export type ModuleDefinition<Args> = {
  /** Short name, as in ansible.builtin. */
  name: string;
  /** Other spellings of arguments: `{ dest: 'path', name: 'path' }`. */
  aliases?: Record<string, string>;
  /** Arguments after templating, strict: an unknown one is an error. Texts are accepted where Ansible converts them. */
  args: z.ZodType<Args>;
  /** The module takes free-form text (`command: uptime`) in this argument. */
  freeForm?: keyof Args & string;
  /** One sentence for the reference. */
  summary: string;
  plan(args: Args, context: ModuleContext): Promise<Plan>;
};

// The argument type is only known inside a module; the executor validates with `args` and hands on what came out.
export type AnyModule = Omit<ModuleDefinition<never>, 'args' | 'freeForm'> & { args: z.ZodType; freeForm?: string };

export function defineModule<Args>(definition: ModuleDefinition<Args>): ModuleDefinition<Args> {
  return definition;
}
