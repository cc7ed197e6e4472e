import { randomBytes } from 'node:crypto';

/** `i-261129-2015-4f9c`: when it began, and something that no other one has. */
export function newIncidentId(now: Date): string {
  const digits = now.toISOString().replaceAll(/\D/g, '');
  return `i-${digits.slice(2, 8)}-${digits.slice(8, 12)}-${randomBytes(2).toString('hex')}`;
}
