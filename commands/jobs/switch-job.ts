import type { CommandContext } from '../../src/bot/command.js';
import { momentOf } from '../../src/bot/moment.js';
import { utcWords } from '../../src/model/utc-words.js';
import { callOffReturn, standingTimer, tellStanding } from '../standing-timer.js';

export type SwitchJob = { name: string; disabled: boolean; until?: string | undefined };

/** Enables or disables a job, for good or until a moment; the closing words. */
export async function switchJob(
  { name, disabled, until: end }: SwitchJob,
  context: CommandContext<unknown>,
): Promise<string> {
  const { cluster, environment, step, later, clock, signal } = context;
  const until = end === undefined ? undefined : momentOf(end, clock.now());
  const job = await step(`Find ${name} in Chronos`, () => cluster.chronos.job(name, { signal }));
  const [state, back] = disabled ? ['disabled', 'enable'] : ['enabled', 'disable'];
  if (until === undefined) await settleTimer(`job:${name}`, disabled ? 'disable' : 'enable', context);
  if (job.disabled === disabled) return `${name} is ${state} already.`;
  // Written first: what is done for a time must never stay because this process died in between.
  if (until)
    await later({
      at: until,
      subject: `job:${name}`,
      words: `jobs ${back} ${name} ${environment.name}`,
      says: `${name} is ${disabled ? 'enabled' : 'disabled'} again on ${environment.name}`,
    });
  const title = disabled ? `Disable ${name}` : `Enable ${name}`;
  await step(title, () => cluster.chronos.setDisabled(name, disabled, { signal }));
  const children = disabled ? await cluster.chronos.children(name, { signal }) : [];
  const alone = children.length === 0 ? '' : ` ${children.join(', ')}, which follow it, will not run either.`;
  const again = until ? ` At ${utcWords(until.toISOString())} it goes back.` : '';
  return `${name} is ${state}.${alone}${again}`;
}

/** A timer that does the same is of no use any more; one that does the opposite stays, and is told. */
async function settleTimer(subject: string, action: string, context: CommandContext<unknown>): Promise<void> {
  const timer = await standingTimer(subject, context);
  if (timer?.words.startsWith(`jobs ${action} `)) await callOffReturn(subject, context);
  else if (timer) tellStanding(timer, context);
}
