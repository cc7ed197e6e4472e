import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { instancesBefore } from '../src/cluster/marathon/suspended.js';
import { StarsError } from '../src/errors.js';
import { findOnce, scaleApp } from './app-changes/scale-app.js';
import { serviceResources, serviceSubject } from './app-changes/service.js';
import { HostArgs, hostFlags, refuseHostFlags, rollHostServices } from './host-services/host-services.js';
import { counted } from '../src/model/figures.js';
import { ChangeArgs, CHANGE_FLAGS } from './app-changes/change-args.js';

export const start = defineCommand({
  name: 'start',
  summary: 'Bring a suspended app back with as many instances as it had, or start a service of hosts.',
  words: ['<service>'],
  environment: 'required',
  flags: {
    ...CHANGE_FLAGS,
    ...hostFlags,
  },
  args: z.strictObject({
    service: z.string().min(1),
    ...ChangeArgs,
    ...HostArgs,
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['start lightning staging'],

  resources: (asked) => serviceResources(asked),
  subject: (asked) => serviceSubject(asked),

  async run(context) {
    const { args, environment } = context;
    const started = await rollHostServices('start', context);
    if (started !== undefined) return started;
    const app = await findOnce(args.service, undefined, context);
    refuseHostFlags(args);
    if (app.instances > 0)
      throw new StarsError('USAGE', `${app.id} is not suspended: it wants ${counted(app.instances, 'instance')}.`, {
        hint: `See how it fares: status ${app.id} ${environment.name}`,
      });
    const instances = await remembered(app.id, context);
    return scaleApp(app, { ...args, instances }, context);
  },
});

/** How many it had before it was suspended; one, and a remark, when nobody knows any more. */
async function remembered(id: string, { cluster, step, note, signal }: CommandContext<unknown>): Promise<number> {
  const before = await step(
    'Look up how many instances it had',
    () => instancesBefore(cluster.marathon, id, { signal }),
    (found) => (found === undefined ? 'nobody knows' : String(found)),
  );
  if (before === undefined) note(`Marathon does not know how many instances ${id} had, so it gets one.`);
  return before ?? 1;
}
