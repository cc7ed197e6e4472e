import type { Handler, Route } from '../http.js';
import type { HttpReply, HttpRequest } from '../reply.js';
import type { Timers } from '../timing.js';
import { at } from './service.js';

type Stage = {
  stageId: number;
  status: 'ACTIVE' | 'COMPLETE' | 'PENDING' | 'FAILED';
  name: string;
  numFailedTasks: number;
  failureReason?: string;
};
type Application = { id: string; name: string; startMs: number; endMs: number | undefined; stages: Stage[] };

export type Spark = ReturnType<typeof createSpark>;

const API = '/api/v1';

/** The API of a Spark 2.1 driver or history server: applications, and what became of their stages. */
export function createSpark({ timers }: { timers: Timers }) {
  const applications: Application[] = [
    {
      id: 'app-20170904145544-0001',
      name: 'Zeppelin',
      startMs: Date.parse('2017-09-04T14:55:44.791Z'),
      endMs: undefined,
      stages: [{ stageId: 0, status: 'COMPLETE', name: 'count at <console>:26', numFailedTasks: 0 }],
    },
  ];

  const list: Handler = ({ query }) => {
    const status = query.getAll('status').map((one) => one.toUpperCase());
    const wanted = ({ endMs }: Application) =>
      status.length === 0 || status.includes(endMs === undefined ? 'RUNNING' : 'COMPLETED');
    const limit = Number(query.get('limit') ?? Number.MAX_SAFE_INTEGER);
    return {
      json: applications
        .filter(wanted)
        .slice(0, limit)
        .map((one) => applicationJson(one, timers.nowMs())),
    };
  };

  const of =
    (answer: (application: Application, request: HttpRequest) => HttpReply): Handler =>
    (request) => {
      const application = applications.find(({ id }) => id === request.params[0]);
      return application ? answer(application, request) : { status: 404, text: `no such app: ${request.params[0]}` };
    };

  const stages = of(({ stages: all }, { query }) => {
    const status = query.getAll('status').map((one) => one.toUpperCase());
    return { json: all.filter((one) => status.length === 0 || status.includes(one.status)).map(stageJson) };
  });

  const one = `${API}/applications/([^/]+)`;
  const routes: Route[] = [
    at('GET', `${API}/applications`, list),
    at('GET', `${API}/version`, () => ({ json: { spark: '2.1.0' } })),
    at(
      'GET',
      one,
      of((application) => ({ json: applicationJson(application, timers.nowMs()) })),
    ),
    at(
      'GET',
      `${one}/jobs`,
      of(({ stages: all }) => ({ json: all.map(jobJson) })),
    ),
    at('GET', `${one}/stages`, stages),
    at(
      'GET',
      `${one}/(?:all)?executors`,
      of(() => ({ json: EXECUTORS.map(executorJson) })),
    ),
    at(
      'GET',
      `${one}/environment`,
      of(() => ({ json: ENVIRONMENT })),
    ),
    at(
      'GET',
      `${one}/storage/rdd`,
      of(() => ({ json: [] })),
    ),
  ];

  return {
    routes,
    addApplication(name: string, { stages: own = [], endMs }: { stages?: Stage[]; endMs?: number } = {}): string {
      const id = `app-20170904145544-${String(applications.length + 1).padStart(4, '0')}`;
      applications.push({ id, name, startMs: timers.nowMs(), endMs, stages: own });
      return id;
    },
  };
}

const NEVER = '1969-12-31T23:59:59.999GMT';

function gmt(ms: number | undefined): string {
  return ms === undefined ? NEVER : new Date(ms).toISOString().replace('Z', 'GMT');
}

function applicationJson({ id, name, startMs, endMs }: Application, nowMs: number): Record<string, unknown> {
  const attempt = {
    startTime: gmt(startMs),
    endTime: gmt(endMs),
    lastUpdated: gmt(nowMs),
    duration: endMs === undefined ? 0 : endMs - startMs,
    sparkUser: 'stars',
    completed: endMs !== undefined,
  };
  return { id, name, attempts: [attempt] };
}

function jobJson({ stageId, status, name }: Stage): Record<string, unknown> {
  const failed = status === 'FAILED' ? 1 : 0;
  return {
    jobId: stageId,
    name,
    submissionTime: '2017-09-04T14:55:50.301GMT',
    stageIds: [stageId],
    status: { ACTIVE: 'RUNNING', COMPLETE: 'SUCCEEDED', PENDING: 'UNKNOWN', FAILED: 'FAILED' }[status],
    numTasks: 4,
    numActiveTasks: status === 'ACTIVE' ? 4 : 0,
    numCompletedTasks: status === 'COMPLETE' ? 4 : 0,
    numSkippedTasks: 0,
    numFailedTasks: failed * 4,
    numActiveStages: status === 'ACTIVE' ? 1 : 0,
    numCompletedStages: status === 'COMPLETE' ? 1 : 0,
    numSkippedStages: 0,
    numFailedStages: failed,
  };
}

function stageJson({ stageId, status, name, numFailedTasks, failureReason }: Stage): Record<string, unknown> {
  const common = { status, stageId, attemptId: 0, numActiveTasks: 0, numCompleteTasks: 0, numFailedTasks };
  return {
    ...common,
    executorRunTime: 0,
    name,
    details: '',
    schedulingPool: 'default',
    ...(failureReason && { failureReason }),
  };
}

const EXECUTORS = ['driver', '1', '2'];

function executorJson(id: string): Record<string, unknown> {
  return {
    id,
    hostPort: '127.0.0.1:33870',
    isActive: true,
    rddBlocks: 0,
    memoryUsed: 0,
    diskUsed: 0,
    totalCores: id === 'driver' ? 0 : 2,
    maxTasks: id === 'driver' ? 0 : 2,
    activeTasks: 0,
    failedTasks: 0,
    completedTasks: 4,
    totalTasks: 4,
    totalDuration: 1_200,
    totalGCTime: 31,
    totalInputBytes: 0,
    totalShuffleRead: 0,
    totalShuffleWrite: 0,
    maxMemory: 384_093_388,
    executorLogs: {},
  };
}

// Passwords end up among these.
const ENVIRONMENT = {
  runtime: {
    javaVersion: '1.8.0_144 (Oracle Corporation)',
    javaHome: '/usr/lib/jvm/java-8',
    scalaVersion: 'version 2.11.8',
  },
  sparkProperties: [
    ['spark.app.name', 'Zeppelin'],
    ['spark.ssl.keyPassword', 'not-for-eyes'],
  ],
  systemProperties: [],
  classpathEntries: [],
};
