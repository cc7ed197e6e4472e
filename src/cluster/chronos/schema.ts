import { z } from 'zod';
import { amount, listOf, maybe } from '../nullish.js';

/** An empty text means "never" here. */
const time = maybe(z.string()).transform((text) => text || undefined);

export const Job = z.object({
  name: z.string(),
  schedule: maybe(z.string()),
  parents: listOf(z.string()),
  disabled: maybe(z.boolean()).transform((disabled) => disabled ?? false),
  successCount: amount,
  errorCount: amount,
  errorsSinceLastSuccess: amount,
  lastSuccess: time,
  lastError: time,
});

export const Jobs = z.array(Job);

export const JobDefinitions = z.array(z.looseObject({ name: z.string() }));

export const Summary = z.object({
  jobs: z.array(
    z.object({ name: z.string(), status: maybe(z.string()), state: maybe(z.string()), disabled: maybe(z.boolean()) }),
  ),
});

export const ChronosLeader = z.object({ leader: z.string() });

export type Job = z.infer<typeof Job>;
export type JobSummary = { name: string; status: string; state: string };
