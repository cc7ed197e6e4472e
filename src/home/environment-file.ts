import { isValidCron } from './schedule-time.js';
import { z } from 'zod';
import { problem } from './checked-file.js';
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

/** A Slack user id (`U…`), a Slack user group id (`S…`), `terminal:<login>`, or `everyone`. */
const Who = z.string().check((context) => {
  if (/^(?:[UW][A-Z\d]{2,}|S[A-Z\d]{2,}|terminal:[\w.-]+|everyone)$/.test(context.value)) return;
  context.issues.push({
    ...problem(
      '{name} must be an id that Slack can confirm',
      'Write a Slack user id (U…), a user group id (S…), terminal:<login> or everyone. Names can be changed by anybody, ids cannot.',
    ),
    input: context.value,
  });
});
const People = z.array(Who);

/** Who may look, change running services, and change hosts; a right that is left out is decided by stars.yml. */
export const Access = z.strictObject({
  read: People.optional(),
  operate: People.optional(),
  provision: People.optional(),
});

const Approvals = z.strictObject({
  /** Commands that wait for an approval. */
  commands: z.array(z.string().min(1)).min(1),
  approvers: People.min(1),
  expiresMinutes: z.int().min(1).max(10_080).default(60),
});

const Schedule = z.strictObject({
  name: z.string().refine((text) => /^[\w.-]+$/.test(text), { error: '{name} must be one word' }),
  /** Words as a person would type them: `backup`, `report`. */
  command: z.string().min(1),
  cron: z.string().refine(isValidCron, { error: '{name} must be five fields such as "0 7 * * 1-5"' }),
  timeZone: z.string().optional(),
  channel: z.string().optional(),
});

const Moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)), {
  error: '{name} must be a date and time such as 2026-12-24T18:00:00+01:00',
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
  marathon: Endpoint.optional(),
  chronos: Endpoint.optional(),
  mesos: Endpoint.optional(),
  mesosDns: z.strictObject({ url: WebAddress }).optional(),
  zookeeper: z.strictObject({ hosts: z.array(HostAndPort).min(1) }).optional(),
  services: z.record(z.string(), z.strictObject({ url: WebAddress })).optional(),
  slack: z.strictObject({ channel: z.string().min(1) }).optional(),
  access: Access.optional(),
  approvals: Approvals.optional(),
  schedules: z.array(Schedule).default([]),
  freeze: z.array(Freeze).default([]),
});

export type EnvironmentFile = z.infer<typeof EnvironmentFile>;
