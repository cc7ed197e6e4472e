import type { Value } from '../../../src/jinja/value.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { modules } from '../../../src/provision/modules/index.js';
import { localHost } from './local-host.js';

/** What a host answers to a script that matches; nothing to every other. */
export type Answers = readonly (readonly [RegExp, string])[];

/** The commands a module plans when the host answers what is asked by these texts, or why it plans none. */
export async function commands(
  name: string,
  args: Record<string, unknown>,
  answers: Answers,
  variables: Record<string, Value> = {},
): Promise<string[] | string> {
  const execute = async (script: string) => {
    const stdout = answers.find(([asked]) => asked.test(script))?.[1] ?? '';
    return { code: 0, stdout, stderr: '', truncated: false };
  };
  const host = localHost({ execute, variables });
  const plan = await host.plan(modules.get(name) as AnyModule, args);
  host.remove();
  if (plan.failed !== undefined) return plan.failed;
  return plan.actions.map((action) =>
    action.kind === 'run'
      ? action.command.text
          .split('\n')
          .filter((line) => !line.startsWith('export '))
          .join('\n')
          .replaceAll(/ +/g, ' ')
      : action.path,
  );
}
