import { z } from 'zod';
import { Access } from './environment-file.js';

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
  console: z.boolean().optional(),
});

export type StarsFile = z.infer<typeof StarsFile>;
