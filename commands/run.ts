import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';
import { bounded, type HostOutput, outputOf, outputText, wholeOutput } from './host-output.js';
import { hostsMatching } from './host-subject.js';
import { TimeSpan } from './time-span.js';
import { waitFlag } from './wait-for-hosts.js';

const RunArgs = z.strictObject({
  pattern: z.string().min(1),
  become: z.boolean().default(false),
  timeout: TimeSpan.default(300_000),
  forks: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 9999')
    .transform(Number)
    .optional(),
  wait: TimeSpan.optional(),
});

type RunArgs = z.infer<typeof RunArgs>;

/** Of what a host says, so much is kept: in the run's events, and in the file with everything. */
const KEPT_CHARS = 8_000;
const KEPT_IN_FILE = 200_000;
const LONGEST_COMMAND = 10_000;

export const run = defineCommand({
  name: 'run',
  summary: 'Run one shell command on the hosts that match, and show what each of them says.',
  words: ['<pattern>'],
  environment: 'required',
  takesRest: true,
  flags: {
    become: { short: 'b', says: 'As root, by sudo or what the inventory says.' },
    timeout: { takes: 'TIME', says: 'End it on a host after so long, 5m unless told.' },
    forks: { takes: 'N', says: 'At most so many hosts at once.' },
    wait: waitFlag,
  },
  args: RunArgs,
  permission: 'provision',
  kind: 'run',
  examples: ['run workers staging -- uptime', 'run stars-c3 production --become -- systemctl status docker'],

  subject: async ({ args: { pattern }, environment }) => ({ hosts: await hostsMatching(pattern, environment) }),

  check: async ({ rest }) => void commandOf(rest),

  async run(context) {
    const { rest, source, attach } = context;
    const outputs = await collected(context, commandOf(rest));
    const room = source === 'terminal' ? { chars: 60_000, linesEach: 400 } : { chars: 2_300, linesEach: 12 };
    const { text, cut } = outputText(outputs, room);
    if (cut) await attach({ name: 'output.txt', content: wholeOutput(outputs), alt: 'What every host said' });
    return [headline(outputs), text].join('\n');
  },
});

function commandOf(rest: string | undefined): string {
  const command = rest?.trim() ?? '';
  if (command.length > LONGEST_COMMAND)
    throw new StarsError('USAGE', `The command has ${command.length} characters; ${LONGEST_COMMAND} are the most.`, {
      hint: 'Write a script into a role or playbook of the stack, and deploy that.',
    });
  if (command !== '') return command;
  throw new StarsError('USAGE', 'run: there is no command to run.', {
    hint: 'Write it behind --, for example: run workers staging -- uptime',
  });
}

/** What every host said, in the order of the inventory; each is shown as soon as it is there. */
async function collected(context: CommandContext<RunArgs>, command: string): Promise<HostOutput[]> {
  const { args, environment, provision } = context;
  const hosts = (await environment.inventory()).requireHosts(args.pattern);
  const outputs = new Map<string, HostOutput>();
  await provision.run({
    target: {
      play: {
        name: 'Run a command',
        hosts,
        become: args.become,
        tasks: [
          {
            name: 'Run the command',
            module: 'shell',
            args: { cmd: command },
            timeoutSeconds: Math.ceil(args.timeout / 1000),
          },
        ],
      },
    },
    forks: args.forks,
    waitMs: args.wait,
    onResult({ host, message, result }) {
      const said = outputOf(host, message, result);
      outputs.set(host, { ...said, output: bounded(said.output, KEPT_IN_FILE) });
      return said.exit === undefined ? message : `exit ${said.exit}\n${bounded(said.output, KEPT_CHARS)}`;
    },
  });
  return hosts.flatMap((host) => outputs.get(host) ?? []);
}

function headline(outputs: readonly HostOutput[]): string {
  const fine = outputs.filter(({ exit }) => exit === 0).length;
  return `It ended with exit code 0 on ${fine} of ${outputs.length} ${outputs.length === 1 ? 'host' : 'hosts'}.`;
}
