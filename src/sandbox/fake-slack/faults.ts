/** What goes wrong with one call of a method. */
export type Fault =
  /** HTTP 429 with this many seconds in Retry-After. */
  | { kind: 'rate-limited'; retryAfter: number }
  | { kind: 'status'; status: number }
  /** `{ok: false, error}` without doing anything. */
  | { kind: 'error'; error: string; messages?: string[] }
  /** Done, but the answer is lost. */
  | { kind: 'accept-then-timeout' }
  /** Not done, and the connection breaks. */
  | { kind: 'drop' }
  /** The connection breaks, and what was asked is done only so much later. */
  | { kind: 'late'; afterMs: number }
  /** Done and answered, after this time. */
  | { kind: 'slow'; ms: number };

export type Faults = {
  /** The next call of the method meets this fault, after those planned for it already; `*` stands for every method. */
  next(method: string, fault: Fault): void;
  /** No more faults. */
  clear(): void;
};

const MAX_PLANNED = 1_000;

export function createFaults(): Faults & { take(method: string): Fault | undefined } {
  const planned = new Map<string, Fault[]>();

  function next(method: string, fault: Fault): void {
    const list = planned.get(method) ?? [];
    if (list.length < MAX_PLANNED) list.push(fault);
    planned.set(method, list);
  }

  function take(method: string): Fault | undefined {
    return planned.get(method)?.shift() ?? planned.get('*')?.shift();
  }

  return { next, take, clear: () => planned.clear() };
}
