import { BOT, TEAM, type FakeChannel, type FakeMessage, type FakePerson } from './workspace.js';

const APP = { token: 'sandbox', api_app_id: 'A0STARS' };

/** What a person types, as Slack hands it on: escaped, but for mentions and links, which are markup by then. */
export function asSent(text: string): string {
  return text
    .split(/(<(?:[@#!]|https?:)[^>]*>)/)
    .map((part, at) =>
      at % 2 === 1 ? part : part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    )
    .join('');
}

type Reach = { responseUrl: string; triggerId: string };

/** What Slack sends for `/stars <text>`; every value is a text, as in a form. */
export function commandPayload(text: string, who: FakePerson, where: FakeChannel, { responseUrl, triggerId }: Reach) {
  return {
    ...APP,
    team_id: who.team ?? TEAM.id,
    team_domain: TEAM.domain,
    channel_id: where.id,
    channel_name: where.isPrivate ? 'privategroup' : where.name,
    user_id: who.id,
    user_name: who.name,
    command: '/stars',
    text: asSent(text),
    is_enterprise_install: 'false',
    response_url: responseUrl,
    trigger_id: triggerId,
  };
}

export function mentionPayload({ ts, channel, user, text, threadTs }: FakeMessage, who: FakePerson) {
  const thread = threadTs ? { thread_ts: threadTs } : {};
  return {
    ...APP,
    team_id: TEAM.id,
    type: 'event_callback',
    event_id: `Ev${ts.replace('.', '')}`,
    event_time: Math.floor(Number(ts)),
    authorizations: [
      { enterprise_id: null, team_id: TEAM.id, user_id: BOT.id, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: who.team !== undefined,
    event: {
      type: 'app_mention',
      user,
      text,
      ts,
      event_ts: ts,
      channel,
      team: who.team ?? TEAM.id,
      ...(who.team ? { user_team: who.team, source_team: who.team } : {}),
      ...thread,
    },
  };
}

type Press = Reach & { action: Record<string, unknown>; actionTs: string };

export function actionPayload(message: FakeMessage, who: FakePerson, where: FakeChannel, press: Press) {
  const { ts, text, threadTs, onlyFor } = message;
  return {
    ...APP,
    type: 'block_actions',
    team: { id: TEAM.id, domain: TEAM.domain },
    user: { id: who.id, username: who.name, name: who.name, team_id: who.team ?? TEAM.id },
    channel: { id: where.id, name: where.name },
    container: { type: 'message', message_ts: ts, channel_id: where.id, is_ephemeral: onlyFor !== undefined },
    message: { type: 'message', ts, text, ...(threadTs ? { thread_ts: threadTs } : {}) },
    response_url: press.responseUrl,
    trigger_id: press.triggerId,
    actions: [{ ...press.action, action_ts: press.actionTs }],
  };
}

/** The button of a message as it is told when pressed, or the menu when the option of this label was chosen. */
export function actionOf(
  { blocks = [] }: FakeMessage,
  actionId: string,
  option: string | undefined,
): Record<string, unknown> | undefined {
  for (const block of blocks) {
    const elements = block.type === 'actions' ? block.elements : block.type === 'section' ? [block.accessory] : [];
    const found = elements.find((element) => element && 'action_id' in element && element.action_id === actionId);
    if (found) return pressed({ ...found, block_id: block.block_id ?? 'b1' }, option);
  }
  return undefined;
}

// Only a menu is told with what was chosen, and without what else there was.
function pressed(
  { options, ...element }: Record<string, unknown>,
  label: string | undefined,
): Record<string, unknown> | undefined {
  if (!Array.isArray(options)) return element;
  const chosen = (options as { text: { text: string } }[]).find(({ text }) => text.text === label);
  return chosen && { ...element, selected_option: chosen };
}
