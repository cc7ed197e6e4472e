import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { Moment } from '../src/bot/moment.js';
import { StarsError } from '../src/errors.js';
import { findOnce, scaleApp } from './app-changes/scale-app.js';
import { serviceResources, serviceSubject } from './app-changes/service.js';
import { HostArgs, hostFlags, refuseHostFlags, rollHostServices } from './host-services/host-services.js';
import { SessionId, stopSession } from './service-actions.js';
import { ChangeArgs, CHANGE_FLAGS } from './app-changes/change-args.js';

export const stop = defineCommand({
  name: 'stop',
  summary: 'Suspend an app, which “start” brings back as it was, or stop a service of hosts.',
  words: ['<service>'],
  environment: 'required',
  takesEnd: true,
  flags: {
    ...CHANGE_FLAGS,
    session: { takes: 'ID', says: 'only this session of Livy' },
    batch: { takes: 'ID', says: 'only this batch of Livy' },
    ...hostFlags,
  },
  args: z.strictObject({
    service: z.string().min(1),
    until: Moment.optional(),
    ...ChangeArgs,
    session: SessionId.optional(),
    batch: SessionId.optional(),
    ...HostArgs,
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['stop lightning staging', 'stop zeppelin production for 2h', 'stop livy production --session 3'],

  resources: (asked) => serviceResources(asked),
  subject: (asked) => serviceSubject(asked),

  async run(context) {
    const { args, environment } = context;
    const { session, batch, service, yes } = args;
    if (session !== undefined) return stopSession({ service, kind: 'sessions', id: session, yes }, context);
    if (batch !== undefined) return stopSession({ service, kind: 'batches', id: batch, yes }, context);
    // Only an app can be stopped for a time.
    const stopped = args.until === undefined ? await rollHostServices('stop', context) : undefined;
    if (stopped !== undefined) return stopped;
    const app = await findOnce(args.service, args.until, context);
    refuseHostFlags(args);
    if (app.instances === 0)
      throw new StarsError('USAGE', `${app.id} is suspended already.`, {
        hint: `Bring it back: start ${app.id} ${environment.name}`,
      });
    await scaleApp(app, { ...args, instances: 0, yes: true }, context);
    return `${app.id} is suspended; “start ${app.id} ${environment.name}” brings its ${app.instances} back.`;
  },
});
