import { Errno } from '../fs/errno.js';
import type { FileSystem } from '../fs/file-system.js';
import { complain } from '../kernel/io.js';
import type { Kernel, Program } from '../kernel/kernel.js';
import { openFile } from '../kernel/open.js';
import type { Process } from '../kernel/process.js';
import { runBuiltin } from './builtins/registry.js';
import { setOptions } from './builtins/set.js';
import { Interpreter } from './interpreter.js';
import { fileSource, runSource, textSource } from './run-source.js';
import type { Source } from './run-source.js';
import { ShellState } from './state.js';

/** The program `sh` (and `bash`): `sh`, `sh -c text`, `sh -s`, `sh file`, with the options of `set`. */
export function shellProgram(kernel: () => Kernel): Program {
  return async (proc, argv) => {
    const shell = new Interpreter(new ShellState(proc, kernel()));
    const invocation = readInvocation(shell, argv);
    if (invocation.version) {
      await proc.file(1).write(Buffer.from('GNU bash, version 4.2.46(2)-release (x86_64-redhat-linux-gnu)\n'), proc);
      return 0;
    }
    if (invocation.fault) {
      await complain(proc, `${argv[0]}: ${invocation.fault}`);
      return 2;
    }
    return shell.main(() => runInvocation(shell, invocation, kernel().fs));
  };
}

type Invocation = {
  login: boolean;
  version?: boolean;
  fault?: string;
  command?: string;
  file?: string;
  rest: string[];
  name: string;
};

function readInvocation({ state }: Interpreter, argv: string[]): Invocation {
  const args = argv.slice(1);
  const result: Invocation = { login: (argv[0] ?? '').startsWith('-'), rest: [], name: argv[0] ?? 'sh' };
  let fromText = false;
  let fromInput = false;
  while (args[0] !== undefined && /^[-+]./.test(args[0])) {
    const arg = args.shift() as string;
    if (arg === '--') break;
    if (arg === '--version') return { ...result, version: true };
    if (arg.startsWith('--')) {
      if (arg === '--login') result.login = true;
      continue;
    }
    if (arg.startsWith('-')) {
      fromText ||= arg.includes('c');
      fromInput ||= arg.includes('s');
      result.login ||= arg.includes('l');
    }
    const letters = arg.slice(1).replace(/[csli]/g, '');
    const fault = setOptions(state, letters, arg.startsWith('-'), args);
    if (fault) return { ...result, fault };
  }
  if (args[0] === '-') args.shift();
  if (fromText) {
    const command = args.shift();
    if (command === undefined) return { ...result, fault: '-c: option requires an argument' };
    return { ...result, command, name: args.shift() ?? result.name, rest: args };
  }
  if (!fromInput && args.length > 0) {
    const file = args.shift() as string;
    return { ...result, file, name: file, rest: args };
  }
  return { ...result, rest: args };
}

async function runInvocation(
  shell: Interpreter,
  { login, command, file, rest, name }: Invocation,
  fs: FileSystem,
): Promise<number> {
  const { state, proc } = shell;
  state.name = name.replace(/^-/, '');
  state.params = rest;
  if (login) await runProfiles(shell, fs);
  if (command !== undefined) {
    state.isCommandString = true;
    return runSource(shell, textSource(command), { replaceShell: true });
  }
  if (file !== undefined) return runFile(shell, fs, file);
  return runSource(shell, fileSource(shell, proc.file(0)), { renewSteps: true });
}

async function runFile(shell: Interpreter, fs: FileSystem, file: string): Promise<number> {
  let source: Source;
  try {
    source = openScript(shell, fs, file);
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    await complain(shell.proc, `${shell.state.name}: ${file}: ${thrown.message}`);
    return (shell.state.status = thrown.code === 'ENOENT' ? 127 : 126);
  }
  return runSource(shell, source);
}

// Descriptors from 200 on are the shell's own: scripts count from 3.
function openScript(shell: Interpreter, fs: FileSystem, file: string): Source {
  const opened = openFile(shell.proc, fs, file, { read: true });
  shell.proc.install(255, opened);
  return fileSource(shell, opened);
}

async function runProfiles(shell: Interpreter, fs: FileSystem): Promise<void> {
  const home = shell.state.get('HOME') ?? '/';
  const own = ['.bash_profile', '.bash_login', '.profile']
    .map((name) => `${home}/${name}`)
    .find((path) => fs.find(path, shell.proc.user));
  for (const path of ['/etc/profile', ...(own ? [own] : [])]) await sourceFile(shell, fs, path);
}

/** Runs a file in the shell itself, as `.` does, if it can be read. */
async function sourceFile(shell: Interpreter, fs: FileSystem, path: string): Promise<void> {
  let text: string;
  try {
    text = readText(shell.proc, fs, path);
  } catch (thrown) {
    if (thrown instanceof Errno) return;
    throw thrown;
  }
  await runSource(shell, textSource(text));
}

function readText(proc: Process, fs: FileSystem, path: string): string {
  const node = fs.stat(path, proc.user);
  if (node.kind !== 'file') throw new Errno('EISDIR');
  return node.data.subarray(0, node.size).toString('latin1');
}

/** A builtin as a program of its own, for `env`, `xargs` and `find -exec`. */
export function builtinProgram(kernel: () => Kernel, name: string): Program {
  return async (proc, argv) => {
    const state = new ShellState(proc, kernel());
    state.name = name;
    const shell = new Interpreter(state);
    return shell.main(async () => {
      state.status = await runBuiltin(shell, [name, ...argv.slice(1)]);
    });
  };
}
