import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Fault } from './faults.js';
import { optionalText, type Args, type Method } from './method.js';
import { Refusal } from './refusal.js';
import { argsOf } from './request.js';

export type Tokens = { bot: string; app: string };

export type Call = { method: string; args: Args; at: string };

type Parts = {
  methods: Record<string, Method>;
  tokens: Tokens;
  /** What the bot's token may do. */
  scopes: Set<string>;
  takeFault: (method: string) => Fault | undefined;
  /** At most so many calls of one method for one channel within a second; no limit when undefined. */
  perSecond: number | undefined;
  clock: Clock;
  onCall: (call: Call) => void;
};

type Answer = Record<string, unknown>;

const MAX_WINDOWS = 1_000;

/** Slack's Web API over HTTP: who may call, what goes wrong on purpose, and the answer in Slack's form. */
export function createWebApi({ methods, tokens, scopes, takeFault, perSecond, clock, onCall }: Parts) {
  const windows = new Map<string, { second: number; calls: number }>();

  async function handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const name = url.pathname.split('/').at(-1) ?? '';
    const args = await argsOf(request, url).catch((thrown: unknown) => thrown);
    if (args instanceof Refusal) return json(response, { ok: false, error: args.error });
    if (typeof args !== 'object' || args === null) return json(response, { ok: false, error: 'invalid_arguments' });
    const token = tokenOf(request, args as Args);
    if (token === tokens.bot) response.setHeader('x-oauth-scopes', [...scopes].join(','));
    await answer(name, args as Args, token, response);
  }

  async function answer(name: string, args: Args, token: string, response: ServerResponse): Promise<void> {
    const fault = takeFault(name);
    const act = () => perform(name, args, token);
    switch (fault?.kind) {
      case undefined:
        return tooMany(name, args) ? rateLimited(response, 1) : json(response, act());
      case 'rate-limited':
        return rateLimited(response, fault.retryAfter);
      case 'status':
        return json(response, { ok: false, error: 'fault' }, fault.status);
      case 'error':
        return json(response, { ok: false, error: fault.error, response_metadata: { messages: fault.messages ?? [] } });
      case 'accept-then-timeout':
        act();
        return void response.destroy();
      case 'drop':
        return void response.destroy();
      case 'late':
        clock.after(fault.afterMs, act);
        return void response.destroy();
      case 'slow': {
        const done = act();
        await clock.sleep(fault.ms);
        return json(response, done);
      }
    }
  }

  function perform(name: string, args: Args, token: string): Answer {
    try {
      const method = methods[name];
      if (!method) return { ok: false, error: 'unknown_method', req_method: name };
      const refused = refusedToken(method, token);
      if (refused) return refused;
      const done = { ok: true, ...method.call(args) };
      onCall({ method: name, args, at: clock.now().toISOString() });
      return done;
    } catch (thrown) {
      if (thrown instanceof Refusal) return { ok: false, error: thrown.error, ...thrown.extra };
      throw thrown;
    }
  }

  function refusedToken(method: Method, token: string): Answer | undefined {
    if (!token) return { ok: false, error: 'not_authed' };
    if (token !== tokens.bot && token !== tokens.app) return { ok: false, error: 'invalid_auth' };
    if ((method.token === 'app') !== (token === tokens.app)) return { ok: false, error: 'not_allowed_token_type' };
    if (method.token === 'app' || method.scopes.length === 0 || method.scopes.some((scope) => scopes.has(scope)))
      return undefined;
    return { ok: false, error: 'missing_scope', needed: method.scopes.join(','), provided: [...scopes].join(',') };
  }

  function tooMany(name: string, args: Args): boolean {
    const channel = optionalText(args, 'channel');
    if (perSecond === undefined || !channel) return false;
    const key = `${name} ${channel}`;
    const second = Math.floor(clock.now().getTime() / 1_000);
    const known = windows.get(key);
    const window = known?.second === second ? known : { second, calls: 0 };
    window.calls += 1;
    if (windows.size > MAX_WINDOWS) windows.clear();
    windows.set(key, window);
    return window.calls > perSecond;
  }

  return { handle };
}

function tokenOf(request: IncomingMessage, args: Args): string {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  return bearer ?? optionalText(args, 'token') ?? '';
}

function rateLimited(response: ServerResponse, seconds: number): void {
  response.setHeader('retry-after', String(seconds));
  json(response, { ok: false, error: 'ratelimited' }, 429);
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
