/** What Marathon says of an app and nobody writes; a definition that was copied from an answer or a backup has it. */
export const RUN_TIME_OF_APP = [
  'version',
  'versionInfo',
  'tasks',
  'tasksStaged',
  'tasksRunning',
  'tasksHealthy',
  'tasksUnhealthy',
  'deployments',
  'lastTaskFailure',
  'readinessCheckResults',
  'taskStats',
] as const;

/** The same of a job of Chronos. */
export const RUN_TIME_OF_JOB = [
  'successCount',
  'errorCount',
  'errorsSinceLastSuccess',
  'lastSuccess',
  'lastError',
] as const;
