import { wireMessage } from './chat-methods.js';
import { flag, optionalText, text, type Args, type Method } from './method.js';
import { refuse } from './refusal.js';
import { BOT, type FakeChannel, type FakeMessage, type Workspace } from './workspace.js';

export function conversationMethods(workspace: Workspace): Record<string, Method> {
  const read = ['channels:read', 'groups:read'];
  const history = ['channels:history', 'groups:history', 'im:history'];

  function readable(args: Args): FakeChannel {
    const channel = workspace.visibleToBot(text(args, 'channel'));
    return channel.members.has(BOT.id) ? channel : refuse('not_in_channel');
  }

  function historyOf(args: Args): Record<string, unknown> {
    const { id } = readable(args);
    const roots = workspace.list(id).filter(({ threadTs, onlyFor }) => !threadTs && !onlyFor);
    return page(inRange(roots, args).toReversed(), args);
  }

  function repliesOf(args: Args): Record<string, unknown> {
    const { id } = readable(args);
    const ts = text(args, 'ts');
    if (!workspace.find(id, ts)) refuse('thread_not_found');
    const thread = workspace.thread(id, ts).filter(({ onlyFor }) => !onlyFor);
    return page(inRange(thread, args), args);
  }

  function join(args: Args): Record<string, unknown> {
    const channel = workspace.visibleToBot(text(args, 'channel'));
    if (channel.isPrivate) refuse('method_not_supported_for_channel_type');
    channel.members.add(BOT.id);
    return { channel: wireChannel(channel) };
  }

  function list(args: Args): Record<string, unknown> {
    const types = (optionalText(args, 'types') ?? 'public_channel').split(',');
    const channels = [...workspace.channels.values()].filter((channel) => {
      if (channel.directWith) return types.includes('im');
      return channel.isPrivate
        ? types.includes('private_channel') && channel.members.has(BOT.id)
        : types.includes('public_channel');
    });
    return { channels: channels.map(wireChannel), response_metadata: { next_cursor: '' } };
  }

  return {
    'conversations.info': {
      scopes: read,
      call: (args) => ({ channel: wireChannel(workspace.visibleToBot(text(args, 'channel'))) }),
    },
    'conversations.history': { scopes: history, call: historyOf },
    'conversations.replies': { scopes: history, call: repliesOf },
    'conversations.members': {
      scopes: read,
      call: (args) => ({ members: [...readable(args).members], response_metadata: { next_cursor: '' } }),
    },
    'conversations.join': { scopes: ['channels:join'], call: join },
    'conversations.list': { scopes: read, call: list },
    'conversations.open': {
      scopes: ['im:write'],
      call: (args) => ({ channel: { id: workspace.direct(text(args, 'users')).id } }),
    },
  };
}

function wireChannel({ id, name, isPrivate, archived, directWith, members }: FakeChannel): Record<string, unknown> {
  return {
    id,
    name,
    is_channel: !isPrivate,
    is_group: isPrivate && !directWith,
    is_im: directWith !== undefined,
    is_private: isPrivate,
    is_archived: archived,
    is_member: members.has(BOT.id),
    num_members: members.size,
    ...(directWith ? { user: directWith } : {}),
  };
}

function inRange(messages: FakeMessage[], args: Args): FakeMessage[] {
  const oldest = Number(args['oldest'] ?? 0);
  const latest = Number(args['latest'] ?? Number.POSITIVE_INFINITY);
  return messages.filter(({ ts }) => Number(ts) >= oldest && Number(ts) <= latest);
}

function page(messages: FakeMessage[], args: Args): Record<string, unknown> {
  const limit = Math.min(Math.max(Number(args['limit'] ?? 100) || 100, 1), 999);
  const from = Number(optionalText(args, 'cursor')?.replace(/^from-/, '') ?? 0);
  if (!Number.isInteger(from) || from < 0) refuse('invalid_cursor');
  const more = from + limit < messages.length;
  return {
    messages: messages
      .slice(from, from + limit)
      .map((message) => wireMessage(message, flag(args, 'include_all_metadata'))),
    has_more: more,
    response_metadata: { next_cursor: more ? `from-${from + limit}` : '' },
  };
}
