import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { permittedIn, permittedSomewhere, rightsIn } from '../src/bot/permitted-commands.js';
import { narrowing } from '../src/bot/refusal.js';
import { asStarsError } from '../src/errors.js';

export const whoami = defineCommand({
  name: 'whoami',
  summary: 'Show as whom Stars knows you, and what you may do where.',
  environment: 'none',
  args: z.strictObject({}),
  permission: 'read',
  kind: 'answer',

  async run(context) {
    const { person, source, home } = context;
    const permitted = await permittedSomewhere(context);
    const places = await Promise.all(home.environments().map((name) => rightsText(name, context)));
    return [
      `You are ${person.name} (\`${person.id}\`), asking from ${source === 'slack' ? 'Slack' : `the ${source}`}.`,
      ...(await identityText(context)),
      `You may run: ${permitted.map(({ name }) => name).join(', ')}.`,
      ...places,
    ].join('\n');
  },
});

async function identityText({ person, rights }: CommandContext<unknown>): Promise<string[]> {
  const { ids, groups, standing, untold } = await rights.identity(person);
  const others = ids.filter((id) => id !== person.id);
  return [
    ...(others.length > 0
      ? [`You also count as ${others.map((id) => `\`${id}\``).join(', ')}, as stars.yml says.`]
      : []),
    ...(groups.size > 0 ? [`You are in ${[...groups].map((id) => `\`${id}\``).join(', ')}.`] : []),
    ...(standing === 'guest' ? ['You are a guest of this workspace, whom “everyone” does not mean.'] : []),
    ...(standing === 'outside' ? ['You are not of this workspace: “everyone” does not mean you.'] : []),
    ...untold,
  ];
}

async function rightsText(name: string, context: CommandContext<unknown>): Promise<string> {
  try {
    const held = await rightsIn(name, context);
    const more = (await permittedIn(name, context)).filter(
      ({ permission, command }) => !held.includes(permission) && !command.standsForCommand,
    );
    const all = [
      ...held,
      ...more.map(({ command, reach }) => (reach === 'all' ? command.name : `${command.name} ${narrowing(reach)}`)),
    ];
    return `In ${name}: ${all.length === 0 ? 'nothing' : all.join('; ')}.`;
  } catch (thrown) {
    return `In ${name}: nobody can tell, since ${asStarsError(thrown).describe().split('\n')[0]}`;
  }
}
