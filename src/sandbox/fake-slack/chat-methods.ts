import type { KnownBlock } from '@slack/types';
import { checkMessage } from '../../slack/messages/limits.js';
import { optionalText, text, type Args, type Method } from './method.js';
import { refuse } from './refusal.js';
import { BOT, TEAM, type Content, type FakeMessage, type Workspace } from './workspace.js';

const MAX_METADATA_CHARS = 8_000;
const MAX_EDIT_CHARS = 4_000;

export function chatMethods(workspace: Workspace): Record<string, Method> {
  const scopes = ['chat:write'];

  function post(args: Args): Record<string, unknown> {
    const channel = workspace.writableByBot(text(args, 'channel'));
    const content = contentOf(args);
    const threadTs = optionalText(args, 'thread_ts');
    const made = { ...content, channel: channel.id, user: BOT.id, byBot: true, onlyFor: undefined, threadTs };
    const message = workspace.add(made);
    return { channel: channel.id, ts: message.ts, message: wireMessage(message, true) };
  }

  function update(args: Args): Record<string, unknown> {
    const { channel, message } = own(args, 'cant_update_message');
    workspace.edit(message, contentOf(args, MAX_EDIT_CHARS));
    return { channel, ts: message.ts, text: message.text, message: wireMessage(message, true) };
  }

  function postEphemeral(args: Args): Record<string, unknown> {
    const channel = workspace.writableByBot(text(args, 'channel'));
    const user = text(args, 'user');
    if (!channel.members.has(user)) refuse('user_not_in_channel');
    const threadTs = optionalText(args, 'thread_ts');
    const made = { ...contentOf(args), channel: channel.id, user: BOT.id, byBot: true, onlyFor: user, threadTs };
    return { message_ts: workspace.add(made).ts };
  }

  function remove(args: Args): Record<string, unknown> {
    const { channel, message } = own(args, 'cant_delete_message');
    message.deleted = true;
    return { channel, ts: message.ts };
  }

  function own(args: Args, refusal: string): { channel: string; message: FakeMessage } {
    const channel = workspace.writableByBot(text(args, 'channel'));
    const message = workspace.find(channel.id, text(args, 'ts'));
    if (!message || message.onlyFor) return refuse('message_not_found');
    return message.byBot ? { channel: channel.id, message } : refuse(refusal);
  }

  function permalink(args: Args): Record<string, unknown> {
    const channel = workspace.visibleToBot(text(args, 'channel'));
    const message = workspace.find(channel.id, text(args, 'message_ts')) ?? refuse('message_not_found');
    const link = `https://${TEAM.domain}.slack.com/archives/${channel.id}/p${message.ts.replace('.', '')}`;
    return { channel: channel.id, permalink: link };
  }

  return {
    'chat.postMessage': { scopes, call: post },
    'chat.update': { scopes, call: update },
    'chat.postEphemeral': { scopes, call: postEphemeral },
    'chat.delete': { scopes, call: remove },
    'chat.getPermalink': { scopes: [], call: permalink },
  };
}

/** The content of a new message or an edit, refused as Slack refuses it. */
export function contentOf(args: Args, maxTextChars?: number): Content {
  const words = typeof args['text'] === 'string' ? args['text'] : '';
  const blocks = args['blocks'];
  const wrong = checkMessage({ text: words, blocks }, maxTextChars);
  if (wrong) {
    const messages = wrong.problems.map(({ pointer, message }) => `[ERROR] ${message} [json-pointer:${pointer}]`);
    refuse(wrong.error, messages.length > 0 ? { errors: messages, response_metadata: { messages } } : {});
  }
  return { text: words, blocks: blocks as KnownBlock[] | undefined, metadata: metadataOf(args) };
}

function metadataOf({ metadata }: Args): unknown {
  if (metadata === undefined) return undefined;
  const known =
    typeof metadata === 'object' && metadata !== null && 'event_type' in metadata && 'event_payload' in metadata;
  if (!known) refuse('invalid_metadata_format');
  if (JSON.stringify(metadata).length > MAX_METADATA_CHARS) refuse('metadata_too_large');
  return metadata;
}

/** A message as the Web API tells it. */
export function wireMessage(message: FakeMessage, withMetadata: boolean): Record<string, unknown> {
  const { ts, user, byBot, threadTs, editedTs, blocks, metadata, reactions, files } = message;
  return {
    type: 'message',
    user,
    ts,
    text: message.text,
    team: TEAM.id,
    ...(byBot ? { bot_id: BOT.botId } : {}),
    ...(blocks ? { blocks } : {}),
    ...(threadTs ? { thread_ts: threadTs } : {}),
    ...(editedTs ? { edited: { user, ts: editedTs } } : {}),
    ...(withMetadata && metadata ? { metadata } : {}),
    ...(files.length > 0 ? { files } : {}),
    ...(reactions.length > 0
      ? { reactions: reactions.map(({ name, user: by }) => ({ name, count: 1, users: [by] })) }
      : {}),
  };
}
