import { defineStandIn } from '../src/bot/command.js';
import { asked, recordedDeploy, requireEnded } from '../src/bot/recorded-deploy.js';
import { againAsRecorded, isDeploy } from '../src/bot/recorded-run.js';
import { runToTakeUp } from '../src/bot/run-to-take-up.js';
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

  async standsFor({ args, runs }) {
    const run = await runToTakeUp(args.run, runs);
    if (!isDeploy(run)) return againAsRecorded(run, runs, 'retries');
    const deploy = await recordedDeploy(runs, run.id);
    requireEnded(deploy);
    // An app or a job has no hosts, and what never came to its hosts has lost none.
    const onHosts = deploy.events.some(({ type }) => type === 'play.started' || type === 'part.made');
    if (onHosts && deploy.lost.length === 0)
      throw new StarsError('USAGE', `No host failed in the run ${run.id}, which was ${run.state}.`, {
        hint: `resume ${run.id} goes on where it stopped.`,
      });
    const changes = {
      ...(onHosts ? { limit: deploy.lost.join(',') } : {}),
      startAt: deploy.startAsked,
      continues: run.id,
      ...waiting(args.wait),
    };
    return { ...asked(deploy, changes, args.extraVars), retries: run.id };
  },
});
