import { Errno } from '../../fs/errno.js';
import { allowed, SEARCH } from '../../fs/inode.js';
import { print } from '../../kernel/io.js';
import { absolutePath, normalPath } from '../../kernel/path.js';
import type { Builtin } from './builtin.js';

export const changeFolder: Builtin = async (shell, args) => {
  const { state, proc } = shell;
  const physical = args[0] === '-P';
  const operands = args.filter((arg, index) => !(index === 0 && (arg === '-P' || arg === '-L')) && arg !== '--');
  const [wanted = state.get('HOME')] = operands;
  const back = wanted === '-';
  const target = back ? state.get('OLDPWD') : wanted;
  if (target === undefined || operands.length > 1) {
    await shell.complain(
      `cd: ${operands.length > 1 ? 'too many arguments' : back ? 'OLDPWD not set' : 'HOME not set'}`,
    );
    return 1;
  }
  if (target === '') return 0;
  try {
    const logical = normalPath(
      absolutePath(target, state.get('PWD')?.startsWith('/') ? (state.get('PWD') as string) : proc.cwd),
    );
    const { node, path } = state.kernel.fs.walk(physical ? absolutePath(target, proc.cwd) : logical, proc.user);
    if (!node) throw new Errno('ENOENT');
    if (node.kind !== 'dir') throw new Errno('ENOTDIR');
    if (!allowed(node, proc.user, SEARCH)) throw new Errno('EACCES');
    state.set('OLDPWD', state.get('PWD') ?? proc.cwd);
    proc.cwd = path;
    state.set('PWD', physical ? path : logical);
    state.export('PWD');
    state.export('OLDPWD');
    if (back) await print(proc, `${state.get('PWD')}\n`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    await shell.complain(`cd: ${target}: ${thrown.message}`);
    return 1;
  }
};

export const printFolder: Builtin = async ({ state, proc }, args) => {
  const logical = state.get('PWD');
  const known =
    logical !== undefined && state.kernel.fs.find(logical, proc.user) === state.kernel.fs.find(proc.cwd, proc.user);
  await print(proc, `${args[0] === '-P' || !known ? proc.cwd : logical}\n`);
  return 0;
};
