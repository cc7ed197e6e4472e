import type { ServerResponse } from 'node:http';
import { encodeReply, jettyPage, send, type HttpReply, type HttpRequest } from './reply.js';

/** A way for a service to misbehave for the next `times` requests (default 1) whose path contains `path`. */
export type Fault = {
  times?: number;
  path?: string;
  method?: string;
  /** Answers with this status and `body` instead of doing what was asked. */
  status?: number;
  body?: unknown;
  /** An HTML page instead of JSON: `true` for a proxy's error page. */
  html?: true | string;
  /** Announces the whole body, sends half of it and hangs up. */
  truncate?: true;
  /** Milliseconds until the answer goes out. */
  slow?: number;
  /** Sends the answer a byte at a time, one each so many milliseconds. */
  trickle?: number;
  /** Hangs up without an answer. */
  close?: true;
  /** The request is carried out although the answer says otherwise, as after a store time-out. */
  takesEffect?: true;
};

type Occasion = {
  request: HttpRequest;
  response: ServerResponse;
  reply: HttpReply;
  after: (ms: number, action: () => void) => () => void;
};

/** The first fault that fits this request, counted down. */
export function pickFault(faults: Fault[], request: HttpRequest): Fault | undefined {
  const index = faults.findIndex(
    ({ path, method, times = 1 }) =>
      times > 0 &&
      (path === undefined || request.path.includes(path)) &&
      (method === undefined || request.method === method),
  );
  const fault = faults[index];
  if (!fault) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) faults.splice(index, 1);
  return fault;
}

/** Answers as the fault says; what a `slow` one leaves open is the real reply, late. */
export function misbehave(fault: Fault, { request, response, reply, after }: Occasion): void {
  const act = () => {
    if (response.destroyed) return;
    if (fault.close) response.destroy();
    else if (fault.truncate) truncate(response, reply);
    else if (fault.trickle !== undefined) trickle(fault.trickle, { response, reply, after });
    else send(response, request, replaced(fault, request, reply));
  };
  if (fault.slow !== undefined) after(fault.slow, act);
  else act();
}

/** Whether the request never reaches the service: the answer comes from something in front of it. */
export function hidesTheService({ status, html, close, takesEffect }: Fault): boolean {
  return !takesEffect && (status !== undefined || html !== undefined || close === true);
}

function replaced(fault: Fault, request: HttpRequest, reply: HttpReply): HttpReply {
  if (fault.html !== undefined) {
    const status = fault.status ?? 502;
    return { status, html: fault.html === true ? jettyPage(status, 'Bad Gateway', request.path) : fault.html };
  }
  if (fault.status === undefined) return reply;
  return typeof fault.body === 'string'
    ? { status: fault.status, text: fault.body }
    : { status: fault.status, json: fault.body ?? { message: `Simulated answer ${fault.status}` } };
}

function truncate(response: ServerResponse, reply: HttpReply): void {
  const { body, type } = encodeReply(reply);
  response.writeHead(reply.status ?? 200, { 'Content-Length': body.length, ...(type && { 'Content-Type': type }) });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

function trickle(everyMs: number, { response, reply, after }: Pick<Occasion, 'response' | 'reply' | 'after'>): void {
  const { body, type } = encodeReply(reply);
  response.writeHead(reply.status ?? 200, { 'Content-Length': body.length, ...(type && { 'Content-Type': type }) });
  const next = (at: number): void => {
    if (response.destroyed) return;
    if (at >= body.length) response.end();
    else {
      response.write(body.subarray(at, at + 1));
      after(everyMs, () => next(at + 1));
    }
  };
  next(0);
}
