import { defineCommand } from '../src/bot/command.js';
import { deploy, deployed } from './deploy.js';

const { check: _check, diff: _diff, plan: _plan, wait: _wait, ...flags } = deploy.flags ?? {};

export const plan = defineCommand({
  ...deploy,
  name: 'plan',
  summary: 'Show what a deploy would change, as a plan that can be applied just so.',
  flags,
  examples: ['plan workers staging', 'plan role:zookeeper production --limit masters'],
  run: (context) => deployed({ ...context.args, check: true, diff: true }, context),
});
