import { z } from 'zod';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `90s`, `10m` or `2h` as milliseconds; up to a day. */
export const TimeSpan = z.string().transform((text, context) => {
  const [, digits, unit] = /^(\d{1,5})\s*([smh])$/.exec(text.trim()) ?? [];
  const ms = Number(digits) * UNITS[(unit ?? 's') as keyof typeof UNITS];
  if (ms > 0 && ms <= 24 * UNITS.h) return ms;
  context.addIssue({ code: 'custom', message: 'is a time such as 90s, 10m or 2h' });
  return z.NEVER;
});
