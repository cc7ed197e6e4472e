/** `1 app`, `2 apps`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A share from 0 to 1, in whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** How long something takes, roughly: `5 minutes`, `26 hours`, `4 days`. */
export function lasting(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 120) return counted(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 72 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day');
}
