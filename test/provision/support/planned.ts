import type { Value } from '../../../src/jinja/value.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { modules } from '../../../src/provision/modules/index.js';
import { localHost } from './local-host.js';

/** What a host answers to a script that matches, and its exit code; nothing to every other. */
export type Answers = readonly (readonly [RegExp, string, code?: number])[];

/** The commands a module plans where the host answers what is asked by these texts, or why it does not plan any. */
export async function planned(
  name: string,
  args: Record<string, unknown>,
  answers: Answers,
  variables: Record<string, Value> = {},
  defaults: Record<string, Record<string, Value>> = {},
): Promise<string[] | string> {
  const execute = async (script: string) => {
    const [, stdout = '', code = 0] = answers.find(([asked]) => asked.test(script)) ?? [];
    return { code, stdout, stderr: code === 0 ? '' : 'failed', truncated: false };
  };
  const host = localHost({ execute, variables, defaults });
  const plan = await host.plan(modules.get(name) as AnyModule, args);
  host.remove();
  if (plan.failed !== undefined) return plan.failed;
  return plan.actions.map((action) => (action.kind === 'run' ? action.command.text : action.path));
}
