import { complain, readLine } from '../kernel/io.js';
import type { Machine } from '../machine.js';
import type { User } from '../users.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';

const SECURE_PATH = '/sbin:/bin:/usr/sbin:/usr/bin';
const TRIES = 3;

type Grant = { password: boolean };

/** As sudo 1.8 with /etc/sudoers and /etc/sudoers.d: -n -S -H -E -i -s -p -u -g -k -v -l, NAME=value before the command. */
export const sudo: Tool = async (call) => {
  const { machine, proc } = call;
  const options = parseOptions(call.args, {
    letters: 'nSHEisbkKvlAp:u:g:C:h:r:t:',
    long: {
      'non-interactive': 'n',
      stdin: 'S',
      'set-home': 'H',
      'preserve-env': 'E',
      login: 'i',
      shell: 's',
      prompt: 'p',
      user: 'u',
      group: 'g',
      'reset-timestamp': 'k',
      validate: 'v',
      list: 'l',
    },
    inOrder: true,
  });
  const argv = [...options.operands];
  const assignments = takeAssignments(argv);
  const caller = machine.users.find(proc.user.uid);
  if (!caller) throw new UsageFault(`unknown uid ${proc.user.uid}: who are you?`);
  const target = targetUser(machine, options.value('u') ?? 'root');
  if (machine.sudoFault === 'missing') {
    await complain(proc, `sh: ${call.args.length === 0 ? 'sudo' : 'sudo'}: command not found`);
    return 127;
  }
  if (machine.sudoFault === 'hangs') await proc.wait(() => () => {});
  if (machine.sudoFault === 'tty' || requiresTerminal(machine, caller)) {
    throw new UsageFault('sorry, you must have a tty to run sudo');
  }
  if (argv.length === 0 && !options.has('i') && !options.has('s')) {
    if (options.has('k') || options.has('K')) return 0;
    if (!options.has('v') && !options.has('l')) {
      await complain(proc, 'usage: sudo -h | -K | -k | -V');
      return 1;
    }
  }
  const allowed = await authorize(call, caller, {
    silent: options.has('n'),
    fromInput: options.has('S'),
    prompt: options.value('p'),
  });
  if (!allowed) return 1;
  if (options.has('v') || options.has('l')) return 0;
  becomeUser(call, caller, target, { keepEnvironment: options.has('E'), assignments });
  if (options.has('i')) proc.cwd = machine.fs.find(target.home)?.kind === 'dir' ? target.home : '/';
  return runAs(call, argv, target, options.has('i') ? 'login' : options.has('s') ? 'shell' : 'command');
};

function takeAssignments(argv: string[]): [string, string][] {
  const assignments: [string, string][] = [];
  while (/^[A-Za-z_]\w*=/.test(argv[0] ?? '')) {
    const text = argv.shift() as string;
    const equals = text.indexOf('=');
    assignments.push([text.slice(0, equals), text.slice(equals + 1)]);
  }
  return assignments;
}

function targetUser({ users }: Machine, text: string): User {
  const user = users.find(/^#\d+$/.test(text) ? Number(text.slice(1)) : text);
  if (!user) throw new UsageFault(`unknown user: ${text}`);
  return user;
}

async function runAs(call: Call, argv: string[], target: User, kind: 'login' | 'shell' | 'command'): Promise<number> {
  const { proc, machine } = call;
  const shell = target.shell || '/bin/sh';
  const script = argv.map((word) => word.replace(/[^\w@%+=:,./-]/g, '\\$&')).join(' ');
  if (kind === 'login') {
    const command = argv.length > 0 ? ['-c', script] : [];
    return machine.kernel.exec(proc, [`-${shell.split('/').at(-1)}`, ...command], shell);
  }
  if (kind === 'shell') return machine.kernel.exec(proc, argv.length > 0 ? [shell, '-c', script] : [shell], shell);
  let path: string;
  try {
    path = machine.kernel.search(proc, argv[0] ?? '');
  } catch {
    await call.complain(`${argv[0]}: command not found`);
    return 1;
  }
  proc.argv = argv;
  return machine.kernel.exec(proc, argv, path);
}

function becomeUser(
  { proc, machine }: Call,
  caller: User,
  target: User,
  { keepEnvironment, assignments }: { keepEnvironment: boolean; assignments: [string, string][] },
): void {
  const kept = keepEnvironment
    ? [...proc.environment]
    : [...proc.environment].filter(([name]) =>
        /^(TERM|LANG|LC_\w+|DISPLAY|XAUTHORITY|PS1|HOSTNAME|LS_COLORS|MAIL)$/.test(name),
      );
  proc.environment = new Map<string, string>([
    ...kept,
    ['HOME', target.home],
    ['SHELL', target.shell],
    ['USER', target.name],
    ['LOGNAME', target.name],
    ['PATH', SECURE_PATH],
    ['SUDO_USER', caller.name],
    ['SUDO_UID', String(caller.uid)],
    ['SUDO_GID', String(caller.gid)],
    ['SUDO_COMMAND', proc.argv.slice(1).join(' ')],
    ...assignments,
  ]);
  proc.user = machine.users.credentials(target);
}

async function authorize(
  call: Call,
  caller: User,
  { silent, fromInput, prompt }: { silent: boolean; fromInput: boolean; prompt: string | undefined },
): Promise<boolean> {
  const { machine } = call;
  const grant = grantFor(machine, caller);
  const needsPassword =
    caller.uid !== 0 &&
    (machine.sudoFault === 'password' || machine.sudoFault === 'not-allowed' || (grant?.password ?? true));
  if (needsPassword) {
    if (silent) throw new UsageFault('a password is required');
    if (!fromInput) {
      await call.complain('no tty present and no askpass program specified');
      return false;
    }
    if (!(await askPassword(call, caller, prompt))) return false;
  }
  if (grant && machine.sudoFault !== 'not-allowed') return true;
  await complain(call.proc, `${caller.name} is not in the sudoers file.  This incident will be reported.`);
  return false;
}

async function askPassword(
  call: Call,
  caller: User,
  prompt = `[sudo] password for ${caller.name}: `,
): Promise<boolean> {
  const { proc, machine } = call;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await proc.files
      .get(2)
      ?.write(Buffer.from(prompt.replaceAll('%u', caller.name).replaceAll('%p', caller.name), 'latin1'), proc);
    const line = await readLine(proc, proc.file(0));
    if (line === '') {
      await complain(
        proc,
        `\nsudo: ${attempt === 1 ? 'no password was provided' : `${attempt - 1} incorrect password attempt${attempt > 2 ? 's' : ''}`}`,
      );
      return false;
    }
    if (machine.users.passwordMatches(caller.name, line.replace(/\n$/, ''))) return true;
    if (attempt < TRIES) await complain(proc, 'Sorry, try again.');
  }
  await complain(proc, `sudo: ${TRIES} incorrect password attempts`);
  return false;
}

/** The last rule of the sudoers files that names the user; undefined when none does. */
function grantFor(machine: Machine, { name, uid, gid }: User): Grant | undefined {
  if (uid === 0) return { password: false };
  const groups = machine.users.groups().filter((group) => group.gid === gid || group.members.includes(name));
  let grant: Grant | undefined;
  for (const line of sudoersLines(machine)) {
    const found = /^(\S+)\s+\S+\s*=\s*(?:\([^)]*\)\s*)?(.*)$/.exec(line);
    if (!found || line.startsWith('Defaults')) continue;
    const who = found[1] as string;
    const mine =
      who === name ||
      who === 'ALL' ||
      (who.startsWith('%') && groups.some((group) => `%${group.name}` === who)) ||
      who === `#${uid}`;
    if (mine) grant = { password: !/\bNOPASSWD:/.test(found[2] ?? '') };
  }
  return grant;
}

function requiresTerminal(machine: Machine, { name }: User): boolean {
  let required = false;
  for (const line of sudoersLines(machine)) {
    const found = /^Defaults(?::(\S+))?\s+(!?)requiretty/.exec(line);
    if (found && (found[1] === undefined || found[1] === name)) required = found[2] === '';
  }
  return required;
}

function sudoersLines({ users, fs }: Machine): string[] {
  const folder = fs.find('/etc/sudoers.d');
  const names =
    folder?.kind === 'dir'
      ? fs
          .names(folder)
          .filter((name) => !/[.~]/.test(name))
          .sort()
      : [];
  return ['/etc/sudoers', ...names.map((name) => `/etc/sudoers.d/${name}`)]
    .flatMap((path) => users.lines(path))
    .map((line) => line.trim());
}

/** `su [-] [user] [-c command]`: root needs no password, everybody else types it. */
export const su: Tool = async (call) => {
  const { machine, proc } = call;
  const login = call.args.some((arg) => arg === '-' || arg === '-l' || arg === '--login');
  const options = parseOptions(
    call.args.filter((arg) => arg !== '-'),
    { letters: 'lmpc:s:', long: { login: 'l', command: 'c', shell: 's', 'preserve-environment': 'p' } },
  );
  const [name = 'root'] = options.operands;
  const target = machine.users.find(name);
  if (!target) throw new UsageFault(`user ${name} does not exist`);
  if (proc.user.uid !== 0) {
    await proc.files.get(2)?.write(Buffer.from('Password: '), proc);
    const line = await readLine(proc, proc.file(0));
    if (!machine.users.passwordMatches(target.name, line.replace(/\n$/, '')))
      throw new UsageFault('Authentication failure');
  }
  const shell = options.value('s') ?? (target.shell || '/bin/sh');
  proc.user = machine.users.credentials(target);
  if (!options.has('m') && !options.has('p')) {
    for (const [key, value] of [
      ['HOME', target.home],
      ['SHELL', target.shell],
    ] as const)
      proc.environment.set(key, value);
    if (target.uid !== 0 || login) for (const key of ['USER', 'LOGNAME']) proc.environment.set(key, target.name);
  }
  if (login) {
    proc.environment.set(
      'PATH',
      target.uid === 0 ? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin' : '/usr/local/bin:/usr/bin',
    );
    if (machine.fs.find(target.home)?.kind === 'dir') proc.cwd = target.home;
  }
  const command = options.value('c');
  const argv = [
    login ? `-${shell.split('/').at(-1)}` : shell,
    ...(command === undefined ? [] : ['-c', command]),
    ...options.operands.slice(1),
  ];
  return machine.kernel.exec(proc, argv, shell);
};
