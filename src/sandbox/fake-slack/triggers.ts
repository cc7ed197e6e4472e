import type { Clock } from '../../clock.js';
import { refuse } from './refusal.js';

const TRIGGER_MS = 3_000;
const URL_MS = 30 * 60_000;
const URL_USES = 5;
const MAX_KEPT = 1_000;

export type Triggers = ReturnType<typeof createTriggers>;

/** Trigger ids, which open one view within 3 seconds, and response addresses, which take five messages within 30 minutes. */
export function createTriggers(clock: Clock, responseUrl: (id: string) => string) {
  const triggers = new Map<string, { at: number; used: boolean }>();
  const urls = new Map<string, { at: number; uses: number; channel: string; person: string }>();
  let made = 0;

  function newTrigger(): string {
    const id = `${++made}.${clock.now().getTime()}.trigger`;
    keep(triggers, id, { at: clock.now().getTime(), used: false });
    return id;
  }

  function exchange(id: string): void {
    const trigger = triggers.get(id) ?? refuse('invalid_trigger_id');
    if (clock.now().getTime() - trigger.at > TRIGGER_MS) refuse('expired_trigger_id');
    if (trigger.used) refuse('exchanged_trigger_id');
    trigger.used = true;
  }

  function newResponseUrl(channel: string, person: string): string {
    const id = `${++made}-response`;
    keep(urls, id, { at: clock.now().getTime(), uses: 0, channel, person });
    return responseUrl(id);
  }

  /** Where an answer to this address goes; a word of Slack's when it may not go anywhere. */
  function useResponseUrl(id: string): { channel: string; person: string } {
    const url = urls.get(id) ?? refuse('expired_url');
    if (clock.now().getTime() - url.at > URL_MS) refuse('expired_url');
    if (url.uses >= URL_USES) refuse('used_url');
    url.uses += 1;
    return url;
  }

  return { newTrigger, exchange, newResponseUrl, useResponseUrl };
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > MAX_KEPT && !oldest.done) map.delete(oldest.value);
}
