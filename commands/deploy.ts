import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { registerTypedSecrets } from '../src/bot/typed-secrets.js';
import { StarsError } from '../src/errors.js';
import type { Home } from '../src/home/home.js';

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

  async check({ args: { target, extraVars }, home, text, trusted }) {
    await playbookOrRole(target, home);
    registerTypedSecrets({ extraVars, text, folder: home.stackFolder, trusted }, home.redactor);
  },

  async run({ args, home, provision, environment }) {
    const { target: name, ...options } = args;
    const result = await provision.run({ ...options, target: await playbookOrRole(name, home, options.limit) });
    const hosts = Object.values(result.hosts);
    const changed = hosts.filter((recap) => recap.changed > 0).length;
    const done = hosts.filter((recap) => recap.failed === 0 && recap.unreachable === 0).length;
    const what = `${name} on ${environment.name}`;
    if (result.failed)
      return `${what}: ${ofHosts(done, hosts.length)} ${done === 1 ? 'is as it should be' : 'are as they should be'}.`;
    if (args.check)
      return `${what}: ${changed === 0 ? 'nothing would change' : `${ofHosts(changed, hosts.length)} would change`}. Nothing was written.`;
    const one = hosts.length === 1;
    if (changed === 0)
      return `${what}: ${one ? 'the one host was as it should be' : `all ${hosts.length} hosts were as they should be`} already.`;
    return `${what}: ${ofHosts(changed, hosts.length)} changed, ${one ? 'it is as it should be' : 'all are as they should be'}.`;
  },
});

/** What to run, found by its name in the stack; UNSUPPORTED for what is no Ansible content. */
async function playbookOrRole(name: string, home: Home, hosts = 'all') {
  const { kind, path, name: role } = await home.resolveTarget(name);
  if (kind === 'playbook') return { playbook: path };
  if (kind === 'role') return { role, hosts };
  const [what, does, where] = kind === 'app' ? ['an app', 'restarts', 'Marathon'] : ['a job', 'backs up', 'Chronos'];
  throw new StarsError('UNSUPPORTED', `${name} is ${what}: Stars ${does} it, but cannot deploy it yet.`, {
    hint: `Send ${path} to ${where} yourself; playbooks and roles can be deployed.`,
  });
}

function ofHosts(number: number, all: number): string {
  return `${number} of ${all} ${all === 1 ? 'host' : 'hosts'}`;
}
