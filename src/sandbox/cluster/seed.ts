const probe = (path: string) => ({
  protocol: 'HTTP',
  path,
  portIndex: 0,
  gracePeriodSeconds: 300,
  intervalSeconds: 60,
  timeoutSeconds: 20,
  maxConsecutiveFailures: 3,
});

/** The apps of the practice cluster: the stack's services as Marathon runs them. */
export const SEED_APPS: Record<string, unknown>[] = [
  {
    id: '/chronos',
    cmd: 'docker run --net=host mesosphere/chronos:v3.0.0 --zk_hosts zk://stars-dc0:2181,stars-dc1:2181,stars-dc2:2181 --master zk://stars-dc0:2181,stars-dc1:2181,stars-dc2:2181/mesos',
    cpus: 0.5,
    mem: 512,
    healthChecks: [probe('/ping')],
    labels: { tier: 'platform' },
    portDefinitions: [{ port: 10004, protocol: 'tcp', name: 'http', labels: {} }],
  },
  {
    id: '/zeppelin',
    cmd: '/opt/zeppelin/bin/zeppelin.sh',
    cpus: 1,
    mem: 2048,
    healthChecks: [probe('/api/version')],
    labels: { tier: 'science' },
    portDefinitions: [{ port: 10000, protocol: 'tcp', name: '8081', labels: {} }],
  },
  {
    id: '/livy',
    cmd: '/opt/livy/bin/livy-server',
    cpus: 0.5,
    mem: 1024,
    healthChecks: [probe('/version')],
    labels: { tier: 'science' },
    portDefinitions: [{ port: 10001, protocol: 'tcp', name: '8998', labels: {} }],
  },
  {
    id: '/blazegraph',
    cmd: 'MIN_MEM=5 MAX_MEM=5 /opt/blazegraph/bin/blazegraph.sh',
    cpus: 1,
    mem: 4096,
    healthChecks: [probe('/blazegraph/status')],
    labels: { tier: 'data' },
    portDefinitions: [{ port: 10002, protocol: 'tcp', name: '8899', labels: {} }],
  },
  {
    id: '/lightning',
    cmd: '/opt/lightning/bin/lightning-server',
    cpus: 0.25,
    mem: 256,
    healthChecks: [probe('/status')],
    labels: { tier: 'science' },
    portDefinitions: [{ port: 10003, protocol: 'tcp', name: '3000', labels: {} }],
  },
];

const DAY_MS = 24 * 3_600_000;

/** Jobs of the practice cluster as they stand at that moment: a parent and its child, one by itself, one switched off. */
export function seedJobs(now: Date): Record<string, unknown>[] {
  /** The last time before that it was so late. */
  const last = (time: string) => {
    const today = Date.parse(`${now.toISOString().slice(0, 10)}T${time}Z`);
    return new Date(today < now.getTime() ? today : today - DAY_MS);
  };
  const next = (time: string, days = 1) => new Date(last(time).getTime() + days * DAY_MS).toISOString();
  return [
    {
      name: 'fetch-catalog',
      command: '/opt/stars/bin/fetch-catalog; sleep 5',
      schedule: `R/${next('02:00:00.000')}/PT24H`,
      owner: 'data@example.org',
      description: 'Fetches the catalog of sources',
      successCount: 41,
      lastSuccess: last('02:00:07.110').toISOString(),
    },
    {
      name: 'reindex',
      command: '/opt/stars/bin/reindex; sleep 10',
      parents: ['fetch-catalog'],
      mem: 512,
      successCount: 41,
      lastSuccess: last('02:00:19.521').toISOString(),
    },
    {
      name: 'compact-journal',
      command: '/opt/blazegraph/bin/compact',
      schedule: `R/${next('04:00:00.000', 3)}/P1W`,
      scheduleTimeZone: 'UTC',
    },
    {
      name: 'old-report',
      command: '/opt/stars/bin/report',
      schedule: `R/${next('06:00:00.000')}/PT24H`,
      disabled: true,
      errorCount: 3,
      lastError: new Date(last('06:01:00.000').getTime() - 30 * DAY_MS).toISOString(),
    },
  ];
}
