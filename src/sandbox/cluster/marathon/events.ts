import type { ServerResponse } from 'node:http';
import type { Timers } from '../timing.js';
import { createCallbacks } from './callbacks.js';

export type Events = ReturnType<typeof createEvents>;

type Reader = { response: ServerResponse; types: ReadonlySet<string>; address: string; cancel: () => void };

/** What waits for a reader at most, in bytes, before it loses events without being told. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const KEEP_ALIVE_MS = 5_000;
const RECENT = 500;

/** Marathon's event stream: frames with CRLF, no ids, no replay. */
export function createEvents(timers: Timers) {
  const readers = new Set<Reader>();
  const callbacks = createCallbacks();
  /** The newest events, for those who test. */
  const recent: { type: string; data: Record<string, unknown> }[] = [];

  function emit(type: string, data: Record<string, unknown>): void {
    const event = { ...data, eventType: type, timestamp: timers.now().toISOString() };
    recent.push({ type, data: event });
    if (recent.length > RECENT) recent.shift();
    for (const reader of readers) deliver(reader, type, event);
    callbacks.deliver(event);
  }

  function deliver({ response, types }: Reader, type: string, event: Record<string, unknown>): void {
    if (types.size > 0 && !types.has(type)) return;
    if (response.writableLength > MAX_WAITING_BYTES) return;
    response.write(`event: ${type}\r\ndata: ${JSON.stringify(event)}\r\n\r\n`);
  }

  /** Lets a connection read from now on; `types` empty = all. */
  function attach(response: ServerResponse, { types, address }: { types: string[]; address: string }): void {
    const reader: Reader = { response, types: new Set(types), address, cancel: () => {} };
    reader.cancel = timers.every(KEEP_ALIVE_MS, () => void response.write('\r\n'));
    readers.add(reader);
    response.on('close', () => detach(reader));
    emit('event_stream_attached', { remoteAddress: address });
  }

  function detach(reader: Reader): void {
    if (!readers.delete(reader)) return;
    reader.cancel();
    emit('event_stream_detached', { remoteAddress: reader.address });
  }

  /** Ends all streams, as a change of leader does. */
  function endAll(): void {
    for (const reader of readers) {
      readers.delete(reader);
      reader.cancel();
      reader.response.end();
    }
  }

  /** Adds or removes an address that events are posted to, and tells what was announced. */
  function subscribe(
    callbackUrl: string,
    { clientIp, on }: { clientIp: string; on: boolean },
  ): Record<string, unknown> {
    if (on) callbacks.urls.add(callbackUrl);
    else callbacks.urls.delete(callbackUrl);
    const eventType = on ? 'subscribe_event' : 'unsubscribe_event';
    emit(eventType, { clientIp, callbackUrl });
    return { clientIp, callbackUrl, eventType, timestamp: timers.now().toISOString() };
  }

  return { emit, attach, endAll, recent, subscribe, callbackUrls: () => [...callbacks.urls] };
}
