import { z } from 'zod';

/** Missing and null mean the same in these APIs: both become undefined. */
export const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** A list, empty when missing or null. */
export const listOf = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .nullish()
    .transform((value) => value ?? []);

/** A number, 0 when missing or null. */
export const amount = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
