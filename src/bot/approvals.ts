import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { StarsError } from '../errors.js';
import type { Environment } from '../home/home.js';
import type { RunRequest } from '../model/run.js';

export type ApprovalRule = NonNullable<Environment['config']['approvals']>;

/** The rule by which a run of this command has to be approved; undefined when it may begin without, as all that changes nothing may. */
export function approvalsNeeded(
  environment: Environment | undefined,
  { name }: { name: string },
  resources: readonly string[],
): ApprovalRule | undefined {
  const rule = environment?.config.approvals;
  return rule && resources.length > 0 && rule.commands.includes(name) ? rule : undefined;
}

/** What a command without a plan of its own proposes: its words, as long as the environment says the same. */
export function wordsAsProposal(
  { command, args, text, environment: name }: Pick<RunRequest, 'command' | 'args' | 'text' | 'environment'>,
  environment: Environment | undefined,
): { hash: string; text: string } {
  const file = environment?.files.environment;
  const says = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
  const hash = createHash('sha256').update(JSON.stringify([command, args, name, says]));
  return { hash: hash.digest('hex').slice(0, 16), text };
}

export function staleProposal({ text }: Pick<RunRequest, 'text'>): StarsError {
  return new StarsError('PLAN_STALE', `${text} would do something else by now than was approved.`, {
    hint: 'Nothing was done. Ask for it again and have that approved.',
  });
}
