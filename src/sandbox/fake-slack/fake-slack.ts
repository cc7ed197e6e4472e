import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../clock.js';
import { asStarsError, StarsError } from '../../errors.js';
import type { Log } from '../../log.js';
import { contentOf } from './chat-methods.js';
import { createDelivery, type Delivered } from './delivery.js';
import { createFaults, type Faults } from './faults.js';
import { createFiles, type FakeFile } from './file-methods.js';
import { createMethods } from './methods.js';
import { actionOf, actionPayload, asSent, commandPayload, mentionPayload } from './payloads.js';
import { Refusal } from './refusal.js';
import { argsOf, bodyOf } from './request.js';
import { createSocketServer } from './socket-server.js';
import { transcript } from './transcript.js';
import { createTriggers } from './triggers.js';
import { createWebApi, json, type Call } from './web-api.js';
import {
  BOT,
  createWorkspace,
  type FakeChannel,
  type FakeGroup,
  type FakeMessage,
  type FakePerson,
} from './workspace.js';

export type FakeSlackOptions = {
  clock: Clock;
  log: Log;
  signingSecret?: string;
  people?: FakePerson[];
  channels?: { name: string; isPrivate?: boolean; botIsMember?: boolean }[];
  /** User groups; members by id. */
  groups?: { id: string; handle: string; members: string[] }[];
  /** What the bot may do; everything in manifest.yml when left out. */
  scopes?: string[];
  perSecond?: number;
  /** 0, the default, lets the system choose. */
  port?: number;
};

export type Where = { person?: string; channel?: string };

/** Slack in this process, over real HTTP and WebSocket on the loopback interface. */
export type FakeSlack = {
  /** The Web API; ends in `/api/`. */
  url: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
  channels: { id: string; name: string }[];
  /** Over HTTP instead of a socket: where the bot takes requests. */
  deliverTo(url: string): void;
  /** Types `/stars <text>`. */
  say(text: string, where?: Where): Promise<Delivered>;
  /** Writes `@stars <text>` into a channel, or below `threadTs`. `delivered` also counts the repetitions. */
  mention(text: string, where?: Where & { threadTs?: string }): { ts: string; delivered: Promise<Delivered> };
  /** Presses a button of a message, or chooses the `option` of this label from a menu; what asks first is answered with yes. */
  click(messageTs: string, actionId: string, how?: { person?: string; option?: string }): Promise<Delivered>;
  /** Everything in a channel in the order in which it was written, answers and what only one person sees included. */
  messages(channel?: string): FakeMessage[];
  /** A message and the answers below it. */
  thread(rootTs: string): FakeMessage[];
  /** A channel as text, as a terminal can show it. */
  transcript(channel?: string): string;
  invite(channel: string): void;
  archive(channel: string): void;
  /** A user group, to be changed. */
  group(id: string): FakeGroup;
  files: FakeFile[];
  faults: Faults;
  /** Every accepted call, oldest first, at most the last 2,000. */
  calls: Call[];
  dropSocket(): void;
  /** Slack's own wish to renew the connection. */
  refreshSocket(): void;
  sockets(): number;
  /** The next delivery comes twice. */
  deliverTwice(): void;
  /** Resolves when `check` is true, asked after each call and connection. */
  until(check: () => boolean): Promise<void>;
  stop(): Promise<void>;
};

const MAX_CALLS = 2_000;
const MAX_FILE_BYTES = 20_000_000;
const PEOPLE: FakePerson[] = [
  { id: 'U0ADA', name: 'ada', realName: 'Ada' },
  { id: 'U0BEN', name: 'ben', realName: 'Ben' },
  { id: 'U0CLEO', name: 'cleo', realName: 'Cleo' },
];
const CHANNELS = [
  { name: 'deploys' },
  { name: 'random', botIsMember: false },
  { name: 'secret', isPrivate: true, botIsMember: false },
];
/** The bot's scopes in manifest.yml. */
export const SCOPES = [
  'app_mentions:read',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:write',
  'usergroups:read',
  'users:read',
];

export async function startFakeSlack(options: FakeSlackOptions): Promise<FakeSlack> {
  const { clock, log, signingSecret = 'sandbox-signing-secret', port = 0 } = options;
  const tokens = { bot: 'xoxb-sandbox-bot', app: 'xapp-sandbox-app' };
  const workspace = createWorkspace({
    clock,
    people: options.people ?? PEOPLE,
    channels: options.channels ?? CHANNELS,
    groups: options.groups ?? [],
  });
  const faults = createFaults();
  const calls: Call[] = [];
  const watchers = new Set<() => void>();
  let origin = '';

  const files = createFiles((id) => `${origin}/upload/${id}`);
  const triggers = createTriggers(clock, (id) => `${origin}/response/${id}`);
  const socket = createSocketServer(clock, () => origin.replace('http:', 'ws:'), changed);
  const delivery = createDelivery({ clock, log, socket, signingSecret });
  const methods = createMethods({ workspace, files, triggers, openSocket: socket.open });
  const scopes = new Set(options.scopes ?? SCOPES);
  const webApi = createWebApi({
    methods,
    tokens,
    scopes,
    takeFault: (method) => faults.take(method),
    perSecond: options.perSecond,
    clock,
    onCall,
  });

  function onCall(call: Call): void {
    calls.push(call);
    if (calls.length > MAX_CALLS) calls.shift();
  }

  function changed(): void {
    for (const watch of watchers) watch();
  }

  function until(check: () => boolean): Promise<void> {
    if (check()) return Promise.resolve();
    return new Promise((resolve) => {
      const watch = () => {
        if (!check()) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
    });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, place, id = ''] = url.pathname.split('/');
    if (place === 'api') return webApi.handle(request, response, url);
    if (place === 'upload') return takeUpload(request, response, id);
    if (place === 'response') return takeResponse(request, response, url, id);
    json(response, { ok: false, error: 'not_found' }, 404);
  }

  async function takeUpload(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    const file = files.all.get(id);
    const body = await bodyOf(request, MAX_FILE_BYTES);
    if (!file) return json(response, { ok: false, error: 'file_not_found' }, 404);
    file.bytes = body;
    response.end(`OK - ${body.length}`);
  }

  async function takeResponse(request: IncomingMessage, response: ServerResponse, url: URL, id: string): Promise<void> {
    const { channel, person } = triggers.useResponseUrl(id);
    const args = await argsOf(request, url);
    answerInChannel(channel, person, args);
    json(response, { ok: true });
  }

  function answerInChannel(channel: string, person: string, args: Record<string, unknown>): void {
    const onlyFor = args['response_type'] === 'in_channel' ? undefined : person;
    workspace.add({ ...contentOf(args), channel, user: BOT.id, byBot: true, onlyFor });
  }

  function reach({ id }: FakeChannel, who: FakePerson): { responseUrl: string; triggerId: string } {
    return { responseUrl: triggers.newResponseUrl(id, who.id), triggerId: triggers.newTrigger() };
  }

  async function say(text: string, { person = 'ada', channel = 'deploys' }: Where = {}): Promise<Delivered> {
    const who = workspace.person(person);
    const where = workspace.channel(channel);
    const payload = commandPayload(text, who, where, reach(where, who));
    const delivered = await delivery.once({ type: 'slash_commands', payload });
    const answer = delivered.response;
    if (typeof answer === 'object' && answer !== null && ('text' in answer || 'blocks' in answer))
      answerInChannel(where.id, who.id, { ...answer });
    return delivered;
  }

  function mention(
    text: string,
    { person = 'ada', channel = 'deploys', threadTs }: Where & { threadTs?: string } = {},
  ) {
    const who = workspace.person(person);
    const where = workspace.channel(channel);
    const words = `<@${BOT.id}> ${asSent(text)}`;
    const content = { text: words, blocks: undefined, metadata: undefined };
    const said = workspace.add({
      ...content,
      channel: where.id,
      user: who.id,
      byBot: false,
      onlyFor: undefined,
      threadTs,
    });
    const payload = mentionPayload(said, who);
    const isMember = where.members.has(BOT.id);
    const nobody: Delivered = { acked: false, error: 'not_in_channel' };
    const delivered = isMember ? delivery.withRetries({ type: 'events_api', payload }) : Promise.resolve(nobody);
    return { ts: said.ts, delivered };
  }

  function click(
    messageTs: string,
    actionId: string,
    { person = 'ada', option }: { person?: string; option?: string } = {},
  ): Promise<Delivered> {
    const who = workspace.person(person);
    const message = anywhere(messageTs);
    const channel = workspace.channel(message.channel);
    const action = actionOf(message, actionId, option);
    if (!action) throw new StarsError('USAGE', `The message has no action ${[actionId, option ?? ''].join(' ')}.`);
    const press = { ...reach(channel, who), action, actionTs: workspace.nextTs() };
    const payload = actionPayload(message, who, channel, press);
    return delivery.once({ type: 'interactive', payload });
  }

  function anywhere(ts: string): FakeMessage {
    for (const id of workspace.channels.keys()) {
      const found = workspace.find(id, ts);
      if (found) return found;
    }
    throw new StarsError('USAGE', `There is no message ${ts}.`);
  }

  const server = createServer((request, response) => {
    void handle(request, response)
      .catch((thrown: unknown) => {
        if (thrown instanceof Refusal) return json(response, { ok: false, error: thrown.error }, 404);
        log.error({ error: asStarsError(thrown).message }, 'The fake Slack failed');
        json(response, { ok: false, error: 'fatal_error' }, 500);
      })
      .finally(changed);
  });
  server.on('upgrade', socket.upgrade);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function stop(): Promise<void> {
    delivery.stop();
    socket.stop();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  return {
    url: `${origin}/api/`,
    botToken: tokens.bot,
    appToken: tokens.app,
    signingSecret,
    channels: [...workspace.channels.values()].map(({ id, name }) => ({ id, name })),
    deliverTo: delivery.toUrl,
    say,
    mention,
    click,
    messages: (channel = 'deploys') => workspace.list(workspace.channel(channel).id),
    thread: (rootTs) => workspace.thread(anywhere(rootTs).channel, rootTs),
    transcript: (channel = 'deploys') => transcript(workspace, channel),
    invite: (channel) => void workspace.channel(channel).members.add(BOT.id),
    archive: (channel) => {
      workspace.channel(channel).archived = true;
    },
    group: (id) => workspace.groups.find((group) => group.id === id) ?? noGroup(id),
    get files() {
      return [...files.all.values()];
    },
    faults,
    calls,
    dropSocket: socket.drop,
    refreshSocket: () => socket.refresh('refresh_requested'),
    sockets: socket.count,
    deliverTwice: delivery.twice,
    until,
    stop,
  };
}

function noGroup(id: string): never {
  throw new StarsError('USAGE', `There is no user group ${id}.`);
}
