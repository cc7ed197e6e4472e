import { createHash } from 'node:crypto';
import { z } from 'zod';

/** An app, pod, job or group that a restore was about to bring about, so that an undo may take it away again. */
const Created = z.object({ kind: z.enum(['app', 'pod', 'job', 'group']), id: z.string() });
export type Created = z.infer<typeof Created>;

export const Manifest = z.object({
  /** Of this file's own form. */
  format: z.literal(1),
  environment: z.string(),
  /** ISO UTC. */
  takenAt: z.string(),
  run: z.string(),
  person: z.object({ id: z.string(), name: z.string() }),
  /** What was asked, as it called itself. */
  versions: z.record(z.string(), z.string()),
  counts: z.record(z.string(), z.number()),
  /** Taken by a restore of this backup, before it changed anything. */
  before: z.object({ restore: z.string(), creates: z.array(Created) }).optional(),
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof Manifest>;

/** `2026-11-22T02-00-05Z`, with a number behind it when another was taken in the same second. */
const DATED = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:-\d+)?$/;

/** What may be the name of a backup: one folder, and nothing outside of it. */
export const NAME = /^\w[\w.-]{0,99}$/;

export function isDated(name: string): boolean {
  return DATED.test(name);
}

/** The names a backup of this moment may have, best first. */
export function namesAt(takenAt: string): string[] {
  const base = `${takenAt.slice(0, 19).replaceAll(':', '-')}Z`;
  return [base, ...Array.from({ length: 99 }, (_, index) => `${base}-${index + 2}`)];
}

/** The moment that a dated name tells. */
export function momentIn(name: string): Date {
  return new Date(`${name.slice(0, 10)}T${name.slice(11, 19).replaceAll('-', ':')}Z`);
}

/** By time; names in the same second by their number. */
export function byAge(a: string, b: string): number {
  return momentIn(a).getTime() - momentIn(b).getTime() || numberIn(a) - numberIn(b);
}

function numberIn(name: string): number {
  return Number(/Z-(\d+)$/.exec(name)?.[1] ?? 1);
}

/** Whether a path of a manifest stays inside of its backup. */
export function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..');
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
