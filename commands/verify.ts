import { z } from 'zod';
import { type CommandDefinition, defineCommand } from '../src/bot/command.js';
import type { HostLook } from '../src/provision/verify-hosts.js';
import type { Run } from '../src/store/runs.js';
import { type WorkOnHosts, workOnHosts } from './hosts-of-run.js';
import { TimeSpan } from './time-span.js';

const VerifyArgs = z.strictObject({ run: z.string(), wait: TimeSpan.optional() });

type VerifyArgs = z.infer<typeof VerifyArgs>;

const LOOK_EVERY_MS = 2_000;

export const verify: CommandDefinition<VerifyArgs> = defineCommand({
  name: 'verify',
  summary: 'Ask the hosts of a run what it last did there, and whether that still goes on.',
  words: ['<run>'],
  environment: 'none',
  flags: { wait: { takes: 'TIME', says: 'Wait so long for what still runs there, such as 10m.' } },
  args: VerifyArgs,
  permission: 'read',
  kind: 'answer',
  examples: ['verify last', 'verify 261122-2145-k7f2qa --wait 10m'],

  /** It stands for itself, in the environment of the run. */
  async standsFor({ args: { run: id, wait }, runs }) {
    const run = await runs.find(id);
    await workOnHosts(run, runs);
    const input = { run: run.id, ...(wait === undefined ? {} : { wait: `${Math.ceil(wait / 1000)}s` }) };
    return { command: 'verify', input, environment: run.environment ?? '', trusted: true };
  },

  async run({ args, runs, provision, clock, signal }) {
    const run = await runs.find(args.run);
    const works = await workOnHosts(run, runs);
    const mustEnd = clock.now().getTime() + (args.wait ?? 0);
    for (;;) {
      const found = await Promise.all(
        works.map(async (work) => ({ work, looks: await provision.lookAt(work.id, work.hosts) })),
      );
      const goesOn = found.some(({ looks }) => looks.some(({ state }) => state === 'running'));
      if (!goesOn || clock.now().getTime() + LOOK_EVERY_MS > mustEnd) return verdict({ run, found, now: clock.now() });
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  },
});

type Found = { run: Run; found: readonly { work: WorkOnHosts; looks: readonly HostLook[] }[]; now: Date };

/** What the hosts told, a line each, and what to do with it. */
function verdict({ run, found, now }: Found): string {
  const lines = found.flatMap(({ work, looks }) => {
    const tasks = work.events.flatMap((event) => (event.type === 'task.started' ? [event.task] : []));
    return looks.map((look) => `${look.host}: ${wordsOf(look, { run, tasks, now })}`);
  });
  const looks = found.flatMap((one) => one.looks);
  return [`Run ${run.id} (${run.state}): ${run.text}`, ...lines, nextStep(run, looks)].join('\n');
}

type Setting = { run: Run; tasks: readonly string[]; now: Date };

function wordsOf(look: HostLook, { run, tasks, now }: Setting): string {
  const title = (task: string) => `“${tasks[Number(task) - 1] ?? `task ${task}`}”`;
  switch (look.state) {
    case 'running':
      return `${title(look.task)} still runs there, as process ${look.pid}, for ${ago(look.sentAt, now)}.`;
    case 'ended': {
      const end = look.code === 0 ? 'ended well' : `ended with exit code ${look.code}${cutOff(look.code)}`;
      const later = Number(look.task) < tasks.length ? ` Later tasks changed nothing there.` : '';
      return `${title(look.task)} ${end}; nothing of the run goes on.${later}`;
    }
    case 'lost':
      return `${title(look.task)} had begun, and its shell ended without a word: the host was restarted, or somebody killed it. How far it came is not known.`;
    case 'idle':
      return 'nothing was changed there, and nothing of the run goes on.';
    case 'other':
      return `${look.held ? 'it is locked by' : 'the last to work there was'} run ${look.holder.run} of ${look.holder.person}, so nothing is known of this one.`;
    case 'none':
      return run.state === 'running'
        ? 'it has not come to this host, or is through with it.'
        : 'it left no lock: it never came there or let go of the host in good order.';
    default:
      return `could not be asked: ${look.error.describe()}`;
  }
}

/** Who writes to a connection that is gone is ended by the signal PIPE. */
function cutOff(code: number): string {
  return code === 141 ? ', cut off when nobody read its output any more' : '';
}

function ago(sentAt: number, now: Date): string {
  const seconds = Math.max(0, Math.round(now.getTime() / 1000 - sentAt));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** What the person may do now. */
function nextStep(run: Run, looks: readonly HostLook[]): string {
  const going = looks.filter(({ state }) => state === 'running').map(({ host }) => host);
  if (run.state === 'running')
    return `The run is under way: “show ${run.id}” tells how far it is, “cancel ${run.id}” ends it.`;
  if (going.length > 0)
    return `Wait for ${going.join(', ')} with “verify ${run.id} --wait 10m”, or end it with “halt ${run.id}”: until then another run finds ${going.length === 1 ? 'it' : 'them'} locked. Then “resume ${run.id}”.`;
  if (looks.some(({ state }) => state === 'unknown'))
    return `Mend the connection and ask again: what runs on a host that does not answer is not known.`;
  if (run.state === 'succeeded') return 'The run is through: nothing is left to do.';
  return `Nothing of it goes on. “resume ${run.id}” continues where it stopped: what is done stays as it is.`;
}
