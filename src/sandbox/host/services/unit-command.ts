import { fileBytes, ROOT } from '../fs/inode.js';
import { ExecFailure } from '../kernel/kernel.js';
import type { Kernel } from '../kernel/kernel.js';
import { MAGIC } from '../kernel/magic.js';
import { SinkFile, TextFile } from '../kernel/open-file.js';
import type { Process } from '../kernel/process.js';
import type { Users } from '../users.js';
import { isDaemon } from './daemons.js';
import { commandWords, setting, settings } from './unit-file.js';
import type { UnitFile } from './unit-file.js';

export type CommandContext = {
  definition: UnitFile;
  kernel: Kernel;
  users: Users;
  log: (source: string, text: string) => void;
};

/** `name` is systemd's word for what kept it from starting (EXEC, USER, CHDIR). */
export type CommandEnd = { ok: boolean; status: number; name: string | undefined; signal: number | undefined };

export type StartedCommand = { process: Process | undefined; staysInForeground: boolean; ended: Promise<CommandEnd> };

/** Starts one command line of a unit as its user, with its environment and its output in the journal. */
export function startCommand(line: string, context: CommandContext): StartedCommand {
  const { definition, kernel, users } = context;
  const environment = unitEnvironment(context);
  if (!environment) return failed(1, 'RESOURCES', false);
  const { argv, ignoreFailure } = commandWords(line, environment);
  const [file = ''] = argv;
  if (!isExecutable(kernel, file)) {
    context.log('systemd[1]', `Failed at step EXEC spawning ${file}: No such file or directory`);
    return failed(203, 'EXEC', ignoreFailure);
  }
  const userName = setting(definition, 'Service.User');
  const user = userName === undefined ? undefined : users.find(/^\d+$/.test(userName) ? Number(userName) : userName);
  if (userName !== undefined && !user) return failed(217, 'USER', ignoreFailure);
  const folder = setting(definition, 'Service.WorkingDirectory');
  if (folder !== undefined && !folder.startsWith('-') && kernel.fs.find(folder)?.kind !== 'dir')
    return failed(200, 'CHDIR', ignoreFailure);
  const proc = kernel.fork(kernel.init, argv);
  proc.unit = definition.name;
  proc.session = proc.group = proc.pid;
  proc.environment = environment;
  if (user) proc.user = users.credentials(user);
  proc.cwd = folder?.replace(/^-/, '') || '/';
  connectToJournal(proc, context, file);
  const ended = kernel
    .run(proc, () => kernel.exec(proc, argv, file).catch(execFailed))
    .then((status) => ({
      ok: ignoreFailure || status === 0,
      status,
      name: undefined,
      signal: proc.killedBy,
    }));
  return { process: proc, staysInForeground: isDaemonFile(kernel, file), ended };
}

function failed(status: number, name: string, ignoreFailure: boolean): StartedCommand {
  return {
    process: undefined,
    staysInForeground: false,
    ended: Promise.resolve({ ok: ignoreFailure, status, name, signal: undefined }),
  };
}

function execFailed(thrown: unknown): number {
  if (thrown instanceof ExecFailure) return 203;
  throw thrown;
}

function isExecutable(kernel: Kernel, file: string): boolean {
  const node = file.startsWith('/') ? kernel.fs.find(file) : undefined;
  return node?.kind === 'file' && (node.mode & 0o111) !== 0;
}

function isDaemonFile(kernel: Kernel, file: string): boolean {
  const node = kernel.fs.find(file);
  const head = node?.kind === 'file' ? fileBytes(node).subarray(0, 100).toString('latin1') : '';
  return head.startsWith(MAGIC) && isDaemon(head.slice(MAGIC.length).split('\n')[0] ?? '');
}

/** Environment and EnvironmentFile; undefined when a file that must be there is not. */
function unitEnvironment({ definition, kernel }: CommandContext): Map<string, string> | undefined {
  const environment = new Map([
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'],
    ['LANG', 'en_US.UTF-8'],
  ]);
  const user = setting(definition, 'Service.User');
  if (user !== undefined) environment.set('USER', user);
  for (const value of settings(definition, 'Service.Environment')) addAssignments(environment, value);
  for (const value of settings(definition, 'Service.EnvironmentFile')) {
    const node = kernel.fs.find(value.replace(/^-/, ''), ROOT);
    if (node?.kind === 'file') addLines(environment, fileBytes(node).toString('latin1'));
    else if (!value.startsWith('-')) return undefined;
  }
  return environment;
}

function addAssignments(environment: Map<string, string>, text: string): void {
  for (const found of text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)) {
    const assignment = found[1]?.replace(/\\(.)/g, '$1') ?? found[2] ?? found[3] ?? '';
    const equals = assignment.indexOf('=');
    if (equals > 0)
      environment.set(assignment.slice(0, equals), assignment.slice(equals + 1).replace(/^"(.*)"$/, '$1'));
  }
}

function addLines(environment: Map<string, string>, text: string): void {
  for (const line of text.split('\n')) {
    const found = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line);
    if (found) environment.set(found[1] as string, (found[2] as string).trim().replace(/^(["'])(.*)\1$/, '$2'));
  }
}

function connectToJournal(proc: Process, { log }: CommandContext, file: string): void {
  const source = `${file.slice(file.lastIndexOf('/') + 1)}[${proc.pid}]`;
  const sink = new SinkFile((bytes) => {
    for (const line of bytes.toString('latin1').split('\n')) if (line !== '') log(source, line.slice(0, 2000));
  });
  proc.install(0, new TextFile(''));
  proc.install(1, sink);
  proc.install(2, sink.share());
}
