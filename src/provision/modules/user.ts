import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, list, path, text } from '../arguments.js';
import { groupAccount, userAccount, type UserAccount, type UserState } from '../facts/accounts.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';

const schema = args({
  name: text(),
  state: choice('present', 'absent').default('present'),
  uid: int().optional(),
  non_unique: bool().default(false),
  group: text().optional(),
  groups: list().optional(),
  append: bool().default(false),
  comment: text().optional(),
  home: path().optional(),
  shell: path().optional(),
  create_home: bool().default(true),
  move_home: bool().default(false),
  skeleton: path().optional(),
  umask: text().optional(),
  system: bool().default(false),
  password: text().optional(),
  password_lock: bool().optional(),
  update_password: choice('always', 'on_create').default('always'),
  expires: text().optional(),
  remove: bool().default(false),
  force: bool().default(false),
  local: bool().default(false),
  generate_ssh_key: bool().default(false),
});
type Args = ReturnType<typeof schema.parse>;

export const user = defineModule<Args>({
  name: 'user',
  summary: 'Have a login on a host, or not.',
  aliases: { user: 'name', createhome: 'create_home' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.generate_ssh_key)
      return {
        actions: [],
        failed: 'generate_ssh_key is not supported: make the key with ssh-keygen, by command and creates',
      };
    const state = await context.fact(userAccount(given.name));
    if (given.state === 'absent') return removal(given, state);
    const missing = await missingGroup(given, context);
    if (missing !== undefined && !context.checkMode) return { actions: [], failed: `Group ${missing} does not exist` };
    const commands = state.account
      ? await changes(given, state.account, context)
      : await creation(given, state, context);
    return {
      actions: commands.length > 0 ? [{ kind: 'run', command: sequence([...commands, report(given.name)]) }] : [],
      result: resultOf(given, state.account),
      finish: (results) => resultOf(given, reported(results.at(-1)?.stdout) ?? state.account),
    };
  },
});

/** Ends with the entry as it is now, for the fields that the host chose. */
function report(name: string): ShellCommand {
  return sh`printf 'stars-user ' && { getent passwd ${name} 2>/dev/null || grep ${`^${name}:`} /etc/passwd; }`;
}

function reported(stdout = ''): Pick<UserAccount, 'uid' | 'gid' | 'comment' | 'home' | 'shell'> | undefined {
  const [name, , uid, gid, comment = '', home = '', shell = ''] =
    /^stars-user (.*)$/m.exec(stdout)?.[1]?.split(':') ?? [];
  return name === undefined ? undefined : { uid: Number(uid), gid: Number(gid), comment, home, shell };
}

function removal({ name, remove, force }: Args, { account, tools }: UserState): Plan {
  const flags = [...(force ? ['-f'] : []), ...(remove ? ['-r'] : [])];
  const command = tools.shadow ? sh`userdel ${flags} ${name}` : sh`deluser ${remove ? ['--remove-home'] : []} ${name}`;
  return { actions: account ? [{ kind: 'run', command }] : [], result: dict({ name, state: 'absent', force, remove }) };
}

async function missingGroup({ group, groups = [] }: Args, context: ModuleContext): Promise<string | undefined> {
  const names = [...(group === undefined ? [] : [group]), ...groups];
  const found = await Promise.all(names.map((name) => context.fact(groupAccount(name))));
  return names.find((_, index) => found[index]?.gid === undefined);
}

async function creation(given: Args, { tools }: UserState, context: ModuleContext): Promise<ShellCommand[]> {
  const password = given.password === undefined ? [] : [setPassword(given.name, given.password)];
  const locked = given.password_lock ? [sh`usermod -L ${given.name}`] : [];
  if (!tools.shadow) return [...busyboxCreation(given), ...password];
  const sameName = given.group === undefined && (await context.fact(groupAccount(given.name))).gid !== undefined;
  const flags = [
    ...option('-u', given.uid),
    ...(given.uid !== undefined && given.non_unique ? ['-o'] : []),
    // Where a group of this name exists already, useradd would refuse to make it once more.
    ...(sameName ? ['-N'] : option('-g', given.group)),
    ...option('-G', given.groups?.join(',') || undefined),
    ...option('-c', given.comment),
    ...option('-d', given.home),
    ...option('-s', given.shell),
    ...option('-e', given.expires === undefined ? undefined : dateOf(given.expires)),
    ...(given.create_home
      ? ['-m', ...option('-k', given.skeleton), ...(given.umask === undefined ? [] : ['-K', `UMASK=${given.umask}`])]
      : ['-M']),
    ...(given.system ? ['-r'] : []),
  ];
  return [sh`useradd ${flags} ${given.name}`, ...password, ...locked];
}

function busyboxCreation(given: Args): ShellCommand[] {
  const flags = [
    '-D',
    ...option('-u', given.uid),
    ...option('-G', given.group),
    ...option('-g', given.comment),
    ...option('-h', given.home),
    ...option('-s', given.shell),
    ...(given.create_home ? [] : ['-H']),
    ...(given.system ? ['-S'] : []),
  ];
  return [
    sh`adduser ${flags} ${given.name}`,
    ...(given.groups ?? []).map((name) => sh`addgroup ${given.name} ${name}`),
  ];
}

async function changes(given: Args, account: UserAccount, context: ModuleContext): Promise<ShellCommand[]> {
  const { name } = given;
  const password =
    given.update_password === 'always' &&
    given.password !== undefined &&
    unlocked(given.password) !== unlocked(account.password);
  const flags = [
    ...(given.uid !== undefined && given.uid !== account.uid
      ? ['-u', String(given.uid), ...(given.non_unique ? ['-o'] : [])]
      : []),
    ...(await primaryGroup(given, account, context)),
    ...secondaryGroups(given, account),
    ...(given.comment !== undefined && given.comment !== account.comment ? ['-c', given.comment] : []),
    ...(given.home !== undefined && given.home !== account.home
      ? ['-d', given.home, ...(given.move_home ? ['-m'] : [])]
      : []),
    ...(given.shell !== undefined && given.shell !== account.shell ? ['-s', given.shell] : []),
    ...expiry(given, account),
    ...locking(given, account, password),
  ];
  const home = given.home ?? account.home;
  const makesHome = given.create_home && !account.homeExists && !given.move_home && home === account.home;
  return [
    ...(password ? [setPassword(name, given.password ?? '')] : []),
    ...(flags.length > 0 ? [sh`usermod ${flags} ${name}`] : []),
    ...(makesHome ? [makeHome(name, home, given.skeleton ?? '/etc/skel')] : []),
  ];
}

/** A `!` before the hash only locks it. */
function unlocked(hash: string | undefined): string | undefined {
  return hash?.replace(/^!+/, '');
}

async function primaryGroup({ group }: Args, account: UserAccount, context: ModuleContext): Promise<string[]> {
  if (group === undefined || group === account.primaryGroup) return [];
  const { gid } = await context.fact(groupAccount(group));
  return gid === account.gid ? [] : ['-g', group];
}

function secondaryGroups({ groups, append, group }: Args, account: UserAccount): string[] {
  if (groups === undefined) return [];
  const wanted = groups.filter((name) => name !== (group ?? account.primaryGroup));
  const missing = wanted.filter((name) => !account.groups.includes(name));
  if (append) return missing.length > 0 ? ['-a', '-G', missing.join(',')] : [];
  const surplus = account.groups.filter((name) => !wanted.includes(name) && name !== account.primaryGroup);
  return missing.length > 0 || surplus.length > 0 ? ['-G', wanted.join(',')] : [];
}

function expiry({ expires }: Args, { expiresDay }: UserAccount): string[] {
  if (expires === undefined) return [];
  const wanted = Number(expires) < 0 ? '' : String(Math.floor(Number(expires) / 86_400));
  return wanted === (expiresDay ?? '') ? [] : ['-e', dateOf(expires)];
}

/** A new password comes without the lock of the old one. */
function locking({ password_lock: lock }: Args, { password }: UserAccount, renewed: boolean): string[] {
  if (renewed) return lock ? ['-L'] : [];
  if (lock === undefined || password === undefined || lock === password.startsWith('!')) return [];
  return [lock ? '-L' : '-U'];
}

function dateOf(expires: string): string {
  const seconds = Number(expires);
  return seconds < 0 || Number.isNaN(seconds) ? '' : new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Through standard input, since arguments of a process can be read by everybody. */
function setPassword(name: string, hash: string): ShellCommand {
  return sh`printf '%s\\n' ${`${name}:${hash}`} | chpasswd -e`;
}

function makeHome(name: string, home: string, skeleton: string): ShellCommand {
  return sh`mkdir -p ${home} && { [ ! -d ${skeleton} ] || cp -R ${skeleton}/. ${home}; } && chown -R ${name}: ${home} && chmod 0755 ${home}`;
}

function option(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [flag, String(value)];
}

function resultOf(given: Args, account: Pick<UserAccount, 'uid' | 'gid' | 'comment' | 'home' | 'shell'> | undefined) {
  return dict({
    name: given.name,
    state: 'present',
    append: given.append,
    move_home: given.move_home,
    create_home: given.create_home,
    system: given.system,
    uid: given.uid ?? account?.uid,
    group: account?.gid,
    groups: given.groups?.join(','),
    comment: given.comment ?? account?.comment,
    home: given.home ?? account?.home,
    shell: given.shell ?? account?.shell,
    ...(given.password === undefined ? {} : { password: 'NOT_LOGGING_PASSWORD' }),
  });
}
