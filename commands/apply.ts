import { z } from 'zod';
import { defineStandIn } from '../src/bot/command.js';
import { findPlan } from '../src/bot/plans.js';
import { asked } from '../src/bot/recorded-deploy.js';
import { waitFlag, waiting } from './wait-for-hosts.js';

export const apply = defineStandIn({
  name: 'apply',
  summary: 'Do what a plan says and nothing else; it is refused when files, inventory or variables changed since.',
  words: ['<plan>'],
  flags: {
    'extra-vars': { takes: 'KEY=VALUE', short: 'e', many: true, says: 'Give a secret again that was not kept.' },
    wait: waitFlag,
  },
  args: z.strictObject({ plan: z.string(), extraVars: z.array(z.string()).default([]), wait: z.string().optional() }),
  permission: 'provision',
  standsForCommand: 'deploy',
  examples: ['apply 261129-0830-k7f2qa', 'apply last'],

  async standsFor({ args, runs }) {
    const { deploy } = await findPlan(runs, args.plan);
    return asked(deploy, { check: undefined, plan: deploy.run.id, ...waiting(args.wait) }, args.extraVars);
  },
});
