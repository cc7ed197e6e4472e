import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';

const CommaList = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

export const deploy = defineCommand({
  name: 'deploy',
  summary: 'Bring the hosts of an environment to what a playbook or role of the stack says.',
  words: ['<target>'],
  environment: 'required',
  flags: {
    check: { says: 'Plan only: nothing is changed.' },
    diff: { says: 'Show what changes in files.' },
    limit: { takes: 'PATTERN', says: 'Only these hosts or groups.' },
    tags: { takes: 'a,b', says: 'Only tasks with one of these tags.' },
    'skip-tags': { takes: 'a,b', says: 'Without tasks that have one of these tags.' },
    'start-at': { takes: 'TASK', says: 'Leave out the tasks before the one of this name.' },
    serial: { takes: 'N', says: 'So many hosts (or percent) at a time.' },
    forks: { takes: 'N', says: 'At most so many hosts at once.' },
    'extra-vars': { takes: 'KEY=VALUE', short: 'e', many: true, says: 'Set a variable.' },
  },
  args: z.strictObject({
    target: z.string(),
    check: z.boolean().default(false),
    diff: z.boolean().default(false),
    limit: z.string().optional(),
    tags: CommaList.default([]),
    skipTags: CommaList.default([]),
    startAt: z.string().optional(),
    serial: z
      .string()
      .regex(/^[1-9]\d*%?$/, 'must be a number of hosts or a percentage, such as 2 or 25%')
      .optional(),
    forks: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, 'must be a number from 1 to 9999')
      .transform(Number)
      .optional(),
    extraVars: z.array(z.string()).default([]),
  }),
  permission: 'provision',
  kind: 'run',
  examples: [
    'deploy workers staging',
    'deploy workers staging --check --diff',
    'deploy role:zookeeper production --limit masters',
  ],

  async run({ args, home, provision, environment }) {
    const { target: name, ...options } = args;
    const target = await home.resolveTarget(name);
    if (target.kind === 'app' || target.kind === 'job') {
      throw new StarsError(
        'UNSUPPORTED',
        `${name} is ${target.kind === 'app' ? 'an app' : 'a job'}: Stars ${target.kind === 'app' ? 'restarts' : 'backs up'} it, but cannot deploy it yet.`,
        {
          hint: `Send ${target.path} to ${target.kind === 'app' ? 'Marathon' : 'Chronos'} yourself; “stars help deploy” lists what can be deployed.`,
        },
      );
    }
    const result = await provision.run({
      ...options,
      target:
        target.kind === 'playbook' ? { playbook: target.path } : { role: target.name, hosts: options.limit ?? 'all' },
    });
    const hosts = Object.values(result.hosts);
    const changed = hosts.filter((recap) => recap.changed > 0).length;
    const done = hosts.filter((recap) => recap.failed === 0 && recap.unreachable === 0).length;
    const what = `${name} on ${environment.name}`;
    if (result.failed) return `${what}: ${done} of ${hosts.length} hosts are as they should be.`;
    if (args.check)
      return `${what}: ${changed === 0 ? 'nothing would change' : `${changed} of ${hosts.length} hosts would change`}. Nothing was written.`;
    return changed === 0
      ? `${what}: all ${hosts.length} hosts were as they should be already.`
      : `${what}: ${changed} of ${hosts.length} hosts changed, all are as they should be.`;
  },
});
