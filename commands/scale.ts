import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { Moment } from '../src/bot/moment.js';
import { appResource } from './app-changes/app-resource.js';
import { findOnce, scaleApp } from './app-changes/scale-app.js';
import { ChangeArgs, CHANGE_FLAGS } from './app-changes/change-args.js';

const Instances = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a number of instances from 0 to 9999')
  .transform(Number);

export const scale = defineCommand({
  name: 'scale',
  summary: 'Set how many instances of an app run, for good or for a time.',
  words: ['<app>', '<instances>'],
  environment: 'required',
  takesEnd: true,
  flags: {
    ...CHANGE_FLAGS,
  },
  args: z.strictObject({
    app: z.string().min(1),
    instances: Instances,
    until: Moment.optional(),
    ...ChangeArgs,
  }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['scale zeppelin 2 production', 'scale zeppelin 0 staging for 2h', 'scale livy 4 until 18:00'],

  resources: ({ args: { app } }) => [appResource(app)],
  async subject({ args: { app }, cluster }) {
    const { id } = await (await cluster()).marathon.find(app);
    return { targets: [{ kind: 'app', name: id }] };
  },

  async run(context) {
    const { args } = context;
    return scaleApp(await findOnce(args.app, args.until, context), args, context);
  },
});
