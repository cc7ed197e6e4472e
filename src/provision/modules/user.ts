import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, list, path, text } from '../arguments.js';
import { groupAccount, userAccount, type UserAccount, type UserState } from '../facts/accounts.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { dict } from './result.js';
import { userKey } from './user-ssh-key.js';

const schema = args({
  name: text().describe('The login.'),
  state: choice('present', 'absent').default('present').describe('Whether the login is there.'),
  uid: int().optional().describe('Its number.'),
  non_unique: bool().default(false).describe('Allow a number that another login has.'),
  group: text().optional().describe('Its main group.'),
  groups: list().optional().describe('Its other groups.'),
  append: bool().default(false).describe('Keep groups that are not named.'),
  comment: text().optional().describe('Its full name.'),
  home: path().optional().describe('Its home folder.'),
  shell: path().optional().describe('Its shell.'),
  create_home: bool().default(true).describe('Make the home folder when it is missing.'),
  move_home: bool().default(false).describe('Move the home folder when it changes.'),
  skeleton: path().optional().describe('Folder whose content a new home folder gets.'),
  umask: text().optional().describe('Permissions that a new home folder does not get, in octal.'),
  system: bool().default(false).describe('Make it a login of the system.'),
  password: text().optional().describe('Its password, hashed as the host stores it.'),
  password_lock: bool().optional().describe('Whether its password is locked.'),
  update_password: choice('always', 'on_create')
    .default('always')
    .describe('Whether the password is set each time or only for a new login.'),
  expires: text().optional().describe('When the login ends, in seconds since 1970; a negative number means never.'),
  remove: bool().default(false).describe('Remove the home folder together with the login.'),
  force: bool().default(false).describe('Remove the login even while it is in use.'),
  local: bool()
    .default(false)
    .describe('Accepted and without effect: accounts of a directory of the network count as well.'),
  password_expire_max: int().optional().describe('Days after which the password must be changed.'),
  password_expire_min: int().optional().describe('Days for which the password cannot be changed.'),
  password_expire_warn: int().optional().describe('Days before the password expires from which its user is warned.'),
  seuser: text().optional().describe('SELinux user of a new login.'),
  generate_ssh_key: bool()
    .default(false)
    .describe('Make an SSH key for the login when it has none; anew with `force`.'),
  ssh_key_bits: int().optional().describe('Length of the key.'),
  ssh_key_type: text().default('rsa').describe('Kind of the key.'),
  ssh_key_file: path().optional().describe('File of the key, below the home folder unless it begins with a slash.'),
  ssh_key_comment: text()
    .optional()
    .describe("What stands behind the public key; made of the host's name when not given."),
  ssh_key_passphrase: text().optional().describe('What protects the key; nothing when not given.'),
  authorization: text().optional().describe('Accepted and without effect: Linux has none.'),
  hidden: bool().optional().describe('Accepted and without effect: Linux has none.'),
  login_class: text().optional().describe('Accepted and without effect: Linux has none.'),
  profile: text().optional().describe('Accepted and without effect: Linux has none.'),
  role: text().optional().describe('Accepted and without effect: Linux has none.'),
});
type Args = ReturnType<typeof schema.parse>;

export const user = defineModule<Args>({
  name: 'user',
  summary: 'Have a login on a host, or not.',
  needs: "useradd, usermod and userdel, or busybox's adduser and deluser",
  aliases: { user: 'name', createhome: 'create_home' },
  differences: [
    'In check mode a group that does not exist is no failure, since an earlier task may be about to make it.',
    '`local` is accepted and without effect: accounts are made by the same programs, without `luseradd`.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const [state, missing] = await Promise.all([
      context.fact(userAccount(given.name)),
      given.state === 'absent' ? undefined : missingGroup(given, context),
    ]);
    if (given.state === 'absent') return removal(given, state);
    if (missing !== undefined && !context.checkMode) return { actions: [], failed: `Group ${missing} does not exist` };
    const key = await userKey(given, state.account, context);
    const commands = [
      ...(state.account ? await changes(given, state.account, context) : await creation(given, state, context)),
      ...key.commands,
    ];
    return {
      actions:
        commands.length > 0 ? [{ kind: 'run', command: sequence([...commands, ...report(given.name, context)]) }] : [],
      result: dict({ ...resultOf(given, state.account, context.checkMode), ...key.fields() }),
      finish(results) {
        const { stdout, stderr = '' } = results.at(-1) ?? {};
        const account = reported(stdout) ?? state.account;
        return dict({ ...resultOf(given, account, true), ...key.fields(stdout), stderr: stderr || undefined });
      },
    };
  },
});

/** Ends with the entry as it is now, for the fields that the host chose, where anybody looks at them. */
function report(name: string, { resultIsSeen }: ModuleContext): ShellCommand[] {
  const entry = sh`printf 'stars-user ' && { getent passwd ${name} 2>/dev/null || grep ${`^${name}:`} /etc/passwd; }`;
  return resultIsSeen ? [entry] : [];
}

function reported(stdout = ''): Pick<UserAccount, 'uid' | 'gid' | 'comment' | 'home' | 'shell'> | undefined {
  const [name, , uid, gid, comment = '', home = '', shell = ''] =
    /^stars-user (.*)$/m.exec(stdout)?.[1]?.split(':') ?? [];
  return name === undefined ? undefined : { uid: Number(uid), gid: Number(gid), comment, home, shell };
}

function removal({ name, remove, force }: Args, { account, tools }: UserState): Plan {
  const flags = [...(force ? ['-f'] : []), ...(remove ? ['-r'] : [])];
  const command = tools.shadow ? sh`userdel ${flags} ${name}` : sh`deluser ${remove ? ['--remove-home'] : []} ${name}`;
  return {
    actions: account ? [{ kind: 'run', command }] : [],
    result: dict({ name, state: 'absent', force, remove }),
    finish: (results) => dict({ stderr: results.at(-1)?.stderr || undefined }),
  };
}

async function missingGroup({ group, groups = [] }: Args, context: ModuleContext): Promise<string | undefined> {
  const names = [...(group === undefined ? [] : [group]), ...groups];
  const found = await Promise.all(names.map((name) => context.fact(groupAccount(name))));
  return names.find((_, index) => found[index]?.gid === undefined);
}

async function creation(given: Args, { tools }: UserState, context: ModuleContext): Promise<ShellCommand[]> {
  const password = given.password === undefined ? [] : [setPassword(given, given.password)];
  const locked = given.password_lock && given.password === undefined ? [sh`usermod -L ${given.name}`] : [];
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
    ...option('-Z', given.seuser),
  ];
  return [sh`useradd ${flags} ${given.name}`, ...passwordAges(given, undefined), ...password, ...locked];
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
  // A folder that could not be moved, or was not to be, is made when it is not there.
  const makesHome = given.create_home && (home !== account.home || !account.homeExists);
  return [
    ...(password ? [setPassword(given, given.password ?? '')] : []),
    ...(flags.length > 0 ? [sh`usermod ${flags} ${name}`] : []),
    ...passwordAges(given, account),
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

/** Also the primary group is to name its member where it is among `groups`, as with Ansible. */
function secondaryGroups({ groups, append }: Args, account: UserAccount): string[] {
  if (groups === undefined) return [];
  const missing = groups.filter((name) => !account.groups.includes(name));
  if (append) return missing.length > 0 ? ['-a', '-G', missing.join(',')] : [];
  const surplus = account.groups.filter((name) => !groups.includes(name));
  return missing.length > 0 || surplus.length > 0 ? ['-G', groups.join(',')] : [];
}

function expiry({ expires }: Args, { expiresDay }: UserAccount): string[] {
  if (expires === undefined) return [];
  const wanted = Number(expires) < 0 ? '' : String(Math.floor(Number(expires) / 86_400));
  return wanted === (expiresDay ?? '') ? [] : ['-e', dateOf(expires)];
}

function passwordAges(given: Args, account: UserAccount | undefined): ShellCommand[] {
  const { name, password_expire_max: most, password_expire_min: least, password_expire_warn: warn } = given;
  const differs = (wanted: number | undefined, has: string | undefined) =>
    wanted !== undefined && String(wanted) !== has;
  const flags = [
    ...(differs(least, account?.minimumDays) ? option('-m', least) : []),
    ...(differs(most, account?.maximumDays) ? option('-M', most) : []),
    ...(differs(warn, account?.warningDays) ? option('-W', warn) : []),
  ];
  return flags.length > 0 ? [sh`chage ${flags} ${name}`] : [];
}

/** A new password brings its lock along, or comes without that of the old one. */
function locking({ password_lock: lock }: Args, { password }: UserAccount, renewed: boolean): string[] {
  if (renewed || lock === undefined || password === undefined || lock === password.startsWith('!')) return [];
  return [lock ? '-L' : '-U'];
}

function dateOf(expires: string): string {
  const seconds = Number(expires);
  return seconds < 0 || Number.isNaN(seconds) ? '' : new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Through standard input, since arguments of a process can be read by everybody. */
function setPassword({ name, password_lock: lock }: Args, hash: string): ShellCommand {
  return sh`printf '%s\\n' ${`${name}:${lock ? '!' : ''}${hash}`} | chpasswd -e`;
}

function makeHome(name: string, home: string, skeleton: string): ShellCommand {
  return sh`[ -e ${home} ] || { mkdir -p ${home} && { [ ! -d ${skeleton} ] || cp -R ${skeleton}/. ${home}; } && chown -R ${name}: ${home} && chmod 0755 ${home}; }`;
}

function option(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [flag, String(value)];
}

type Entry = Pick<UserAccount, 'uid' | 'gid' | 'comment' | 'home' | 'shell'>;

/** What the entry says, or what is wanted of it: as it is now after acting, and in check mode. */
function resultOf(given: Args, account: Entry | undefined, asItIs: boolean) {
  const wanted = asItIs && account ? undefined : given;
  return {
    name: given.name,
    state: 'present',
    append: given.append,
    move_home: given.move_home,
    create_home: given.create_home,
    system: given.system,
    uid: wanted?.uid ?? account?.uid,
    group: account?.gid,
    groups: given.groups?.join(','),
    comment: wanted?.comment ?? account?.comment,
    home: wanted?.home ?? account?.home,
    shell: wanted?.shell ?? account?.shell,
    ...(given.password === undefined ? {} : { password: 'NOT_LOGGING_PASSWORD' }),
  };
}
