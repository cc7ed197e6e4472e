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

/** Texts by name, none when missing or null. Numbers are written out; anything else is left out, so that one label spoils no list. */
export const texts = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((values) => {
    const rows = Object.entries(values ?? {}).map(([key, value]) => [
      key,
      typeof value === 'number' ? String(value) : value,
    ]);
    return Object.fromEntries(rows.filter((row): row is [string, string] => typeof row[1] === 'string'));
  });
