import { z } from 'zod';
import { amount, listOf, maybe } from '../nullish.js';

/** An empty text means "never" here. */
const time = maybe(z.string()).transform((text) => text || undefined);
const text = maybe(z.string());

export const Job = z.object({
  name: z.string(),
  command: text,
  schedule: text,
  scheduleTimeZone: text,
  /** 2.x: how late a run may still begin. */
  epsilon: text,
  parents: listOf(z.string()),
  disabled: maybe(z.boolean()).transform((disabled) => disabled ?? false),
  owner: text,
  description: text,
  successCount: amount,
  errorCount: amount,
  errorsSinceLastSuccess: amount,
  /** How often a run that failed is tried again. */
  retries: amount,
  lastSuccess: time,
  lastError: time,
});

export const Jobs = z.array(Job);

/** With every field that Chronos has. */
export const JobDefinition = z.looseObject({ name: z.string() });
export const JobDefinitions = z.array(JobDefinition);

export const Summary = z.object({
  jobs: z.array(
    z.object({ name: z.string(), status: maybe(z.string()), state: maybe(z.string()), disabled: maybe(z.boolean()) }),
  ),
});

export const ChronosLeader = z.object({ leader: z.string() });

export type Job = z.infer<typeof Job>;
export type JobSummary = { name: string; status: string; state: string };
