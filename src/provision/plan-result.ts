import type { ExecResult } from '../connection/connection.js';
import type { Dict, Value } from '../jinja/value.js';
import { missingProgram } from './missing-program.js';
import type { AnyModule, Plan } from './module.js';
import { isTrue } from './task-result.js';

/** The registered result of a plan that asks for nothing to be done, because it failed or was left out; undefined for any other. */
export function idleResult(plan: Plan): Dict | undefined {
  if (plan.failed !== undefined) return merged(plan.result, { failed: true, changed: false, msg: plan.failed });
  if (plan.skipped !== undefined)
    return merged(plan.result, { skipped: true, changed: false, failed: false, msg: plan.skipped });
  return undefined;
}

/** The result of a plan whose actions came to these results; none when it had no actions or they were not done. */
export function endResult(plan: Plan, results: ExecResult[], how: { checkMode: boolean; module: Named }): Dict {
  const changed = changes(plan);
  if (results.length > 0) return actedResult(plan, results, how.module);
  return merged(plan.result, { changed, failed: false }, how.checkMode ? undefined : plan.finish?.([]));
}

/** The registered result after acting: the module's own words about failure win over the exit code. */
export function actedResult(plan: Plan, results: ExecResult[], module: Named): Dict {
  const last = results.at(-1);
  const ended = plan.finish?.(results);
  const broken = last !== undefined && last.code !== 0;
  const failed = ended?.has('failed') ? isTrue(ended.get('failed')) : broken;
  const words: Record<string, Value> = broken && failed ? { msg: failureWords(last, module), rc: last.code } : {};
  // What failed on its way is no change to Ansible, unless the module says so.
  return merged(plan.result, { changed: changes(plan) && !failed, failed, ...words }, ended);
}

type Named = Pick<AnyModule, 'name' | 'needs'>;

function failureWords(last: ExecResult, module: Named): string {
  const said = last.stderr.trim() || last.stdout.trim() || `exit code ${last.code}`;
  return missingProgram(last, module) ?? said.slice(0, 4000);
}

function changes(plan: Plan): boolean {
  return plan.changed ?? plan.actions.length > 0;
}

function merged(first: Dict | undefined, second: Record<string, Value>, third?: Dict): Dict {
  return new Map<Value, Value>([...(first ?? []), ...Object.entries(second), ...(third ?? [])]);
}
