import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { lastWordsOf, type LastWords } from '../src/cluster/failing-task.js';
import { StarsError } from '../src/errors.js';
import type { Environment } from '../src/home/home.js';
import { TimeSpan } from './time-span.js';

export const restart = defineCommand({
  name: 'restart',
  summary: 'Restart an app and wait until its new tasks are healthy',
  words: ['<service>'],
  environment: 'required',
  flags: {
    force: { says: 'cancel the deployment that is in the way; what it has done so far stays as it is' },
    wait: { takes: 'TIME', says: 'how long to wait before giving up, 10m unless told' },
  },
  args: z.object({ service: z.string().min(1), force: z.boolean().default(false), wait: TimeSpan.default(600_000) }),
  permission: 'operate',
  cluster: true,
  kind: 'run',
  examples: ['restart zeppelin production', 'restart livy staging --wait 20m'],
  async run({ args: { service, force, wait }, cluster, environment, step, note, clock, signal }) {
    const app = await step(`Find ${service} in Marathon`, () => startable(service));
    const { marathon } = cluster;
    const ticket = await step(`Ask Marathon to restart ${app}`, () => marathon.restart(app, { force, signal }));
    const endMs = clock.now().getTime() + wait;
    const onWaiting = ({ words }: { words: string }) => note(`Still waiting: ${words}.`);
    try {
      await step('Wait for the deployment', () => marathon.waitFor(ticket, { timeoutMs: wait, signal, onWaiting }));
      const health = await step('Check that the new tasks are healthy', () =>
        marathon.requireHealthy(ticket, {
          timeoutMs: Math.max(10_000, endMs - clock.now().getTime()),
          signal,
          onWaiting,
        }),
      );
      return `Restarted ${app}: ${health.words}.`;
    } catch (error) {
      const last = await lastWordsOf(cluster, ticket, signal);
      if (last) note(quoted(last));
      throw error;
    }

    async function startable(name: string): Promise<string> {
      const { id, instances } = await found(name);
      if (instances > 0) return id;
      throw new StarsError('USAGE', `${id} is suspended: it wants no tasks, so there is nothing to restart.`, {
        hint: 'Start it, or scale it up.',
      });
    }

    async function found(name: string) {
      try {
        return await cluster.marathon.find(name, { signal });
      } catch (error) {
        throw isMissing(error) && (await isOfHosts(name, environment)) ? hostService(name) : error;
      }
    }
  },
});

// The units of the hosts that the roles of a stack such as this one install.
const UNITS: ReadonlySet<string> = new Set([
  'chronos',
  'docker',
  'marathon',
  'mesos-agent',
  'mesos-dns',
  'mesos-master',
  'mesos-slave',
  'zookeeper',
]);

function isMissing(error: unknown): boolean {
  return error instanceof StarsError && (error.code === 'APP_NOT_FOUND' || error.code === 'CONFIG');
}

/** Whether the name means hosts or a service on them, rather than a mistyped app. */
async function isOfHosts(name: string, environment: Environment): Promise<boolean> {
  if (UNITS.has(name.toLowerCase().replace(/\.service$/, ''))) return true;
  const inventory = await environment.inventory().catch(() => undefined);
  return inventory?.groups.has(name) ?? false;
}

function hostService(name: string): StarsError {
  return new StarsError('UNSUPPORTED', `${name} is no app: services of the hosts cannot be restarted from here yet.`, {
    hint: 'Restart it with `systemctl restart` over ssh by hand, or deploy the role that sets it up.',
  });
}

function quoted({ taskId, host, stream, lines }: LastWords): string {
  return [`The last lines of ${stream} of ${taskId} on ${host}:`, ...lines].join('\n');
}
