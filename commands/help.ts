import { z } from 'zod';
import { type AnyCommand, defineCommand } from '../src/bot/command.js';
import { permittedCommands } from '../src/bot/permitted-commands.js';
import { spell, unknownCommand, usageOf } from '../src/bot/parse.js';

export const help = defineCommand({
  name: 'help',
  summary: 'Show the commands, or one of them with its flags.',
  words: ['[command]'],
  environment: 'none',
  args: z.strictObject({ command: z.string().optional() }),
  permission: 'read',
  kind: 'answer',

  async run({ args, commands, home, person }) {
    if (args.command === undefined)
      return overview(await permittedCommands(commands, home, person), home.environments());
    const command = commands.find(({ name }) => name === args.command);
    if (command) return page(command);
    throw unknownCommand(args.command, commands);
  },
});

function overview(commands: readonly AnyCommand[], environments: readonly string[]): string {
  const lines = commands.map(
    (command) => `\`${[command.name, ...(command.words ?? [])].join(' ')}\`  ${command.summary}`,
  );
  const where =
    environments.length > 0
      ? `Environments: ${environments.join(', ')}.`
      : 'There is no environment yet: make inventories/<name>/hosts.';
  return [...lines, '', `${where} \`help <command>\` shows its flags.`].join('\n');
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
