import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { permittedCommands } from '../src/bot/permitted-commands.js';

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Show as whom Stars knows you.',
  environment: 'none',
  args: z.strictObject({}),
  permission: 'read',
  kind: 'answer',

  async run({ person, source, commands, home }) {
    const permitted = await permittedCommands(commands, home, person);
    return [
      `You are ${person.name} (\`${person.id}\`), asking from ${source === 'slack' ? 'Slack' : `the ${source}`}.`,
      `You may run: ${permitted.map(({ name }) => name).join(', ')}.`,
    ].join('\n');
  },
});
