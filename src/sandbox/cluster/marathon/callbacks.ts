import { request } from 'node:http';

/** More than that on their way at once are lost, as with a reader that is too slow. */
const MAX_ON_THEIR_WAY = 50;
const TIMEOUT_MS = 5_000;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The old way to hear of events: Marathon posts each to the addresses that asked for them. Only those on loopback get any here. */
export function createCallbacks() {
  const urls = new Set<string>();
  let onTheirWay = 0;

  function deliver(event: Record<string, unknown>): void {
    for (const url of urls) if (onTheirWay < MAX_ON_THEIR_WAY && isLoopback(url)) post(url, JSON.stringify(event));
  }

  function post(url: string, body: string): void {
    onTheirWay++;
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', headers, agent: false, timeout: TIMEOUT_MS });
    sent.on('response', (response) => response.resume());
    sent.on('timeout', () => sent.destroy());
    // Whoever does not listen misses it.
    sent.on('error', () => {});
    sent.on('close', () => onTheirWay--);
    sent.end(body);
  }

  return { urls, deliver };
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'http:' && LOOPBACK.has(new URL(url).hostname);
}
