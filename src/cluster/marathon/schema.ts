import { z } from 'zod';
import { amount, listOf, maybe, texts } from '../nullish.js';

const HealthResult = z.object({
  alive: z.boolean(),
  firstSuccess: maybe(z.string()),
  lastFailureCause: maybe(z.string()),
});

const MarathonTask = z
  .object({
    id: z.string(),
    appId: z.string(),
    state: maybe(z.string()),
    host: maybe(z.string()),
    slaveId: maybe(z.string()),
    version: maybe(z.string()),
    stagedAt: maybe(z.string()),
    startedAt: maybe(z.string()),
    ports: listOf(z.number()),
    healthCheckResults: listOf(HealthResult),
  })
  .transform(({ slaveId, ...task }) => ({ ...task, agentId: slaveId }));

const TaskFailure = z
  .object({
    taskId: z.string(),
    state: maybe(z.string()),
    message: maybe(z.string()),
    host: maybe(z.string()),
    slaveId: maybe(z.string()),
    timestamp: z.string(),
    version: maybe(z.string()),
  })
  .transform(({ slaveId, ...failure }) => ({ ...failure, agentId: slaveId }));

const fraction = z
  .number()
  .nullish()
  .transform((value) => value ?? 1);

const PortMapping = z.object({ containerPort: maybe(z.number()), hostPort: maybe(z.number()) });

const Container = z.object({
  docker: maybe(z.object({ network: maybe(z.string()), portMappings: listOf(PortMapping) })),
  /** From 1.5 on here. */
  portMappings: listOf(PortMapping),
});

export const App = z.object({
  id: z.string(),
  cmd: maybe(z.string()),
  instances: amount,
  cpus: amount,
  mem: amount,
  disk: amount,
  gpus: amount,
  healthChecks: listOf(z.unknown()),
  readinessChecks: listOf(z.unknown()),
  constraints: listOf(z.array(z.string())),
  upgradeStrategy: maybe(z.object({ minimumHealthCapacity: fraction, maximumOverCapacity: fraction })),
  requirePorts: maybe(z.boolean()),
  ports: listOf(z.number()),
  portDefinitions: listOf(z.object({ port: amount })),
  container: maybe(Container),
  networks: listOf(z.object({ mode: maybe(z.string()) })),
  acceptedResourceRoles: listOf(z.string()),
  /** From 1.9 on. */
  role: maybe(z.string()),
  residency: maybe(z.unknown()),
  labels: texts,
  version: maybe(z.string()),
  versionInfo: maybe(z.object({ lastConfigChangeAt: maybe(z.string()), lastScalingAt: maybe(z.string()) })),
  tasksStaged: amount,
  tasksRunning: amount,
  tasksHealthy: amount,
  tasksUnhealthy: amount,
  deployments: listOf(z.object({ id: z.string() })),
  tasks: listOf(MarathonTask),
  lastTaskFailure: maybe(TaskFailure),
});

export const AppList = z.object({ apps: z.array(App) }).transform(({ apps }) => apps);
/** With every field that Marathon has. */
export const AppDefinition = z.looseObject({ id: z.string() });
export const AppDefinitions = z.object({ apps: z.array(AppDefinition) }).transform(({ apps }) => apps);
export const OneAppDefinition = z.object({ app: AppDefinition }).transform(({ app }) => app);
export const OneApp = z.object({ app: App }).transform(({ app }) => app);

/** What a change of an app is answered with: the deployment that was accepted, not yet done. */
export const Accepted = z.object({ deploymentId: z.string(), version: z.string() });

/** A new app is answered with all of it. */
export const Created = z
  .object({ version: z.string(), deployments: listOf(z.object({ id: z.string() })) })
  .transform(({ version, deployments }) => ({ version, deploymentId: deployments[0]?.id ?? '' }));

const Action = z.object({ action: z.string(), app: maybe(z.string()), pod: maybe(z.string()) });
const Readiness = z.object({
  name: maybe(z.string()),
  taskId: z.string(),
  ready: z.boolean(),
  lastResponse: maybe(z.object({ status: z.number() })),
});

export const Deployments = z.array(
  z.object({
    id: z.string(),
    version: maybe(z.string()),
    affectedApps: listOf(z.string()),
    affectedPods: listOf(z.string()),
    currentActions: listOf(Action.extend({ readinessCheckResults: listOf(Readiness) })),
    currentStep: amount,
    totalSteps: amount,
  }),
);

const Rejection = z.object({ reason: z.string(), declined: amount, processed: amount });

export const Queue = z
  .object({
    queue: z.array(
      z
        .object({
          app: maybe(z.object({ id: z.string(), cpus: amount, mem: amount, disk: amount, gpus: amount })),
          pod: maybe(z.object({ id: z.string() })),
          count: amount,
          delay: maybe(z.object({ timeLeftSeconds: amount, overdue: maybe(z.boolean()) })),
          processedOffersSummary: maybe(
            z.object({
              processedOffersCount: amount,
              rejectSummaryLastOffers: listOf(Rejection),
              rejectSummaryLaunchAttempt: listOf(Rejection),
            }),
          ),
        })
        .transform(({ app, pod, ...item }) => ({ ...item, app, id: app?.id ?? pod?.id ?? '' })),
    ),
  })
  .transform(({ queue }) => queue);

export const Tasks = z.object({ tasks: z.array(MarathonTask) }).transform(({ tasks }) => tasks);

export const Info = z
  .object({
    version: z.string(),
    elected: maybe(z.boolean()),
    leader: maybe(z.string()),
    frameworkId: maybe(z.string()),
    marathon_config: maybe(z.object({ mesos_role: maybe(z.string()) })),
  })
  .transform(({ marathon_config: config, ...info }) => ({ ...info, role: config?.mesos_role }));

export const Leader = z.object({ leader: z.string() }).transform(({ leader }) => leader);

export const Versions = z
  .object({ versions: z.array(z.string()) })
  .transform(({ versions }) => versions.toSorted().toReversed());

type GroupShape = { id: string; apps: { id: string }[]; groups: GroupShape[] };

/** Ids of tasks that were told to die. */
export const KilledTasks = z
  .object({ tasks: listOf(z.object({ id: z.string() })) })
  .transform(({ tasks }) => tasks.map(({ id }) => id));

/** A tree of groups; apps stand in the group they belong to. */
export const AppGroup: z.ZodType<GroupShape> = z.lazy(() =>
  z.object({ id: z.string(), apps: listOf(z.object({ id: z.string() })), groups: listOf(AppGroup) }),
);

/** A group with every field that Marathon has. */
export const GroupDefinition = z.looseObject({ id: z.string() });

export const DryRun = z
  .object({ steps: listOf(z.object({ actions: listOf(Action) })) })
  .transform(({ steps }) => steps.map(({ actions }) => actions));

export const Pods = z.array(z.object({ id: z.string() }));
export const PodDefinition = z.looseObject({ id: z.string() });
export const PodDefinitions = z.array(PodDefinition);

export const PodStatus = z.object({
  id: z.string(),
  status: maybe(z.string()),
  instances: listOf(z.object({ id: z.string(), status: maybe(z.string()), agentHostname: maybe(z.string()) })),
});

export type App = z.infer<typeof App>;
export type AppGroup = GroupShape;
export type Accepted = z.infer<typeof Accepted>;
export type Deployment = z.infer<typeof Deployments>[number];
export type QueueItem = z.infer<typeof Queue>[number];
export type MarathonTask = z.infer<typeof MarathonTask>;
export type TaskFailure = z.infer<typeof TaskFailure>;
