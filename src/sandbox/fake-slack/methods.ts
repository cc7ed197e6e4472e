import { chatMethods } from './chat-methods.js';
import { conversationMethods } from './conversation-methods.js';
import { fileMethods, type Files } from './file-methods.js';
import { groupMethods } from './group-methods.js';
import { text, type Args, type Method } from './method.js';
import type { Triggers } from './triggers.js';
import { BOT, TEAM, type FakePerson, type Workspace } from './workspace.js';
import { refuse } from './refusal.js';

export type MethodParts = {
  workspace: Workspace;
  files: Files;
  triggers: Triggers;
  /** A new address for Socket Mode. */
  openSocket: () => string;
};

/** Every method of Slack's Web API that the fake knows, by name. */
export function createMethods({ workspace, files, triggers, openSocket }: MethodParts): Record<string, Method> {
  return {
    'auth.test': { scopes: [], call: () => identity() },
    'apps.connections.open': { scopes: ['connections:write'], token: 'app', call: () => ({ url: openSocket() }) },
    'team.info': { scopes: ['team:read'], call: () => ({ team: TEAM }) },
    'users.info': {
      scopes: ['users:read'],
      call: (args) => {
        const user = workspace.people.find(({ id }) => id === text(args, 'user'));
        return user ? { user: userOf(user) } : refuse('user_not_found');
      },
    },
    'users.list': {
      scopes: ['users:read'],
      call: () => ({ members: workspace.people.map(userOf), response_metadata: { next_cursor: '' } }),
    },
    'reactions.add': { scopes: ['reactions:write'], call: (args) => react(workspace, args) },
    'views.open': { scopes: [], call: (args) => openView(triggers, args) },
    'views.publish': { scopes: [], call: (args) => ({ view: viewOf(args) }) },
    'views.update': { scopes: [], call: (args) => ({ view: viewOf(args) }) },
    ...groupMethods(workspace),
    ...chatMethods(workspace),
    ...conversationMethods(workspace),
    ...fileMethods(workspace, files),
  };
}

function identity(): Record<string, unknown> {
  return {
    url: 'https://sandbox.slack.com/',
    team: TEAM.name,
    team_id: TEAM.id,
    user: BOT.name,
    user_id: BOT.id,
    bot_id: BOT.botId,
    is_enterprise_install: false,
  };
}

function userOf(person: FakePerson): Record<string, unknown> {
  const { id, name, realName = name, guest, team = TEAM.id, deactivated = false } = person;
  const profile = { real_name: realName, display_name: name, team };
  const common = { id, team_id: team, name, real_name: realName, deleted: deactivated, is_bot: false, profile };
  // Of somebody from elsewhere Slack says less.
  if (person.team) return { ...common, is_stranger: false };
  return { ...common, is_restricted: guest !== undefined, is_ultra_restricted: guest === 'single-channel' };
}

function react(workspace: Workspace, args: Args): Record<string, unknown> {
  const channel = workspace.writableByBot(text(args, 'channel'));
  const message = workspace.find(channel.id, text(args, 'timestamp')) ?? refuse('message_not_found');
  const name = text(args, 'name');
  if (message.reactions.some((reaction) => reaction.name === name && reaction.user === BOT.id))
    refuse('already_reacted');
  message.reactions.push({ name, user: BOT.id });
  return {};
}

function openView(triggers: Triggers, args: Args): Record<string, unknown> {
  triggers.exchange(text(args, 'trigger_id'));
  return { view: viewOf(args) };
}

function viewOf({ view }: Args): Record<string, unknown> {
  if (typeof view !== 'object' || view === null || !('type' in view)) return refuse('invalid_arguments');
  return { id: 'V0SANDBOX', team_id: TEAM.id, hash: '1', ...view };
}
