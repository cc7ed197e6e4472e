import { z } from 'zod';
import { problem } from './checked-file.js';
import { Access } from './access.js';

const DAY_MS = 86_400_000;
const KEPT_UNITS = { d: DAY_MS, w: 7 * DAY_MS, y: 365 * DAY_MS } as const;

/** `90d`, `12w` or `2y` as milliseconds. */
const KeptFor = z.string().transform((text, context) => {
  const [, digits, unit] = /^([1-9]\d{0,4})\s*([dwy])$/.exec(text.trim()) ?? [];
  const ms = Number(digits) * KEPT_UNITS[(unit ?? 'd') as keyof typeof KEPT_UNITS];
  if (ms > 0) return ms;
  context.issues.push({ ...problem('{name} must be a time such as 90d, 12w or 2y'), input: text });
  return z.NEVER;
});

/** stars.yml; everything in it may be left out. */
export const StarsFile = z.strictObject({
  /** Where the Ansible project is, if not in `stack/`; relative to this file. */
  stack: z.string().min(1).default('stack'),
  /** Where backups and the embedded database go, if STARS_DATA does not say. */
  data: z.string().min(1).optional(),
  defaults: z
    .strictObject({
      environment: z.string().min(1).optional(),
      /** Channel id or name to the environment that commands there mean. */
      channels: z.record(z.string(), z.string().min(1)).default({}),
    })
    .prefault({}),
  /** Login on this machine to Slack user id. */
  people: z
    .record(
      z.string(),
      z
        .string()
        .refine((id) => /^[UW][A-Z\d]{2,}$/.test(id), { error: '{name} must be a Slack user id such as U012AB3CD' }),
    )
    .default({}),
  access: Access.prefault({}),
  slack: z.strictObject({ channel: z.string().min(1).optional() }).prefault({}),
  /** How long what was recorded is kept: the events of a run, and the run itself. */
  retention: z.strictObject({ events: KeptFor.default(90 * DAY_MS), runs: KeptFor.default(400 * DAY_MS) }).prefault({}),
  console: z.boolean().optional(),
});

export type StarsFile = z.infer<typeof StarsFile>;
