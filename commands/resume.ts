import { defineStandIn } from '../src/bot/command.js';
import { asked, recordedDeploy, requireEnded } from '../src/bot/recorded-deploy.js';
import { againAsRecorded, isDeploy } from '../src/bot/recorded-run.js';
import { runToTakeUp } from '../src/bot/run-to-take-up.js';
import { StarsError } from '../src/errors.js';
import { againArgs, againFlags, waiting } from './wait-for-hosts.js';

export const resume = defineStandIn({
  name: 'resume',
  summary:
    'Go on with a run that failed or was cut short: a deploy from the task where it stopped, on the hosts that are not through; else without what it did and noted.',
  words: ['<run>'],
  flags: againFlags,
  args: againArgs,
  permission: 'operate',
  standsForCommand: 'deploy',
  examples: ['resume last', 'resume 261122-2145-k7f2qa'],

  async standsFor({ args, runs }) {
    const run = await runToTakeUp(args.run, runs);
    if (!isDeploy(run)) return againAsRecorded(run, runs, 'resumes');
    const deploy = await recordedDeploy(runs, run.id);
    requireEnded(deploy);
    if (deploy.nothingLeft)
      throw new StarsError(
        'USAGE',
        `Every part of the run ${run.id} was done before it was cut off: nothing is left to do.`,
        {
          hint: `“show ${run.id}” tells its parts.`,
        },
      );
    const { limit } = deploy.input;
    const changes = {
      startAt: deploy.startAt ?? deploy.input['startAt'],
      limit: withoutHosts(typeof limit === 'string' ? limit : undefined, deploy.through),
      continues: deploy.run.id,
      ...waiting(args.wait),
    };
    return { ...asked(deploy, changes, args.extraVars), resumes: run.id };
  },
});

/** The pattern of hosts less those that are through. */
function withoutHosts(limit: string | undefined, hosts: readonly string[]): string | undefined {
  return hosts.length === 0 ? limit : [limit ?? 'all', ...hosts.map((host) => `!${host}`)].join(',');
}
