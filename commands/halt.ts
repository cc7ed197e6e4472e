import { z } from 'zod';
import { type CommandContext, type CommandDefinition, defineCommand, type StandIn } from '../src/bot/command.js';
import type { Control } from '../src/bot/control.js';
import type { ReadableRuns } from '../src/bot/readable-runs.js';
import { StarsError } from '../src/errors.js';
import { hasEnded } from '../src/model/run-states.js';
import type { HostHalt } from '../src/provision/verify-hosts.js';
import type { Run } from '../src/store/runs.js';
import { workOnHosts } from './hosts-of-run.js';
import { counted } from '../src/model/figures.js';

const HaltArgs = z.strictObject({ run: z.string() });

export const halt: CommandDefinition<z.infer<typeof HaltArgs>> = defineCommand({
  name: 'halt',
  summary: 'End what a run that was cut off still does on its hosts, and free them.',
  words: ['<run>'],
  environment: 'none',
  args: HaltArgs,
  permission: 'read',
  kind: 'run',
  deadlineMinutes: 15,
  examples: ['halt last', 'halt 261122-2145-k7f2qa'],

  /** It stands for itself, in the environment of the run. */
  standsFor: async ({ args, ...who }) => haltOf(await who.runs.find(args.run), who),

  async run({ args, runs, provision, control, step, note }: CommandContext<z.infer<typeof HaltArgs>>) {
    const run = await runs.find(args.run);
    await control.halt(run);
    const works = await workOnHosts(run, runs);
    const count = works.flatMap(({ hosts }) => hosts).length;
    const title = `End what run ${run.id} still does on ${counted(count, 'host')}`;
    const halt = () => Promise.all(works.map(({ id, hosts }) => provision.halt(id, hosts)));
    const halts = (await step(title, halt)).flat();
    for (const one of halts) if (isNews(one)) note(`${one.host}: ${wordsOf(one)}`);
    return verdict(run, halts);
  },
});

/** What ends the rest of a run, for whoever may. NOT_PERMITTED, or USAGE when nothing of it can be left on a host. */
export async function haltOf(run: Run, { runs, control }: { runs: ReadableRuns; control: Control }): Promise<StandIn> {
  await control.requireMayEnd(run);
  if (!hasEnded(run.state))
    throw new StarsError('USAGE', `The run ${run.id} is ${run.state}: it has not been cut off.`, {
      hint: `“cancel ${run.id}” ends it.`,
    });
  await workOnHosts(run, runs);
  return { command: 'halt', input: { run: run.id }, environment: run.environment ?? '', trusted: true };
}

function isNews({ state }: HostHalt): boolean {
  return state !== 'none' && state !== 'other';
}

function wordsOf(halt: HostHalt): string {
  switch (halt.state) {
    case 'ended':
      return 'what was under way there was ended, and the host is free. How far it came is not known.';
    case 'idle':
      return 'nothing was under way there; the host is free.';
    case 'none':
      return 'nothing of the run was left there.';
    case 'other':
      return 'another run has the host, so nothing of this one is left there.';
    case 'left':
      return `nothing ends the process ${halt.pids.join(', ')} there, so the host stays locked.`;
    case 'unknown':
      return `could not be reached, so what runs there is not known: ${halt.error.message}`;
  }
}

/** What was ended, and as a failure what was not. */
function verdict(run: Run, halts: readonly HostHalt[]): string {
  const ended = halts.filter(({ state }) => state === 'ended').map(({ host }) => host);
  const open = halts.filter(({ state }) => state === 'left' || state === 'unknown').map(({ host }) => host);
  const done =
    ended.length > 0
      ? `Ended what run ${run.id} still did on ${ended.join(', ')}.`
      : `Nothing of run ${run.id} went on.`;
  if (open.length > 0)
    throw new StarsError('HOSTS_FAILED', `${done} Not on ${open.join(', ')}: see the notes.`, {
      hint: `Mend the connection, or end it on the host by hand; then “halt ${run.id}” again.`,
    });
  return `${done} What was started there to go on by itself, such as a service or an async task, was not touched. “resume ${run.id}” goes on where it stopped.`;
}
