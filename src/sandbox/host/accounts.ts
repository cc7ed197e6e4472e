import type { Users } from './users.js';

export type AccountSpec = { name: string; uid?: number; comment?: string; home?: string; shell?: string };

const FIRST_SYSTEM_ID = 999;

/** The highest free system id, as `useradd -r` takes it. */
function freeSystemId(users: Users): number {
  const taken = new Set([...users.all().map(({ uid }) => uid), ...users.groups().map(({ gid }) => gid)]);
  let id = FIRST_SYSTEM_ID;
  while (taken.has(id)) id--;
  return id;
}

/** The account and group of a service, unless they are there. */
export function addAccount(
  users: Users,
  { name, uid, comment = '', home = '/', shell = '/sbin/nologin' }: AccountSpec,
): void {
  if (users.find(name)) return;
  const id = uid ?? freeSystemId(users);
  const group = users.findGroup(name);
  if (!group) users.write('/etc/group', [...users.lines('/etc/group'), `${name}:x:${id}:`]);
  users.write('/etc/passwd', [
    ...users.lines('/etc/passwd'),
    `${name}:x:${id}:${group?.gid ?? id}:${comment}:${home}:${shell}`,
  ]);
  users.write('/etc/shadow', [...users.lines('/etc/shadow'), `${name}:!!:18353::::::`]);
}
