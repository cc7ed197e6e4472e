import { z } from 'zod';
import { type AnyCommand, type CommandContext, defineCommand } from '../src/bot/command.js';
import { type Permitted, permittedIn, permittedSomewhere } from '../src/bot/permitted-commands.js';
import { narrowing } from '../src/bot/refusal.js';
import { spell, unknownCommand, usageOf } from '../src/bot/parse.js';

export const help = defineCommand({
  name: 'help',
  summary: 'Show the commands, or one of them with its flags.',
  words: ['[command]'],
  environment: 'none',
  args: z.strictObject({ command: z.string().optional() }),
  permission: 'read',
  kind: 'answer',

  async run(context) {
    const { args, commands } = context;
    if (args.command === undefined) return overview(context);
    const command = commands.find(({ name }) => name === args.command);
    if (command) return page(command);
    throw unknownCommand(args.command, commands);
  },
});

async function overview(context: CommandContext<unknown>): Promise<string> {
  const { home, environmentHere: here } = context;
  const names = home.environments();
  const lines = (await permittedHere(context)).map(lineOf);
  const where =
    names.length > 0
      ? `Environments: ${names.join(', ')}.`
      : 'There is no environment yet: make inventories/<name>/hosts.';
  const scope =
    here === undefined || names.length < 2 ? '' : ` This is what you may run in ${here}; \`whoami\` tells of all.`;
  return [...lines, '', `${where}${scope} \`help <command>\` shows its flags.`].join('\n');
}

type Shown = Pick<Permitted, 'command' | 'reach'>;

/** In the environment that is meant here, if there is one that can be read; else in any. */
async function permittedHere(context: CommandContext<unknown>): Promise<Shown[]> {
  const { commands, environmentHere: here, home } = context;
  if (here !== undefined && home.environments().includes(here)) {
    const both = [...(await permittedIn(null, context)), ...(await permittedIn(here, context))];
    return both.sort((a, b) => commands.indexOf(a.command) - commands.indexOf(b.command));
  }
  return (await permittedSomewhere(context)).map((command) => ({ command, reach: 'all' }));
}

function lineOf({ command, reach }: Shown): string {
  const only = reach === 'all' ? '' : ` (only ${narrowing(reach)})`;
  return `\`${[command.name, ...(command.words ?? [])].join(' ')}\`  ${command.summary}${only}`;
}

function page(command: AnyCommand): string {
  const flags = Object.entries(command.flags ?? {}).map(([name, flag]) => `\`${spell(name, flag)}\`  ${flag.says}`);
  const examples = (command.examples ?? []).map((example) => `\`${example}\``);
  return [
    `\`${usageOf(command)}\``,
    command.summary,
    ...flags,
    ...(examples.length > 0 ? ['For example:', ...examples] : []),
  ].join('\n');
}
