import { z } from 'zod';

/** Something a person asked of Stars in Slack. */
export type Incoming = {
  /** The same for every delivery of the same thing. */
  key: string;
  kind: 'command' | 'mention' | 'action';
  /** The words after `/stars` or `@stars`; for an action its value. */
  text: string;
  person: { id: string; name: string };
  channel: { id: string; name?: string | undefined };
  threadTs?: string | undefined;
  responseUrl?: string | undefined;
  action?: { id: string; value: string; messageTs: string } | undefined;
};

const Id = z.string().min(1).max(255);

const SlashCommand = z.object({
  trigger_id: Id.optional(),
  text: z.string().max(12_000).default(''),
  user_id: Id,
  user_name: z.string().optional(),
  channel_id: Id,
  channel_name: z.string().optional(),
  response_url: z.url().optional(),
});

const MentionEvent = z.object({
  event_id: Id,
  event: z.object({
    text: z.string().max(40_000).default(''),
    user: Id,
    channel: Id,
    ts: Id,
    thread_ts: Id.optional(),
    bot_id: z.string().optional(),
    edited: z.unknown().optional(),
  }),
});

const BlockActions = z.object({
  trigger_id: Id.optional(),
  user: z.object({ id: Id, name: z.string().optional(), username: z.string().optional() }),
  channel: z.object({ id: Id, name: z.string().optional() }),
  message: z.object({ ts: Id, thread_ts: Id.optional() }),
  response_url: z.url().optional(),
  actions: z
    .array(
      z.object({
        action_id: Id,
        value: z.string().max(2_000).optional(),
        selected_option: z.object({ value: z.string().max(2_000) }).nullish(),
      }),
    )
    .min(1),
});

/** A slash command's payload as Incoming; undefined when it is not one. `envelopeId` is Socket Mode's. */
function fromCommand(body: unknown, envelopeId: string | undefined): Incoming | undefined {
  const { data } = SlashCommand.safeParse(body);
  const key = data?.trigger_id ?? envelopeId;
  if (!data || !key) return undefined;
  return {
    key,
    kind: 'command',
    text: data.text.trim(),
    person: { id: data.user_id, name: data.user_name ?? data.user_id },
    channel: { id: data.channel_id, name: data.channel_name },
    responseUrl: data.response_url,
  };
}

/** A mention as Incoming; undefined for what bots say and for edits, which nobody means as a new command. */
function fromMention(body: unknown, botUserId: string): Incoming | undefined {
  const { data } = MentionEvent.safeParse(body);
  if (!data || data.event.bot_id || data.event.edited) return undefined;
  const { text, user, channel, ts, thread_ts: threadTs } = data.event;
  return {
    key: data.event_id,
    kind: 'mention',
    text: text.replace(new RegExp(`^[\\s\\S]*?<@${botUserId}(?:\\|[^>]*)?>`), '').trim(),
    person: { id: user, name: user },
    channel: { id: channel },
    threadTs: threadTs ?? ts,
  };
}

/** A pressed button or chosen option as Incoming; undefined when the payload is not one of ours. */
function fromAction(body: unknown, envelopeId: string | undefined): Incoming | undefined {
  const { data } = BlockActions.safeParse(body);
  const action = data?.actions[0];
  const key = data?.trigger_id ?? envelopeId;
  if (!data || !action || !key) return undefined;
  const value = action.value ?? action.selected_option?.value ?? '';
  return {
    key,
    kind: 'action',
    text: value,
    person: { id: data.user.id, name: data.user.username ?? data.user.name ?? data.user.id },
    channel: data.channel,
    threadTs: data.message.thread_ts,
    responseUrl: data.response_url,
    action: { id: action.action_id, value, messageTs: data.message.ts },
  };
}

/** Who Stars is in Slack, and what its slash command is called. */
type Addressee = { envelopeId: string | undefined; botUserId: string; command: string };

/** Any payload of Slack's as Incoming; undefined when nobody asks anything of Stars with it. */
export function fromRequest(body: unknown, { envelopeId, botUserId, command }: Addressee): Incoming | undefined {
  const { data } = Kind.safeParse(body);
  if (data?.type === 'event_callback')
    return data.event?.type === 'app_mention' ? fromMention(body, botUserId) : undefined;
  if (data?.type === 'block_actions') return fromAction(body, envelopeId);
  return data?.command === command ? fromCommand(body, envelopeId) : undefined;
}

const Kind = z.object({
  type: z.string().optional(),
  command: z.string().optional(),
  event: z.object({ type: z.string() }).optional(),
});
