/** `1 app`, `2 apps`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A share from 0 to 1, in whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
