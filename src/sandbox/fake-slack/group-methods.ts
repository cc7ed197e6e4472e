import { flag, text, type Args, type Method } from './method.js';
import { refuse } from './refusal.js';
import { TEAM, type FakeGroup, type Workspace } from './workspace.js';

/** User groups, called subteams where Slack is older. */
export function groupMethods({ groups }: Workspace): Record<string, Method> {
  const scopes = ['usergroups:read'];

  function list(args: Args): Record<string, unknown> {
    const wanted = groups.filter(({ disabled }) => !disabled || flag(args, 'include_disabled'));
    return { usergroups: wanted.map((group) => wireGroup(group, args)) };
  }

  // What Slack says of a disabled group is not documented; here it is one that does not exist.
  function members(args: Args): Record<string, unknown> {
    const id = text(args, 'usergroup');
    const found = groups.find((group) => group.id === id && (!group.disabled || flag(args, 'include_disabled')));
    return found ? { users: [...found.members] } : refuse('no_such_subteam');
  }

  return { 'usergroups.list': { scopes, call: list }, 'usergroups.users.list': { scopes, call: members } };
}

function wireGroup({ id, handle, members, disabled }: FakeGroup, args: Args): Record<string, unknown> {
  return {
    id,
    team_id: TEAM.id,
    is_usergroup: true,
    is_external: false,
    name: handle,
    handle,
    date_delete: disabled ? 1 : 0,
    user_count: members.size,
    ...(flag(args, 'include_users') ? { users: [...members] } : {}),
  };
}
