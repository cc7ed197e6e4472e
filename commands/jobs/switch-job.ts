import type { CommandContext } from '../../src/bot/command.js';
import { momentOf } from '../../src/bot/moment.js';
import { utcWords } from '../../src/model/utc-words.js';

export type SwitchJob = { name: string; disabled: boolean; until?: string | undefined };

/** Enables or disables a job, for good or until a moment; the closing words. */
export async function switchJob(
  { name, disabled, until: end }: SwitchJob,
  { cluster, environment, step, later, clock, signal }: CommandContext<unknown>,
): Promise<string> {
  const until = end === undefined ? undefined : momentOf(end, clock.now());
  const job = await step(`Find ${name} in Chronos`, () => cluster.chronos.job(name, { signal }));
  const [state, back] = disabled ? ['disabled', 'enable'] : ['enabled', 'disable'];
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
