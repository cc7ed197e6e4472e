import { Errno } from '../../fs/errno.js';
import { fileBytes } from '../../fs/inode.js';
import { print, readAll } from '../../kernel/io.js';
import { ExecFailure } from '../../kernel/kernel.js';
import { openFile } from '../../kernel/open.js';
import { absolutePath } from '../../kernel/path.js';
import { becomeProgram } from '../become-program.js';
import type { Shell } from '../shell.js';
import { RESERVED } from '../reserved.js';
import { runSource, textSource } from '../run-source.js';
import { ShellExit } from '../state.js';
import type { Builtin } from './builtin.js';
import { isBuiltin, runBuiltin } from './registry.js';

const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin';
const MAX_SOURCES = 100;

export const evaluate: Builtin = async (shell, args) => {
  const text = args.join(' ');
  if (text.trim() === '') return 0;
  shell.state.status = 0;
  return nested(shell, () => runSource(shell, textSource(text)));
};

async function nested(shell: Shell, body: () => Promise<number>): Promise<number> {
  const { state } = shell;
  if (state.sourceDepth + state.callDepth > MAX_SOURCES * 4) {
    await shell.complain('nested too deeply');
    throw new ShellExit(2);
  }
  state.callDepth++;
  try {
    return await body();
  } finally {
    state.callDepth--;
  }
}

export const source: Builtin = async (shell, args) => {
  const { state, proc } = shell;
  const [name, ...params] = args[0] === '--' ? args.slice(1) : args;
  if (name === undefined) {
    await shell.complain('.: filename argument required');
    return 2;
  }
  let text: string;
  try {
    const path = name.includes('/') ? name : (inPath(shell, name) ?? name);
    const file = openFile(proc, state.kernel.fs, path, { read: true });
    text = (await readAll(proc, file)).toString('latin1');
    file.close();
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    await shell.complain(
      `${name}: ${thrown.code === 'ENOENT' && !name.includes('/') ? 'file not found' : thrown.message}`,
    );
    // `.` is a special builtin: in POSIX mode the shell ends.
    throw new ShellExit(1);
  }
  if (state.sourceDepth > MAX_SOURCES) {
    await shell.complain(`${name}: sourced too deeply`);
    throw new ShellExit(2);
  }
  const before = state.params;
  if (params.length > 0) state.params = params;
  state.sourceDepth++;
  state.status = 0;
  try {
    const status = await runSource(shell, textSource(text));
    return status;
  } finally {
    state.sourceDepth--;
    if (state.jump?.kind === 'return') state.jump = undefined;
    if (params.length > 0) state.params = before;
  }
};

function inPath({ state, proc }: Shell, name: string): string | undefined {
  return (state.get('PATH') ?? '')
    .split(':')
    .map((folder) => `${folder || '.'}/${name}`)
    .find((path) => state.kernel.fs.find(absolutePath(path, proc.cwd), proc.user)?.kind === 'file');
}

export const exec: Builtin = async (shell, args) => {
  const argv = args[0] === '--' ? args.slice(1) : args;
  if (argv.length === 0) return 0;
  shell.state.traps.clear();
  throw new ShellExit(await becomeProgram(shell, argv));
};

export const command: Builtin = async (shell, args) => {
  const { state, proc } = shell;
  let rest = args;
  let mode: 'run' | 'v' | 'V' = 'run';
  let path = state.get('PATH');
  while (/^-[pvV]+$/.test(rest[0] ?? '')) {
    const option = rest[0] as string;
    if (option.includes('p')) path = DEFAULT_PATH;
    if (option.includes('v')) mode = 'v';
    if (option.includes('V')) mode = 'V';
    rest = rest.slice(1);
  }
  if (rest[0] === '--') rest = rest.slice(1);
  if (mode === 'run') return rest.length === 0 ? 0 : runCommand(shell, rest, path);
  let status = rest.length === 0 ? 0 : 1;
  for (const name of rest) {
    const found = describe(shell, name, path);
    if (!found) {
      if (mode === 'V') await shell.complain(`command: ${name}: not found`);
      continue;
    }
    status = 0;
    await print(proc, `${mode === 'V' ? found.long : found.short}\n`);
  }
  return status;
};

async function runCommand(shell: Shell, argv: string[], path: string | undefined): Promise<number> {
  const name = argv[0] as string;
  if (isBuiltin(name)) return runBuiltin(shell, argv);
  const child = shell.subshell(async (inner) => {
    if (path !== undefined && path !== inner.state.get('PATH')) inner.state.set('PATH', path);
    inner.state.status = await becomeProgram(inner, argv);
  });
  return shell.waitFor(child);
}

export const type: Builtin = async (shell, args) => {
  let status = 0;
  for (const name of args) {
    const found = describe(shell, name, shell.state.get('PATH'));
    if (found) await print(shell.proc, `${found.long}\n`);
    else {
      await shell.complain(`type: ${name}: not found`);
      status = 1;
    }
  }
  return status;
};

function describe(
  { state, proc }: Shell,
  name: string,
  path: string | undefined,
): { short: string; long: string } | undefined {
  if (RESERVED.includes(name)) return { short: name, long: `${name} is a shell keyword` };
  if (state.functions.has(name)) return { short: name, long: `${name} is a function` };
  if (isBuiltin(name)) return { short: name, long: `${name} is a shell builtin` };
  try {
    const found = state.kernel.search(proc, name, path);
    const node = state.kernel.fs.find(absolutePath(found, proc.cwd), proc.user);
    if (node?.kind !== 'file' || fileBytes(node) === undefined || (node.mode & 0o111) === 0) return undefined;
    return { short: found, long: `${name} is ${found}` };
  } catch (thrown) {
    if (thrown instanceof ExecFailure) return undefined;
    throw thrown;
  }
}
