import fc from 'fast-check';
import type { Definition } from '../../src/cluster/normalise.js';

/** Apps and jobs that Marathon 1.4 and Chronos 3 take, with what people write into them. */
export type SomeCluster = { apps: Definition[]; jobs: Definition[] };

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const check = fc.record(
  {
    protocol: fc.constant('HTTP'),
    path: fc.constantFrom('/', '/ping'),
    portIndex: fc.constant(0),
    maxConsecutiveFailures: fc.nat(5),
  },
  { requiredKeys: ['protocol', 'path', 'portIndex'] },
);

const fetched = fc.record({ uri: fc.webUrl(), extract: fc.boolean(), executable: fc.boolean(), cache: fc.boolean() });

/** Constant for what would otherwise hold up its start in the practice cluster. */
const appFields = fc.record({
  cmd: text.map((words) => `echo ${words}`),
  instances: fc.nat(2),
  cpus: fc.constantFrom(0.1, 0.25, 0.5),
  mem: fc.integer({ min: 16, max: 128 }),
  disk: some(fc.nat(10)),
  user: some(word),
  env: some(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), text, { maxKeys: 3 })),
  labels: some(fc.dictionary(word, text, { maxKeys: 3 })),
  fetch: some(fc.array(fetched, { maxLength: 2 })),
  healthChecks: some(fc.array(check, { maxLength: 1 })),
  constraints: some(fc.constantFrom([], [['hostname', 'LIKE', 'worker.*']])),
  backoffFactor: some(fc.constantFrom(1, 1.15, 2)),
  upgradeStrategy: some(fc.constant({ minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 })),
  killSelection: some(fc.constantFrom('YOUNGEST_FIRST', 'OLDEST_FIRST')),
  taskKillGracePeriodSeconds: some(fc.integer({ min: 1, max: 60 })),
});

/** Ids of which none is a group of another. */
const ids = fc.uniqueArray(
  fc.tuple(fc.constantFrom('data', 'web', 'ops'), word).map(([group, name]) => `/${group}/${name}`),
  { minLength: 1, maxLength: 6 },
);

const apps = ids.chain((all) =>
  fc
    .tuple(
      ...all.map((id, index) =>
        fc.tuple(fc.constant(id), appFields, fc.subarray(all.slice(0, index), { maxLength: Math.min(2, index) })),
      ),
    )
    .map((list) => list.map(([id, fields, dependencies]) => defined({ id, ...fields, dependencies }))),
);

const schedule = fc
  .tuple(
    fc.option(fc.integer({ min: 1, max: 9 }), { nil: '' }),
    fc.integer({ min: 0, max: 20_000_000 }),
    fc.constantFrom('PT1H', 'P1D', 'P1W', 'P1M'),
  )
  .map(
    ([repeats, minutes, period]) =>
      `R${repeats}/${new Date(Date.parse('2000-01-01T00:00:00Z') + minutes * 60_000).toISOString()}/${period}`,
  );

const jobFields = fc.record({
  command: text.map((words) => `echo ${words}`),
  shell: fc.boolean(),
  arguments: some(fc.array(text, { maxLength: 2 })),
  cpus: fc.constantFrom(0.1, 0.5),
  retries: fc.nat(5),
  owner: some(text),
  description: some(text),
  disabled: fc.boolean(),
  softError: some(fc.boolean()),
  concurrent: some(fc.boolean()),
  highPriority: some(fc.boolean()),
  uris: some(fc.array(fc.webUrl(), { minLength: 1, maxLength: 2 })),
  environmentVariables: some(fc.array(fc.record({ name: word, value: text }), { maxLength: 2 })),
  scheduleTimeZone: some(fc.constantFrom('', 'UTC', 'Europe/Berlin', 'America/New_York')),
  successCount: some(fc.nat(99)),
  lastError: some(fc.constantFrom('', '2017-09-04T14:00:22.726Z')),
});

const names = fc.uniqueArray(fc.stringMatching(/^\w[\w.-]{0,11}$/), { minLength: 1, maxLength: 6 });

const jobs = names.chain((all) =>
  fc
    .tuple(
      ...all.map((name, index) =>
        fc.tuple(
          fc.constant(name),
          jobFields,
          schedule,
          fc.subarray(all.slice(0, index), { maxLength: Math.min(2, index) }),
        ),
      ),
    )
    .map((list) =>
      list.map(([name, fields, when, parents]) =>
        defined({
          name,
          ...fields,
          ...(parents.length > 0 ? { parents, scheduleTimeZone: undefined } : { schedule: when }),
        }),
      ),
    ),
);

export const someCluster: fc.Arbitrary<SomeCluster> = fc.record({ apps, jobs });

function defined(fields: Definition): Definition {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
