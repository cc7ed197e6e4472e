/** Signal numbers of Linux by name without SIG. */
export const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  WINCH: 28,
} as const;

const BY_NUMBER = new Map<number, string>(Object.entries(SIGNALS).map(([name, number]) => [number, name]));

export function signalName(signal: number): string | undefined {
  return BY_NUMBER.get(signal);
}

/** `9`, `KILL`, `SIGKILL` or `kill` as a number; 0 asks whether the process is there. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) === 0 || BY_NUMBER.has(Number(text)) ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return name in SIGNALS ? SIGNALS[name as keyof typeof SIGNALS] : undefined;
}

/** A process that a signal ended: thrown through the program that runs in it. */
export class Killed extends Error {
  constructor(readonly signal: number) {
    super(`killed by signal ${signal}`);
  }
}

/** A wait that a trapped signal broke off. */
export class Interrupted extends Error {}
