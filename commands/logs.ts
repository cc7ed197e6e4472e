import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { registerDefinitionSecrets, withoutNamedSecrets } from '../src/bot/definition-secrets.js';
import { findTask, type LoggedTask } from '../src/cluster/logged-task.js';
import { StarsError } from '../src/errors.js';
import { poll } from '../src/poll.js';
import { redactUrl } from '../src/cluster/answer.js';
import { findApp } from './app-changes/find-app.js';
import { TimeSpan } from './time-span.js';
import { counted } from '../src/model/figures.js';

const Lines = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'must be a number of lines from 1 to 99999')
  .transform(Number);

const SHORT_LINES = 30;
const SHORT_CHARS = 2_500;
const FOLLOW_EVERY_MS = 2_000;
const MOST_FOLLOWED_LINES = 5_000;
const NOTED_LINES = 8;

export const logs = defineCommand({
  name: 'logs',
  summary: 'Show the end of what a task of an app wrote, of a running one or of the last that failed.',
  words: ['<app>'],
  environment: 'required',
  flags: {
    task: { takes: 'TASK', says: 'the task, by its id or a part of it; “failed” is the last that failed' },
    stderr: { says: 'what it wrote to stderr instead of stdout' },
    lines: { takes: 'N', says: 'so many lines, 50 unless told' },
    follow: { says: 'go on with what it writes, for 2 minutes or as long as --wait says' },
    wait: { takes: 'TIME', says: 'how long to follow' },
  },
  args: z.strictObject({
    app: z.string().min(1),
    task: z.string().min(3, 'must be a part of the id of a task, of three characters or more').optional(),
    stderr: z.boolean().default(false),
    lines: Lines.default(50),
    follow: z.boolean().default(false),
    wait: TimeSpan.default(120_000),
  }),
  permission: 'read',
  cluster: true,
  kind: 'run',
  examples: ['logs zeppelin production', 'logs livy staging --stderr --lines 200', 'logs zeppelin --task failed'],

  async subject({ args: { app }, cluster }) {
    const { id } = await (await cluster()).marathon.find(app);
    return { targets: [{ kind: 'app', name: id }] };
  },

  async run(context) {
    const { args, cluster, home, step, signal } = context;
    const app = await step(`Find ${args.app} in Marathon`, () => findApp(args.app, context));
    registerDefinitionSecrets((await cluster.marathon.definition(app.id, { signal })) ?? {}, home.redactor);
    const task = await findTask(cluster, app, args.task, signal);
    const stream = args.stderr ? ('stderr' as const) : ('stdout' as const);
    const { text, size } = await step(`Read ${stream} of ${task.id} on ${task.host}`, () =>
      lastLines(task, stream, context),
    );
    await show(app.id, stream, text, context);
    const what = `${counted(text === '' ? 0 : text.split('\n').length, 'line')} of ${stream} of ${task.id}, ${task.words}`;
    if (!args.follow) return `${what}.`;
    return `${what}.\n${await followed(task, { stream, from: size, app: app.id }, context)}`;
  },
});

type Context = CommandContext<{ lines: number; wait: number }>;
type Stream = 'stdout' | 'stderr';

/** The last lines, read further back as long as there are too few. */
async function lastLines(task: LoggedTask, stream: Stream, { args, cluster, signal }: Context) {
  for (let bytes = args.lines * 200; ; bytes *= 4) {
    const tail = await cluster.mesos.taskLog({ agentId: task.agentId, taskId: task.id, stream, bytes }, { signal });
    const lines = tail.text.replace(/\n$/, '').split('\n');
    if (lines.length >= args.lines || tail.from === 0 || bytes > LONGEST_READ)
      return { text: readable(lines.slice(-args.lines).join('\n')), size: tail.size };
  }
}

const LONGEST_READ = 8 * 1024 * 1024;

/** What a task wrote, less what sounds like a password. Values that are known as secrets go later, with all that leaves Stars. */
function readable(text: string): string {
  return redactUrl(withoutNamedSecrets(text));
}

async function show(app: string, stream: Stream, text: string, { print, note, attach }: Context): Promise<void> {
  if (text === '') return;
  if (print) for (const line of text.split('\n')) print(line);
  else if (text.split('\n').length <= SHORT_LINES && text.length <= SHORT_CHARS) note(text);
  else await attach({ name: fileName(app, stream), content: `${text}\n`, alt: `The end of ${stream} of ${app}` });
}

function fileName(app: string, stream: string): string {
  return `${app.slice(1).replaceAll('/', '-')}-${stream}.log`;
}

type Followed = { stream: Stream; from: number; app: string };

/** Shows what is written from now on, until time is up or enough was written; the closing words. */
async function followed(task: LoggedTask, { stream, from, app }: Followed, context: Context): Promise<string> {
  const { args, cluster, note, print, attach, clock, signal } = context;
  const read = await cluster.mesos.followLog({ agentId: task.agentId, taskId: task.id, stream, from }, { signal });
  const lines: string[] = [];
  const look = async () => {
    const { text, restarted } = await read({ signal });
    if (restarted) note(`${stream} was cut off or rotated: it begins anew.`);
    const fresh = text === '' ? [] : readable(text.replace(/\n$/, '')).split('\n');
    lines.push(...fresh);
    if (print) for (const line of fresh) print(line);
    else if (fresh.length > 0) note(noted(fresh));
    return lines.length >= MOST_FOLLOWED_LINES ? true : undefined;
  };
  const polling = { clock, everyMs: FOLLOW_EVERY_MS, timeoutMs: args.wait, signal, what: 'Following' };
  await poll(look, polling).catch((error: unknown) => {
    if (!(error instanceof StarsError) || error.code !== 'TIMEOUT') throw error;
  });
  if (!print && lines.length > NOTED_LINES)
    await attach({ name: fileName(app, `${stream}-followed`), content: `${lines.join('\n')}\n` });
  return `Followed for ${Math.round(args.wait / 1_000)} s: ${counted(lines.length, 'new line')}.`;
}

function noted(lines: readonly string[]): string {
  const hidden = lines.length - NOTED_LINES;
  return [...(hidden > 0 ? [`… ${counted(hidden, 'line')} more`] : []), ...lines.slice(-NOTED_LINES)].join('\n');
}
