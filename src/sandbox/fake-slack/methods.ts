import { chatMethods } from './chat-methods.js';
import { conversationMethods } from './conversation-methods.js';
import { fileMethods, type Files } from './file-methods.js';
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
    'usergroups.list': { scopes: ['usergroups:read'], call: () => ({ usergroups: [] }) },
    'usergroups.users.list': { scopes: ['usergroups:read'], call: () => refuse('no_such_subteam') },
    'reactions.add': { scopes: ['reactions:write'], call: (args) => react(workspace, args) },
    'views.open': { scopes: [], call: (args) => openView(triggers, args) },
    'views.publish': { scopes: [], call: (args) => ({ view: viewOf(args) }) },
    'views.update': { scopes: [], call: (args) => ({ view: viewOf(args) }) },
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

function userOf({ id, name, realName = name }: FakePerson): Record<string, unknown> {
  const profile = { real_name: realName, display_name: name };
  return { id, team_id: TEAM.id, name, real_name: realName, deleted: false, is_bot: false, profile };
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
