import { complain } from '../kernel/io.js';
import { ExecFailure } from '../kernel/kernel.js';
import type { Shell } from './shell.js';

/** Runs a program in the shell's own process, with the shell's exported variables. */
export async function becomeProgram(shell: Shell, argv: string[]): Promise<number> {
  const { proc, state } = shell;
  proc.environment = state.environment();
  proc.trap = undefined;
  try {
    const path = state.kernel.search(proc, argv[0] ?? '', state.get('PATH') ?? '/usr/bin:/bin');
    return await state.kernel.exec(proc, argv, path);
  } catch (thrown) {
    if (!(thrown instanceof ExecFailure)) throw thrown;
    await complain(proc, `${state.name}: line ${state.line}: ${argv[0]}: ${thrown.message}`);
    return thrown.status;
  }
}
