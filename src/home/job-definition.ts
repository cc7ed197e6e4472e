import { DateTime, Duration } from 'luxon';
import { z } from 'zod';
import { problem } from './checked-file.js';
import { RUN_TIME_OF_JOB } from '../model/run-time-fields.js';

const JobName = z.string().refine((name) => /^[\w.-]+$/.test(name), {
  error: '{name} must be of letters, digits, dots, dashes and underscores',
});

const Schedule = z.string().check((context) => {
  const wrong = wrongSchedule(context.value);
  if (wrong !== undefined)
    context.issues.push({
      ...problem(`{name} ${wrong}`, 'Write it like R/2026-12-01T02:00:00Z/PT24H: how often, from when, how far apart.'),
      input: context.value,
    });
});

/** What is wrong with `R[n]/<start>/P<period>`, undefined when nothing is. */
function wrongSchedule(text: string): string | undefined {
  const [repeats = '', start, period, more] = text.split('/');
  if (start === undefined || period === undefined || more !== undefined)
    return 'must be three parts with slashes between';
  if (!/^R\d*$/.test(repeats)) return `must begin with R or R and a number, not ${repeats.slice(0, 20)}`;
  if (start !== '' && !DateTime.fromISO(start).isValid) return `has the start ${start.slice(0, 40)}, which is no time`;
  if (!period.startsWith('P') || !Duration.fromISO(period).isValid)
    return `has the period ${period.slice(0, 40)}, which is none`;
  return Duration.fromISO(period).toMillis() > 0 ? undefined : 'has a period of no length';
}

const Constraint = z.array(z.string()).refine(
  ([field, operator, value, more]) => {
    return (
      Boolean(field) &&
      /^(EQUALS|LIKE|UNLIKE|GREATERTHAN|LESSTHAN)$/i.test(operator ?? '') &&
      Boolean(value) &&
      more === undefined
    );
  },
  { error: '{name} must be a field, EQUALS, LIKE or UNLIKE, and a value' },
);

const amount = z.number().min(0);
const text = z.string().nullish();

/** One job of `conf/chronos`, with the fields of Chronos 2.5 and 3.0. */
export const JobDefinitionFile = z
  .strictObject({
    name: JobName,
    command: text,
    shell: z.boolean().optional(),
    arguments: z.array(z.string()).optional(),
    schedule: Schedule.nullish(),
    scheduleTimeZone: z
      .string()
      .refine((zone) => zone === '' || DateTime.local({ zone }).isValid, {
        error: '{name} must be a time zone such as Europe/Berlin',
      })
      .nullish(),
    parents: z.array(JobName).min(1).nullish(),
    epsilon: z
      .string()
      .refine((period) => Duration.fromISO(period).isValid, { error: '{name} must be a period such as PT30M' })
      .nullish(),
    async: z.boolean().optional(),
    concurrent: z.boolean().optional(),
    retries: z.int().min(0).optional(),
    owner: text,
    ownerName: text,
    description: text,
    cpus: amount.optional(),
    disk: amount.optional(),
    mem: amount.optional(),
    disabled: z.boolean().optional(),
    softError: z.boolean().optional(),
    dataProcessingJobType: z.boolean().optional(),
    highPriority: z.boolean().optional(),
    runAsUser: text,
    uris: z.array(z.string()).nullish(),
    fetch: z
      .array(
        z.strictObject({
          uri: z.string().min(1),
          executable: z.boolean().optional(),
          cache: z.boolean().optional(),
          extract: z.boolean().optional(),
          output_file: text,
        }),
      )
      .nullish(),
    environmentVariables: z.array(z.strictObject({ name: z.string().min(1), value: z.string() })).optional(),
    constraints: z.array(Constraint).optional(),
    container: z.looseObject({ type: z.string().optional(), image: z.string().optional() }).nullish(),
    executor: text,
    executorFlags: text,
    taskInfoData: text,
    ...Object.fromEntries(RUN_TIME_OF_JOB.map((name) => [name, z.unknown().optional()])),
  })
  .check(({ value, issues }) => {
    const {
      schedule,
      parents,
      uris,
      fetch,
      command,
      arguments: words,
    } = value as {
      schedule?: unknown;
      parents?: readonly string[] | null;
      uris?: readonly string[] | null;
      fetch?: readonly unknown[] | null;
      command?: string | null;
      arguments?: readonly string[];
      name: string;
    };
    const note = (path: string, message: string, hint: string) =>
      issues.push({ ...problem(message, hint), path: [path], input: undefined });
    if (schedule != null && parents)
      note('parents', '{name} cannot stand beside schedule', 'A job runs either at times or after others.');
    if (schedule == null && !parents)
      note('name', 'The job has neither a schedule nor parents', 'Give it one of the two.');
    if (uris?.length && fetch?.length)
      note('uris', '{name} cannot stand beside fetch: Chronos refuses both', 'Keep fetch.');
    if (!command && !words?.length && value['container'] == null)
      note('name', 'The job says nothing that could be run', 'Give it a command.');
    if (parents?.includes(value['name'])) note('parents', '{name} has the job itself', 'A job cannot wait for itself.');
  });
