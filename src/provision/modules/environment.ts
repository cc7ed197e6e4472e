import { quote } from '../../shell/command.js';
import type { ModuleContext } from '../module.js';

/** Shell lines that set the task's environment; `export` is a builtin, so values stay out of process arguments. */
export function exported({ environment }: Pick<ModuleContext, 'environment'>): string {
  return [...environment]
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `export ${name}=${value === '' ? "''" : quote(value)}\n`)
    .join('');
}
