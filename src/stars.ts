import { hostname } from 'node:os';
import { join } from 'node:path';
import { commands } from '../commands/index.js';
import { type Bot, createBot } from './bot/bot.js';
import { startTimers } from './bot/timers.js';
import { createCommandWork } from './bot/command-work.js';
import { createControl } from './bot/control.js';
import { createGates } from './bot/gates.js';
import { everyMinute } from './bot/schedule-tick.js';
import { createSchedules } from './bot/schedules.js';
import { hostReadings, provisionOf } from './bot/provision-of.js';
import { createRecordedRequests } from './bot/recorded-request.js';
import { createIncidentPresenter } from './bot/incident-presenter.js';
import { startWatcher } from './bot/watcher.js';
import { backupAge } from './backup/backup-age.js';
import { createBackupFolder } from './backup/folder.js';
import type { Threads } from './slack/thread.js';
import { createParts } from './bot/parts.js';
import { createRecordedWork } from './bot/recorded-work.js';
import { createConfigurationWatch } from './bot/configuration-watch.js';
import { type PostToChannel, startDailyHead } from './bot/daily-head.js';
import { namesWithRights } from './bot/permitted-commands.js';
import { createRights, type Rights } from './bot/rights.js';
import type { StartPractice } from './backup/drill.js';
import type { Clock } from './clock.js';
import { createCluster } from './cluster/cluster.js';
import type { Connect } from './connection/connection.js';
import { StarsError } from './errors.js';
import type { Environment, Home } from './home/home.js';
import type { Log } from './log.js';
import { processIdentity } from './runs/process-identity.js';
import { startRetention } from './runs/retention-job.js';
import { createRuns, type Runs } from './runs/runs.js';
import { openDirectory } from './slack/open-directory.js';
import { createUnrecorded } from './runs/unrecorded.js';
import type { Redactor } from './secret.js';
import { type ClaimStore, createClaimStore } from './store/claims.js';
import { createInboxStore, type InboxStore } from './store/inbox.js';
import { storeIdentity } from './store/identity.js';
import { createProcessStore } from './store/processes.js';
import { type Audit, createAudit } from './store/audit.js';
import { type Database, openDatabase } from './store/database.js';
import { createConfigurationStore } from './store/configuration.js';
import { createDailyJobs } from './store/daily-jobs.js';
import { createRetention } from './store/retention.js';
import { createIncidentStore } from './store/incidents.js';
import { createSampleStore } from './store/samples.js';
import { createScheduleStore } from './store/schedules.js';
import { createTimerStore } from './store/timers.js';
import { createFileStore, type FileStore } from './store/files.js';
import { createRunStore, type RunStore } from './store/runs.js';
import { createThreadStore, type ThreadStore } from './store/threads.js';

export type Adapters = {
  home: Home;
  clock: Clock;
  log: Log;
  connect: Connect;
  env: Readonly<Record<string, string | undefined>>;
  /** The environment that stands for one marked `sandbox: true`; starts the practice cluster when it does not run. */
  sandboxEnvironment?: ((environment: Environment) => Promise<Environment>) | undefined;
  /** Starts an empty cluster to try things on. */
  startPractice?: StartPractice | undefined;
};

export type Stars = {
  bot: Bot;
  rights: Rights;
  runs: Runs;
  store: RunStore;
  /** Where the messages of runs stand in the chat. */
  places: ThreadStore;
  files: FileStore;
  inbox: InboxStore;
  claims: ClaimStore;
  redactor: Redactor;
  /** The name of this process in the store. */
  owner: string;
  audit: Audit;
  database: Database;
  /** What a service does besides: makes the key of plans, says in the audit that it is there, looks for changes of the configuration and forgets old runs, until the returned function is called. */
  startUpkeep(): () => Promise<void>;
  /** Posts the head of the audit once a day, until the returned function is called. */
  startDailyHead(post: PostToChannel): () => Promise<void>;
  /** Does what is due, until the returned function is called. */
  startTimers(post?: PostToChannel): () => Promise<void>;
  /** Does what the environments do by themselves, until the returned function is called. */
  startSchedules(post?: PostToChannel): () => Promise<void>;
  /** When that was last looked at, as far as it is started. */
  schedulesLookedAt(): Date | undefined;
  /** Looks at the environments and tells what is wrong, until the returned function is called. */
  startWatcher(threads?: Pick<Threads, 'notice'>): () => Promise<void>;
  close(): Promise<void>;
};

/** The whole service from its adapters: every dependency is made here, once, and handed down. */
export async function createStars(adapters: Adapters): Promise<Stars> {
  const { home, clock, log } = adapters;
  const database = await openDatabase({ databaseUrl: home.settings.databaseUrl, dataFolder: home.dataFolder });
  const audit = createAudit(database, { clock, redactor: home.redactor });
  const store = createRunStore(database, audit);
  const { redactor } = home;
  const owner = processIdentity();
  const says = `pid ${process.pid} on ${hostname()}`;
  const claims = createClaimStore(database, audit);
  const processes = createProcessStore(database);
  const identity = await storeIdentity(database);
  const filesFolder = join(home.dataFolder, 'files');
  const rights = createRights({
    home,
    directory: openDirectory(home.settings.slack, { clock, log }),
    commands: namesWithRights(commands),
  });
  const configuration = createConfigurationWatch({
    home,
    store: createConfigurationStore(database, audit),
    clock,
    log,
  });
  const common = {
    commands,
    home,
    store,
    rights,
    audit,
    configuration,
    clock,
    log,
    timers: createTimerStore(database),
    files: createFileStore(database),
    schedules: createScheduleStore(database),
    incidents: createIncidentStore(database),
    samples: createSampleStore(database),
    gates: createGates({ claims, clock }),
    environmentOf: (name: string) => environmentOf(adapters, name),
    clusterOf: async (environment: Environment) =>
      createCluster(await environment.endpoints(), { environment: environment.name, clock, log }),
  };
  const requests = createRecordedRequests(common);
  // A command can cancel runs, and runs run commands.
  const controlOf = createControl({ ...common, requests, claims, runs: () => runs });
  const work = createCommandWork({
    ...common,
    controlOf,
    provisionOf: (environment, run, person) =>
      provisionOf(adapters, environment, {
        run,
        // Fences are counted for each environment.
        claim: { fence: run.fence, store: `${identity}/${environment.name}`, person: person.name },
      }),
    inParts: createParts({ store, processes, owner, look: () => runs.look(), clock }),
    startPractice: adapters.startPractice ?? noPractice,
    dataFolder: join(home.dataFolder, 'backups'),
    filesFolder,
  });
  const runs: Runs = createRuns({
    store,
    claims,
    processes,
    clock,
    redactor,
    log,
    owner,
    says,
    work: createRecordedWork({ ...common, requests, work }),
  });
  const bot = createBot({ ...common, runs, work, controlOf, unrecorded: createUnrecorded({ clock, redactor, log }) });

  async function close(): Promise<void> {
    runs.stop();
    await runs.leave().catch((error: unknown) => log.warn({ error }, 'others do not know that this process has ended'));
    await database.destroy();
  }

  const inbox = createInboxStore(database);
  const dailyJobs = createDailyJobs(database);

  function startUpkeep(): () => Promise<void> {
    const retention = createRetention(database);
    const started = told('started');
    makePlanKey(adapters);
    const stops = [
      configuration.start(),
      startRetention({ retention, dailyJobs, audit, keep: home.config.retention, filesFolder, clock, log }),
    ];
    return async () => {
      await Promise.all([started, ...stops.map((stop) => stop())]);
      await told('stopped');
    };
  }

  let lookedAt: Date | undefined;

  function startSchedules(post?: PostToChannel): () => Promise<void> {
    const { isAlive } = runs;
    const { look } = createSchedules({ ...common, inbox, bot, owner, isAlive, post });
    lookedAt = clock.now();
    const stop = everyMinute(
      async () => {
        await look();
        lookedAt = clock.now();
      },
      (error) => log.warn({ error }, 'the schedules could not be looked at'),
    );
    return async () => {
      await stop();
      lookedAt = undefined;
    };
  }

  function watch(threads?: Pick<Threads, 'notice'>): () => Promise<void> {
    const presenter = threads && createIncidentPresenter({ ...common, threads });
    const ageOf = (folder: string, now: Date) => backupAge(createBackupFolder(folder), now);
    const hostsOf = (environment: Environment, asking: { timeoutMs: number; signal: AbortSignal }) =>
      hostReadings(adapters, environment, asking);
    return startWatcher({ ...common, backupAge: ageOf, hostsOf, claims, owner, presenter });
  }

  async function channelOf(environment: string | undefined): Promise<string | undefined> {
    // One that cannot be read is told to whoever uses it.
    const own = environment === undefined ? undefined : await home.environment(environment).catch(() => undefined);
    return own?.config.slack?.channel ?? home.config.slack.channel;
  }

  function told(outcome: string): Promise<void> {
    return audit
      .record({ kind: 'service', outcome, details: { process: says } })
      .catch((error: unknown) => log.warn({ error, outcome }, 'an entry of the audit is lost'));
  }

  return {
    bot,
    rights,
    runs,
    store,
    places: createThreadStore(database),
    files: common.files,
    inbox,
    claims,
    redactor,
    owner,
    audit,
    database,
    startUpkeep,
    startSchedules,
    schedulesLookedAt: () => lookedAt,
    startWatcher: watch,
    startTimers: (post) => startTimers({ ...common, inbox, bot, owner, channelOf, post }),
    startDailyHead: (post) => startDailyHead({ audit, dailyJobs, home, post, clock, log }),
    close,
  };
}

/** Whoever sets up the next process looks for it, before anything was planned. */
function makePlanKey({ home, log }: Adapters): void {
  try {
    home.planKey();
  } catch (error) {
    log.warn({ error }, 'nothing can be planned');
  }
}

function noPractice(): Promise<never> {
  throw new StarsError('UNSUPPORTED', 'There is no practice cluster here.', {
    hint: 'Ask from “npx stars” or the service.',
  });
}

async function environmentOf({ home, sandboxEnvironment }: Adapters, name: string): Promise<Environment> {
  const environment = await home.environment(name);
  if (!environment.config.sandbox) return environment;
  if (sandboxEnvironment) return sandboxEnvironment(environment);
  throw new StarsError('CONFIG', `The environment ${name} is the sandbox, which does not run here.`, {
    hint: 'Start it with “npx stars sandbox”.',
  });
}
