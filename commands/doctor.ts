import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { examine, reportOf } from '../src/bot/doctor.js';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Look whether everything that Stars relies on is in order: files, store, Slack, SSH keys, the cluster.',
  environment: 'optional',
  args: z.strictObject({}),
  permission: 'operate',
  kind: 'answer',
  examples: ['doctor', 'doctor staging'],

  async run(context) {
    const { home, clock, log, signal, commands } = context;
    return home.redactor.redact(
      reportOf(await examine({ home, environments: await chosen(context), commands, clock, log, signal })),
    );
  },
});

/** The environment that was named, or all: of those that the person may operate. */
async function chosen({ home, environmentName, rights, person, source }: CommandContext<unknown>): Promise<string[]> {
  const names = environmentName === undefined ? home.environments() : [environmentName];
  const command = { name: 'doctor', permission: 'operate' as const };
  const reaches = await Promise.all(
    names.map(async (name) => {
      // One that cannot be opened is what a doctor is for.
      const environment = await home.environment(name).catch(() => undefined);
      return environment ? rights.reach({ person, source, command, environment }) : 'all';
    }),
  );
  return names.filter((_name, at) => reaches[at] === 'all');
}
