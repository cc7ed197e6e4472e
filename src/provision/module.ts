import type { z } from 'zod';
import type { Dict, Value } from '../jinja/value.js';
import type { Become, ExecResult } from '../connection/connection.js';
import type { ShellCommand } from '../shell/command.js';
import type { TemplateNames } from './template-variables.js';

/** Something to read on a host: a read-only script and the parser of its answer. The script's text is its identity. */
export type Fact<T> = {
  script: string;
  parse(result: ExecResult): T;
  /** How it is read together with others of its kind. */
  together?: Together | undefined;
  /** The one path of which it tells, when it tells of nothing else. */
  about?: string | undefined;
};

/** One subject (a path, a package, a unit) of a kind of facts that fewer processes can read together. */
export type Together = { kind: FactKind; subject: string };

export type FactKind = {
  /** Reads all subjects at once, without `exit`: it may share its shell with what reports its end. */
  script(subjects: readonly string[]): string;
  /** What the script of each subject alone would have printed; undefined where that cannot be told. */
  answers(stdout: string, subjects: readonly string[]): (string | undefined)[];
  /** For facts about one path: whether such an answer shows that nothing else is the same file. */
  isFirm?(answer: string): boolean;
  /** The same: whether there is not even a folder that could hold the path. */
  isLost?(answer: string): boolean;
  /** The answer about a path right in a folder that is new. */
  inNewFolder?: string;
};

/** One change on the host. */
export type Action =
  | { kind: 'run'; command: ShellCommand }
  /** Content for a path that does not exist yet, readable only by its owner. */
  | { kind: 'upload'; content: Buffer; path: string }
  /** A file of the host to be written on this machine; not when `sha1` is another than its own. Counts as a result. */
  | { kind: 'download'; path: string; to: string; sha1?: string };

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
  /** All that the actions change, when that is what stands at these paths and nothing else: neither programs of others run nor links are followed. */
  touches?: readonly string[] | undefined;
  /** The one path that is touched was not there and becomes an empty folder. */
  makesFolder?: boolean;
  /** Set when the actions only have units of the host's systemd start and stop (`run`), or have it read all files of units before (`read`). */
  units?: 'run' | 'read' | undefined;
};

/** What a module may ask while it plans. Reading only: planning never changes a host, so check mode is this and no more. */
/** A file or folder of this side below a listed folder; what a link names, where it ends, and what is there. */
export type LocalEntry = {
  relative: string;
  directory: boolean;
  mode: number;
  link: { target: string; real: string | undefined; kind: 'directory' | 'file' | 'other' } | undefined;
};

export type ModuleContext = {
  /** Reads a fact, from the run's cache while nothing changed on the host since. */
  fact<T>(fact: Fact<T>): Promise<T>;
  /** A variable of the host, templated (`ansible_os_family`, `ansible_pkg_mgr` …); undefined when it does not exist. */
  variable(name: string): Value | undefined;
  /** What `module_defaults` say for another module, to which this one hands on; templated. */
  defaultsOf(module: string): Record<string, Value>;
  /** Renders a template file with Ansible's template settings, for the template module. */
  renderFile(text: string, file: string, names: TemplateNames): string;
  /**
   * Reads a file of the role or playbook by Ansible's search order (`files`, `templates`); `src` may be absolute.
   * One that is a vault is decrypted unless `vaulted` asks for it as it is.
   */
  readLocal(
    src: string,
    kind: 'files' | 'templates',
    how?: { vaulted?: boolean },
  ): Promise<{ path: string; content: Buffer }>;
  /** As readLocal, for a directory: relative paths of all files and folders below it. */
  listLocal(src: string): Promise<{ path: string; entries: LocalEntry[] }>;
  /** A name in the same folder as `path` (or /tmp) that no other task uses; removed by the run when it is left behind. */
  temporaryPath(path?: string): string;
  /** The host the task is for, also where another one does it. */
  readonly hostName: string;
  /** The user the task runs as. */
  readonly become: Become | undefined;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  /** Whether anybody looks at the registered result: if not, what only fills it need not be asked after acting. */
  readonly resultIsSeen: boolean;
  /** Since systemd has read the files of its units, the run only started and stopped units there. */
  readonly unitFilesAreRead: boolean;
  readonly environment: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
};

export type ModuleDefinition<Args> = {
  /** Short name, as in ansible.builtin. */
  name: string;
  /** The collection that Ansible keeps it in, when that is not ansible.builtin. */
  collection?: string;
  /** Other spellings of arguments: `{ dest: 'path', name: 'path' }`. */
  aliases?: Record<string, string>;
  /** Arguments after templating, strict: an unknown one is an error. Texts are accepted where Ansible converts them. */
  args: z.ZodType<Args>;
  /** Names of which a task gives one at most. */
  exclusive?: readonly (readonly string[])[];
  /** Names of which a task gives one at least. */
  oneNeeded?: readonly (readonly string[])[];
  /** The module takes free-form text (`command: uptime`) in this argument. */
  freeForm?: keyof Args & string;
  /** One sentence for the reference. */
  summary: string;
  /** Where it behaves otherwise than Ansible's module of this name, a sentence each with the reason; for the reference. */
  differences?: readonly string[];
  /** Programs the host must have beyond a shell and coreutils or busybox, in a phrase; for the reference. */
  needs?: string;
  /** What check mode does, in a sentence, where it is not “shows what would change and changes nothing”; for the reference. */
  checkMode?: string;
  plan(args: Args, context: ModuleContext): Promise<Plan>;
};

// The argument type is only known inside a module; the executor validates with `args` and hands on what came out.
export type AnyModule = Omit<ModuleDefinition<never>, 'args' | 'freeForm'> & { args: z.ZodType; freeForm?: string };

export function defineModule<Args>(definition: ModuleDefinition<Args>): ModuleDefinition<Args> {
  return definition;
}
