import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../clock.js';
import { refuse } from './refusal.js';

const MAX_SOCKETS = 10;
const TICKET_MS = 30_000;
const ACK_WITHIN_MS = 3_000;

export type Envelope = { type: 'slash_commands' | 'events_api' | 'interactive'; payload: unknown; retry?: number };

export type SocketServer = ReturnType<typeof createSocketServer>;

/** Slack's side of Socket Mode: hello, envelopes and their acks, and the ways in which Slack ends a connection. */
export function createSocketServer(clock: Clock, address: () => string, changed: () => void) {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1_000_000 });
  const tickets = new Map<string, number>();
  const sockets = new Set<WebSocket>();
  const acks = new Map<string, (payload: unknown) => void>();
  let made = 0;

  function open(): string {
    if (sockets.size >= MAX_SOCKETS) refuse('too_many_websockets');
    const ticket = `ticket-${++made}`;
    tickets.set(ticket, clock.now().getTime());
    return `${address()}/socket/${ticket}`;
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = request.url?.split('/').at(-1) ?? '';
    const issued = tickets.get(ticket);
    tickets.delete(ticket);
    if (issued === undefined || clock.now().getTime() - issued > TICKET_MS) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    server.handleUpgrade(request, socket, head, welcome);
  }

  function welcome(socket: WebSocket): void {
    sockets.add(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      changed();
    });
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => receive((data as Buffer).toString()));
    const info = { host: 'sandbox', build_number: 1, approximate_connection_time: 18_060 };
    send(socket, {
      type: 'hello',
      num_connections: sockets.size,
      debug_info: info,
      connection_info: { app_id: 'A0STARS' },
    });
    changed();
  }

  function receive(data: string): void {
    try {
      const { envelope_id: id, payload } = JSON.parse(data) as { envelope_id?: string; payload?: unknown };
      if (id) acks.get(id)?.(payload);
    } catch {
      // Slack says nothing to what it does not understand.
    }
  }

  /** Sends an envelope to one of the connections; the ack's payload, or undefined when none came in 3 seconds. */
  function deliver(
    envelope: Envelope,
    { id, twice = false }: { id: string; twice?: boolean },
  ): Promise<Ack | undefined> {
    const socket = [...sockets].at(-1);
    if (!socket) return Promise.resolve(undefined);
    const { type, payload, retry } = envelope;
    const wire = { envelope_id: id, type, payload, accepts_response_payload: type !== 'events_api' };
    return new Promise((resolve) => {
      const settle = (ack: Ack | undefined) => {
        cancel();
        acks.delete(id);
        resolve(ack);
      };
      const cancel = clock.after(ACK_WITHIN_MS, () => settle(undefined));
      acks.set(id, (answer) => settle({ payload: answer }));
      send(socket, retry ? { ...wire, retry_attempt: retry, retry_reason: 'timeout' } : wire);
      if (twice) send(socket, { ...wire, retry_attempt: 1, retry_reason: 'timeout' });
    });
  }

  /** Slack wants the connections renewed, and says so before it closes them. */
  function refresh(reason: 'warning' | 'refresh_requested' | 'link_disabled'): void {
    for (const socket of sockets) send(socket, { type: 'disconnect', reason, debug_info: { host: 'sandbox' } });
  }

  /** Every connection breaks without a word. */
  function drop(): void {
    for (const socket of sockets) socket.terminate();
  }

  function stop(): void {
    drop();
    server.close();
  }

  return { open, upgrade, deliver, refresh, drop, stop, count: () => sockets.size };
}

export type Ack = { payload: unknown };

function send(socket: WebSocket, message: unknown): void {
  socket.send(JSON.stringify(message), () => undefined);
}
