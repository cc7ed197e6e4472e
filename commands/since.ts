import { z } from 'zod';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/** `90m`, `12h`, `2d`, `3w` back from now, or a date such as `2026-11-01`, which begins in UTC. */
export const Since = z.string().transform((text, context): ((now: Date) => Date) => {
  const words = text.trim();
  const [, digits, unit] = /^(\d{1,5})\s*([mhdw])$/.exec(words) ?? [];
  const ms = Number(digits) * UNITS[(unit ?? 'm') as keyof typeof UNITS];
  if (ms > 0) return (now) => new Date(now.getTime() - ms);
  const date = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.test(words) ? new Date(words) : undefined;
  if (date && !Number.isNaN(date.getTime())) return () => date;
  context.addIssue({ code: 'custom', message: 'is a time such as 90m, 12h, 2d or 3w, or a date such as 2026-11-01' });
  return z.NEVER;
});
