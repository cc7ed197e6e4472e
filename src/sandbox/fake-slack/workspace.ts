import type { KnownBlock } from '@slack/types';
import type { Clock } from '../../clock.js';
import { refuse } from './refusal.js';

export type FakePerson = {
  id: string;
  name: string;
  realName?: string;
  guest?: 'multi-channel' | 'single-channel';
  /** Of another workspace, in a channel that is shared with it. */
  team?: string;
  deactivated?: boolean;
};

export type FakeGroup = { id: string; handle: string; members: Set<string>; disabled: boolean };

export type FakeChannel = {
  id: string;
  name: string;
  isPrivate: boolean;
  archived: boolean;
  /** The person of a direct conversation with the bot. */
  directWith: string | undefined;
  members: Set<string>;
};

export type Content = { text: string; blocks: KnownBlock[] | undefined; metadata: unknown };

export type FakeMessage = Content & {
  ts: string;
  channel: string;
  user: string;
  byBot: boolean;
  threadTs: string | undefined;
  editedTs: string | undefined;
  /** The one person who sees it; everybody when undefined. */
  onlyFor: string | undefined;
  deleted: boolean;
  reactions: { name: string; user: string }[];
  files: { id: string; title: string }[];
  /** Everything it has shown, oldest first, the present state last. */
  versions: (Content & { at: string })[];
};

export type Workspace = ReturnType<typeof createWorkspace>;

export const BOT = { id: 'U0STARS', botId: 'B0STARS', name: 'stars' };
export const TEAM = { id: 'T0SANDBOX', name: 'sandbox', domain: 'sandbox' };

const MAX_MESSAGES = 2_000;
const MAX_VERSIONS = 500;

type Seed = {
  clock: Clock;
  people: FakePerson[];
  channels: { name: string; isPrivate?: boolean; botIsMember?: boolean }[];
  groups: { id: string; handle: string; members: string[] }[];
};

/** People, channels and messages of one Slack workspace, and Slack's rules about who may write where. */
export function createWorkspace({ clock, people, channels: seed, groups: seedGroups }: Seed) {
  const channels = new Map<string, FakeChannel>();
  const messages = new Map<string, FakeMessage[]>();
  const groups: FakeGroup[] = seedGroups.map((group) => ({
    ...group,
    members: new Set(group.members),
    disabled: false,
  }));
  let lastMicros = 0;

  for (const { name, isPrivate = false, botIsMember = true } of seed) {
    const members = [...people.map(({ id }) => id), ...(botIsMember ? [BOT.id] : [])];
    addChannel({ name, isPrivate, members, directWith: undefined });
  }

  function addChannel(
    made: Pick<FakeChannel, 'name' | 'isPrivate' | 'directWith'> & { members: string[] },
  ): FakeChannel {
    const prefix = made.directWith ? 'D' : made.isPrivate ? 'G' : 'C';
    const id = `${prefix}0${made.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')}`;
    const channel = { ...made, id, archived: false, members: new Set(made.members) };
    channels.set(id, channel);
    messages.set(id, []);
    return channel;
  }

  function person(nameOrId: string): FakePerson {
    const bare = nameOrId.replace(/^@/, '');
    return people.find(({ id, name }) => id === bare || name === bare) ?? refuse('user_not_found');
  }

  /** By id or name, as the sandbox's own callers name it. */
  function channel(nameOrId: string): FakeChannel {
    const bare = nameOrId.replace(/^#/, '');
    const found = channels.get(bare) ?? [...channels.values()].find(({ name }) => name === bare);
    return found ?? refuse('channel_not_found');
  }

  /** As the bot sees it: a private channel without it does not exist. */
  function visibleToBot(nameOrId: string): FakeChannel {
    const found = channel(nameOrId);
    return found.isPrivate && !found.members.has(BOT.id) ? refuse('channel_not_found') : found;
  }

  /** Where the bot may write; a person's id stands for the direct conversation with them. */
  function writableByBot(nameOrId: string): FakeChannel {
    if (people.some(({ id }) => id === nameOrId)) return direct(nameOrId);
    const found = visibleToBot(nameOrId);
    if (found.archived) return refuse('is_archived');
    return found.members.has(BOT.id) ? found : refuse('not_in_channel');
  }

  function direct(personId: string): FakeChannel {
    const { id, name } = person(personId);
    const known = [...channels.values()].find(({ directWith }) => directWith === id);
    return known ?? addChannel({ name: `dm-${name}`, isPrivate: true, members: [id, BOT.id], directWith: id });
  }

  /** A new message; an answer to an answer goes below the root of its thread, as in Slack. */
  function add(
    made: Content &
      Pick<FakeMessage, 'channel' | 'user' | 'byBot' | 'onlyFor'> & {
        threadTs?: string | undefined;
        files?: FakeMessage['files'];
      },
  ) {
    const root = made.threadTs ? find(made.channel, made.threadTs) : undefined;
    if (made.threadTs && !root) return refuse('thread_not_found');
    const message: FakeMessage = {
      files: [],
      ...made,
      ts: nextTs(),
      threadTs: root ? (root.threadTs ?? root.ts) : undefined,
      editedTs: undefined,
      deleted: false,
      reactions: [],
      versions: [versionOf(made)],
    };
    const list = messages.get(made.channel) ?? [];
    list.push(message);
    if (list.length > MAX_MESSAGES) list.shift();
    return message;
  }

  /** Blocks and metadata that are left out stay as they were, as in Slack. */
  function edit(message: FakeMessage, { text, blocks, metadata }: Partial<Content>): void {
    message.text = text ?? message.text;
    message.blocks = blocks === undefined ? message.blocks : blocks;
    message.metadata = metadata === undefined ? message.metadata : metadata;
    message.editedTs = nextTs();
    message.versions.push(versionOf(message));
    if (message.versions.length > MAX_VERSIONS) message.versions.splice(1, 1);
  }

  function versionOf({ text, blocks, metadata }: Content): FakeMessage['versions'][number] {
    return { at: clock.now().toISOString(), text, blocks, metadata };
  }

  function find(channelId: string, ts: string): FakeMessage | undefined {
    return messages.get(channelId)?.find((message) => message.ts === ts && !message.deleted);
  }

  /** All messages of a channel that still stand, oldest first. */
  function list(channelId: string): FakeMessage[] {
    return (messages.get(channelId) ?? []).filter(({ deleted }) => !deleted);
  }

  /** The root and its answers, oldest first. */
  function thread(channelId: string, rootTs: string): FakeMessage[] {
    return list(channelId).filter(({ ts, threadTs }) => ts === rootTs || threadTs === rootTs);
  }

  function nextTs(): string {
    lastMicros = Math.max(lastMicros + 1, clock.now().getTime() * 1_000);
    return `${Math.floor(lastMicros / 1_000_000)}.${String(lastMicros % 1_000_000).padStart(6, '0')}`;
  }

  return {
    people,
    groups,
    channels,
    person,
    channel,
    visibleToBot,
    writableByBot,
    direct,
    add,
    edit,
    find,
    list,
    thread,
    nextTs,
  };
}
