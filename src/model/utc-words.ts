/** `2026-11-29 08:30 UTC` for an ISO time in UTC: to the minute, as people read it. */
export function utcWords(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}
