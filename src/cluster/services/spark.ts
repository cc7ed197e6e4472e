import { z } from 'zod';
import { type Finding, limited } from '../finding.js';
import type { Http } from '../http.js';
import { amount, listOf, maybe } from '../nullish.js';
import { type Asking, whenMissing } from './asking.js';
import { counted } from '../../model/figures.js';

export type Spark = ReturnType<typeof createSpark>;

export type SparkApplication = { id: string; name: string; running: boolean };
export type SparkExecutor = { id: string; host: string | undefined; activeTasks: number; failedTasks: number };
export type SparkStage = { id: number; name: string; reason: string | undefined };

const Applications = z.array(
  z.object({ id: z.string(), name: maybe(z.string()), attempts: listOf(z.object({ completed: maybe(z.boolean()) })) }),
);
const Executors = z.array(
  z.object({ id: z.string(), hostPort: maybe(z.string()), activeTasks: amount, failedTasks: amount }),
);
const Stages = z.array(
  z.object({
    stageId: z.number(),
    status: maybe(z.string()),
    name: maybe(z.string()),
    failureReason: maybe(z.string()),
  }),
);
const StandaloneMaster = z.object({ status: z.string(), aliveworkers: amount });

const MOST_LOOKED_AT = 20;

/** The UI of a driver, the history server, or a standalone master. */
export function createSpark({ http }: { http: Http }) {
  async function applications(options?: Asking): Promise<SparkApplication[]> {
    const all = await http.get('/api/v1/applications', Applications, options);
    return all.map(({ id, name, attempts }) => ({
      id,
      name: name ?? id,
      running: attempts.some(({ completed }) => completed === false),
    }));
  }

  async function executors(id: string, options?: Asking): Promise<SparkExecutor[]> {
    const all = await http.get(`/api/v1/applications/${encodeURIComponent(id)}/executors`, Executors, options);
    return all.map(({ hostPort, ...executor }) => ({ ...executor, host: hostPort?.replace(/:\d+$/, '') }));
  }

  async function failedStages(id: string, options?: Asking): Promise<SparkStage[]> {
    const path = `/api/v1/applications/${encodeURIComponent(id)}/stages`;
    const stages = await http.get(path, Stages, { ...options, query: { status: 'failed' } });
    return stages
      .filter(({ status }) => status === undefined || status === 'FAILED')
      .map(({ stageId, name, failureReason }) => ({
        id: stageId,
        name: name ?? `stage ${stageId}`,
        reason: failureReason?.split('\n')[0],
      }));
  }

  async function check(options?: Asking): Promise<Finding> {
    return ofApplications(options).catch((error: unknown) => whenMissing(error, () => ofMaster(options)));
  }

  async function ofApplications(options?: Asking): Promise<Finding> {
    const all = await applications(options);
    const running = all.filter((one) => one.running);
    const failed = await failuresIn(running.slice(0, MOST_LOOKED_AT), options);
    const figures = { applications: all.length, applicationsRunning: running.length };
    const reason = `${running.length} of ${counted(all.length, 'application')} running`;
    if (failed.length === 0) return { state: 'up', reason, figures };
    return {
      state: 'degraded',
      reason: `${reason}, ${failed.length} with failed stages`,
      details: limited(failed),
      figures,
    };
  }

  /** A line for each application with failed stages. */
  async function failuresIn(running: readonly SparkApplication[], options?: Asking): Promise<string[]> {
    const lines = await Promise.all(
      running.map(async ({ id, name }) => {
        // The driver's UI vanishes with the driver.
        const stages = await failedStages(id, options).catch(() => []);
        const [first] = stages;
        return first && `${name}: ${counted(stages.length, 'failed stage')}, ${first.reason ?? first.name}`;
      }),
    );
    return lines.filter((line) => line !== undefined);
  }

  async function ofMaster(options?: Asking): Promise<Finding> {
    const { status, aliveworkers: workers } = await http.get('/json/', StandaloneMaster, options);
    const state = status === 'ALIVE' ? (workers > 0 ? 'up' : 'degraded') : status === 'STANDBY' ? 'up' : 'degraded';
    return { state, reason: `master ${status.toLowerCase()}, ${counted(workers, 'worker')}` };
  }

  return { applications, executors, failedStages, check };
}
