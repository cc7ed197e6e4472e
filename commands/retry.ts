import { defineStandIn } from '../src/bot/command.js';
import { asked, recordedDeploy, requireEnded } from '../src/bot/recorded-deploy.js';
import { againAsRecorded, isDeploy } from '../src/bot/recorded-run.js';
import { StarsError } from '../src/errors.js';
import { againArgs, againFlags, waiting } from './wait-for-hosts.js';

export const retry = defineStandIn({
  name: 'retry',
  summary: 'Run again what failed or was cut short: a deploy on the hosts that failed, all else from its start.',
  words: ['<run>'],
  flags: againFlags,
  args: againArgs,
  permission: 'operate',
  standsForCommand: 'deploy',
  examples: ['retry last', 'retry 261122-2145-k7f2qa'],

  async standsFor({ args, runs, commands }) {
    const run = await runs.find(args.run);
    if (!isDeploy(run)) return againAsRecorded(run, { runs, commands }, { resumes: false });
    const deploy = await recordedDeploy(runs, run.id);
    requireEnded(deploy);
    if (deploy.lost.length > 0)
      return asked(
        deploy,
        { limit: deploy.lost.join(','), continues: deploy.run.id, ...waiting(args.wait) },
        args.extraVars,
      );
    throw new StarsError('USAGE', `No host failed in the run ${deploy.run.id}, which was ${deploy.run.state}.`, {
      hint: `resume ${deploy.run.id} goes on where it stopped.`,
    });
  },
});
