/** An answer `{ok: false, error, …}`. */
export class Refusal extends Error {
  constructor(
    readonly error: string,
    readonly extra: Record<string, unknown> = {},
  ) {
    super(error);
  }
}

export function refuse(error: string, extra?: Record<string, unknown>): never {
  throw new Refusal(error, extra);
}
