export type LayerState = 'up' | 'degraded' | 'down' | 'unknown';

/** What a look at one layer came to. `reason` is a sentence without its full stop; `details` are lines for those who want more. */
export type Finding = { state: LayerState; reason: string; details?: string[] };
