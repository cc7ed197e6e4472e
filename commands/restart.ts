import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { findApp } from './app-changes/find-app.js';
import { restartApp } from './app-changes/restart-app.js';
import { serviceResources, serviceSubject } from './app-changes/service.js';
import { HostArgs, hostFlags, refuseHostFlags, rollHostServices } from './host-services/host-services.js';
import { requireService, restartInterpreter } from './service-actions.js';
import { ChangeArgs, CHANGE_FLAGS } from './app-changes/change-args.js';

export const restart = defineCommand({
  name: 'restart',
  summary: 'Restart an app, or a service of hosts in the order of what needs what, and wait until it is back.',
  words: ['<service>'],
  environment: 'required',
  flags: {
    ...CHANGE_FLAGS,
    task: { takes: 'TASK', says: 'only this task of the app; another one takes its place' },
    interpreter: { takes: 'NAME', says: 'only this interpreter of Zeppelin' },
    ...hostFlags,
  },
  args: z.object({
    service: z.string().min(1),
    ...ChangeArgs,
    task: z.string().min(4, 'must be a part of the id of a task, of four characters or more').optional(),
    interpreter: z.string().min(1).optional(),
    ...HostArgs,
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  resources: (asked) => serviceResources(asked),
  subject: (asked) => serviceSubject(asked),
  examples: [
    'restart zeppelin production',
    'restart workers staging --serial 2',
    'restart zookeeper production',
    'restart unit:sshd staging --limit stars-c3',
    'restart zeppelin production --interpreter spark',
  ],
  async run(context) {
    const { interpreter, service, yes } = context.args;
    if (interpreter !== undefined) return restartInterpreter({ service, interpreter, yes }, context);
    const restarted = await rollHostServices('restart', context);
    if (restarted !== undefined) return restarted;
    const { args, step } = context;
    const app = await step(`Find ${args.service} in Marathon`, () => findApp(args.service, context));
    refuseHostFlags(args);
    const words = await restartApp(app, args, context);
    const says = args.task === undefined ? await requireService(app.id, args.wait, context) : undefined;
    return says === undefined ? words : `${words} It says ${says}.`;
  },
});
