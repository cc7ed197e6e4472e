import type { Finding } from '../../src/cluster/finding.js';
import { limited } from '../../src/cluster/finding.js';
import { isKind, type Kind, type Services } from '../../src/cluster/services/client.js';
import { describeSession } from '../../src/cluster/services/livy.js';
import { asStarsError } from '../../src/errors.js';
import { counted } from '../../src/model/figures.js';

type Asking = { signal: AbortSignal; timeoutMs: number };

const TIMEOUT_MS = 8_000;

/** How a service of the environment stands, where it answers, and what there is in it. */
export async function serviceLines(services: Services, name: string, signal: AbortSignal): Promise<string[]> {
  const asking = { signal, timeoutMs: TIMEOUT_MS };
  const [found, inside] = await Promise.all([
    services.check(name, asking).catch((error: unknown): Finding => {
      signal.throwIfAborted();
      return { state: 'down', reason: asStarsError(error).message.replace(/\.$/, '') };
    }),
    isKind(name) ? INSIDE[name](services, asking).catch(() => []) : [],
  ]);
  const told = found.state === 'down' ? `does not answer: ${found.reason}` : `says ${found.reason}`;
  return [
    `      • ${services.urlOf(name)} ${told}`,
    ...[...new Set([...(found.details ?? []), ...inside])].map((line) => `      • ${line}`),
  ];
}

const INSIDE: Record<Kind, (services: Services, asking: Asking) => Promise<string[]>> = {
  async zeppelin(services, asking) {
    const { paragraphs } = await services.of('zeppelin').atWork(asking);
    return limited(paragraphs.map(({ notebook, status }) => `a paragraph of “${notebook}” is ${status.toLowerCase()}`));
  },
  async livy(services, asking) {
    return limited((await services.of('livy').sessions(asking)).map(describeSession));
  },
  async blazegraph(services, asking) {
    const blazegraph = services.of('blazegraph');
    const names = (await blazegraph.namespaces(asking)).slice(0, 10);
    return Promise.all(
      names.map(async (name) => {
        const statements = await blazegraph.countStatements(name, asking).catch(() => undefined);
        return `${name}: ${statements === undefined ? 'cannot be counted in time' : counted(statements, 'statement')}`;
      }),
    );
  },
  async spark(services, asking) {
    const spark = services.of('spark');
    const running = (await spark.applications(asking)).filter((one) => one.running);
    const lines = running.slice(0, 10).map(async ({ id, name }) => {
      const executors = await spark.executors(id, asking).catch(() => []);
      return `${name} (${id}): ${counted(executors.filter((one) => one.id !== 'driver').length, 'executor')}`;
    });
    return Promise.all(lines);
  },
  lightning: async () => [],
};
