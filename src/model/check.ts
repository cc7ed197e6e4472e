/** What a look at one thing came to: a sentence, and what to do unless all is well. */
export type Check = { state: 'ok' | 'warning' | 'error'; says: string; hint?: string | undefined };

export function ok(says: string): Check {
  return { state: 'ok', says };
}

export function warning(says: string, hint?: string): Check {
  return { state: 'warning', says, hint };
}

export function failed(says: string, hint?: string): Check {
  return { state: 'error', says, hint };
}
