import { z } from 'zod';
import { Access, People } from './access.js';
import { Backups } from './backups.js';
import { problem } from './checked-file.js';
import { DEFAULT_SCHEDULES } from './default-schedules.js';
import { isTimeZone, isValidCron } from './schedule-time.js';
import { SecretReference } from './secret-reference.js';

const WebAddress = z.url({ protocol: /^https?$/ });
const Addresses = z.union([WebAddress.transform((url) => [url]), z.array(WebAddress).min(1)]);
const Endpoint = z.strictObject({
  url: Addresses,
  username: z.string().min(1).optional(),
  password: SecretReference.optional(),
});
const HostAndPort = z
  .string()
  .refine((text) => /^(?:[^\s:[\]]+|\[[\da-fA-F:.]+\]):\d{1,5}$/.test(text), { error: '{name} must be host:port' });

const ZooKeeper = z
  .strictObject({
    hosts: z.array(HostAndPort).min(1),
    /** The AdminServers of these hosts, for servers (from 3.5 on) that answer few of the four-letter words. */
    admin: z.array(WebAddress).optional(),
  })
  .refine(({ hosts, admin }) => admin === undefined || admin.length === hosts.length, {
    error: 'zookeeper.admin must have one address for each of the hosts, in their order',
  });

const Approvals = z.strictObject({
  /** Commands that wait for an approval. */
  commands: z.array(z.string().min(1)).min(1),
  approvers: People.min(1),
  /** So many of them, other than who asked. */
  count: z.int().min(1).max(20).default(1),
  expiresMinutes: z.int().min(1).max(10_080).default(60),
});

const TimeZone = z
  .string()
  .refine((name) => isTimeZone(name), { error: '{name} must be a time zone such as Europe/London' });

/** One of the default ones may leave out what it does and when. */
function cronMistake(text: string): string {
  if (text.trim().split(/\s+/).length !== 5) return '{name} must be five fields such as "0 7 * * 1-5"';
  return '{name} must come at some time: minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7, and the day one that the month has';
}

const Schedule = z
  .strictObject({
    name: z.string().refine((text) => /^[\w.-]{1,60}$/.test(text), { error: '{name} must be one word' }),
    enabled: z.boolean().default(true),
    /** Words as a person would type them: `backup`, `report`; they are about this environment. */
    command: z.string().min(1).optional(),
    cron: z
      .string()
      .refine((text) => isValidCron(text), { error: ({ input }) => cronMistake(String(input)) })
      .optional(),
    timeZone: TimeZone.optional(),
    channel: z.string().min(1).optional(),
    /** Whom it stands for in `access`, as `schedule:<as>`; its name when not said. */
    as: z
      .string()
      .refine((text) => /^[\w.-]{1,60}$/.test(text), {
        error: '{name} must be one word: nightly counts as schedule:nightly in access',
      })
      .optional(),
    /** What happens with a time at which no Stars was there. */
    missed: z.enum(['run', 'report', 'skip']).default('run'),
    /** What is older is not run any more, but reported. */
    missedWithinHours: z.int().min(1).max(168).default(12),
  })
  .check(({ value, issues }) => {
    if (DEFAULT_SCHEDULES.has(value.name)) return;
    for (const key of ['command', 'cron'] as const)
      if (value[key] === undefined) issues.push({ ...problem('{name} is missing'), path: [key], input: undefined });
  });

const Schedules = z.array(Schedule).check(({ value, issues }) => {
  value.forEach(({ name }, index) => {
    if (value.findIndex((other) => other.name === name) < index)
      issues.push({
        ...problem('{name} must be another name than that of an earlier schedule'),
        path: [index, 'name'],
        input: name,
      });
  });
});

const TimeOfDay = z
  .string()
  .refine((text) => /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text), { error: '{name} must be a time such as "22:00"' });

const Alerts = z.strictObject({
  enabled: z.boolean().optional(),
  channel: z.string().min(1).optional(),
  /** So long something has to be wrong before anybody hears of it, and to be well before it counts as over. */
  afterMinutes: z.int().min(0).max(1_440).default(2),
  clearMinutes: z.int().min(0).max(1_440).default(5),
  /** When only what is down is told at once, or nothing at all. */
  quiet: z
    .strictObject({
      from: TimeOfDay,
      until: TimeOfDay,
      timeZone: TimeZone.optional(),
      silences: z.enum(['degraded', 'all']).default('degraded'),
    })
    .optional(),
  /** Who is called when something is still wrong so long after it was told. */
  escalate: z
    .strictObject({
      afterMinutes: z.int().min(1).max(1_440).default(30),
      mention: z.string().refine((id) => /^[UWS][A-Z\d]{2,}$/.test(id), {
        error: '{name} must be the id of a Slack user (U…) or user group (S…)',
      }),
    })
    .optional(),
  /** An alarm when there is no good backup that is younger; false for none. */
  backupHours: z.union([z.literal(false), z.int().min(1).max(720)]).default(26),
  /** How often hosts are asked over SSH for disks, load and units; false for never. */
  hostsMinutes: z.union([z.literal(false), z.int().min(1).max(1_440)]).default(10),
});

const Moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)), {
  error: '{name} must be a date and time such as 2026-12-24T18:00:00+01:00',
});
const Day = z.string().refine((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)), {
  error: '{name} must be a day such as 2027-01-31',
});
const Freeze = z.strictObject({ from: Moment, until: Moment, reason: z.string().min(1) });

const Connection = z.strictObject({
  user: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).optional(),
  /** Relative paths start at the file's folder. */
  privateKeyFile: z.string().min(1).optional(),
  knownHosts: z.string().min(1).optional(),
  timeoutSeconds: z.int().min(1).max(600).optional(),
});

/** environment.yml; everything in it may be left out. */
export const EnvironmentFile = z.strictObject({
  inventory: z
    .union([
      z
        .string()
        .min(1)
        .transform((path) => [path]),
      z.array(z.string().min(1)).min(1),
    ])
    .optional(),
  production: z.boolean().optional(),
  sandbox: z.boolean().default(false),
  connection: Connection.prefault({}),
  /** Certificates in PEM to trust beside the well-known ones; relative paths start at the file's folder. */
  ca: z.string().min(1).optional(),
  marathon: Endpoint.optional(),
  chronos: Endpoint.optional(),
  mesos: Endpoint.optional(),
  mesosDns: z.strictObject({ url: WebAddress }).optional(),
  zookeeper: ZooKeeper.optional(),
  services: z.record(z.string(), Endpoint.extend({ url: WebAddress })).optional(),
  slack: z.strictObject({ channel: z.string().min(1) }).optional(),
  access: Access.optional(),
  approvals: Approvals.optional(),
  backups: Backups.prefault({}),
  schedules: Schedules.default([]),
  alerts: Alerts.prefault({}),
  freeze: z.array(Freeze).default([]),
  /** What ends and cannot tell when, such as a token or a password in a vault, to its last day; for the report. */
  expires: z.record(z.string().min(1).max(100), Day).default({}),
});

export type EnvironmentFile = z.infer<typeof EnvironmentFile>;
