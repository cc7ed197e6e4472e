/** The scopes of manifest.yml and what each is for; without one that is needed always Stars is of little use. */
export const SCOPES: Readonly<Record<string, { for: string; needed: 'always' | 'sometimes' }>> = {
  commands: { for: '/stars', needed: 'always' },
  'app_mentions:read': { for: '@stars', needed: 'always' },
  'chat:write': { for: 'the messages of runs', needed: 'always' },
  'im:write': { for: 'answers where Stars is no member of the channel', needed: 'always' },
  'users:read': {
    for: 'who is of the workspace: without it only people named by their id may do anything',
    needed: 'always',
  },
  'usergroups:read': { for: 'rights by user group', needed: 'sometimes' },
  'channels:read': { for: 'whether Stars is a member of a channel', needed: 'sometimes' },
  'groups:read': { for: 'the same for private channels', needed: 'sometimes' },
  'channels:history': { for: 'finding a message again instead of posting it twice', needed: 'sometimes' },
  'groups:history': { for: 'the same in private channels', needed: 'sometimes' },
  'im:history': { for: 'the same in direct messages', needed: 'sometimes' },
  'files:write': { for: 'long logs and reports', needed: 'sometimes' },
};
