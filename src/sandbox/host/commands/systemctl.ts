import { ROOT } from '../fs/inode.js';
import { signalNumber, SIGNALS } from '../kernel/signals.js';
import type { JobResult } from '../services/manager.js';
import { readUnit, unitName } from '../services/unit-file.js';
import { folderName } from '../kernel/path.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { makeParents } from './files.js';
import { cat, listUnitFiles, listUnits, say, show, status } from './systemctl-views.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';

const LONG = {
  quiet: 'q',
  'no-pager': 'P',
  'no-legend': 'N',
  'no-block': 'B',
  property: 'p',
  type: 't',
  all: 'a',
  full: 'l',
  lines: 'n',
  now: 'w',
  force: 'f',
  signal: 's',
  runtime: 'R',
  'no-ask-password': 'P',
  state: 'S',
  'kill-who': 'K',
  system: 'P',
  'no-reload': 'P',
  plain: 'P',
  version: 'V',
  value: 'v',
  output: 'o',
  failed: 'F',
};

/** As systemd 219 of CentOS 7, with its exit statuses and messages. */
export const systemctl: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'qPNBp:t:aln:wfs:RS:K:Vvo:FH:', long: LONG });
  if (options.has('V')) {
    await call.print(
      'systemd 219\n+PAM +AUDIT +SELINUX +IMA -APPARMOR +SMACK +SYSVINIT +UTMP +LIBCRYPTSETUP +GCRYPT +GNUTLS +ACL +XZ +LZ4 -SECCOMP +BLKID +ELFUTILS +KMOD +IDN\n',
    );
    return 0;
  }
  const [verb = 'list-units', ...names] = options.operands;
  const action = VERBS[verb];
  if (!action) throw new UsageFault(`Unknown operation ${verb}.`);
  if (CHANGING.includes(verb) && call.user.uid !== 0) {
    await say(
      call,
      `Failed to ${verb} ${names.map(unitName).join(', ')}: Interactive authentication required.`.replace(/ :/, ':'),
    );
    return ['enable', 'disable', 'mask', 'unmask', 'daemon-reload'].includes(verb) ? 1 : 4;
  }
  if (names.length === 0 && NEEDS_UNIT.includes(verb)) throw new UsageFault('Too few arguments.');
  return action(call, names, options);
};

type Verb = (call: Call, names: string[], options: Options) => Promise<number>;

const CHANGING = [
  'start',
  'stop',
  'restart',
  'reload',
  'try-restart',
  'condrestart',
  'reload-or-restart',
  'enable',
  'disable',
  'reenable',
  'mask',
  'unmask',
  'daemon-reload',
  'daemon-reexec',
  'kill',
  'reset-failed',
  'preset',
];
const NEEDS_UNIT = [
  'start',
  'stop',
  'restart',
  'reload',
  'try-restart',
  'enable',
  'disable',
  'mask',
  'unmask',
  'is-enabled',
  'cat',
  'kill',
];

const VERBS: Readonly<Record<string, Verb>> = {
  start: (call, names) => jobs(call, names, 'start', (name) => call.machine.services.start(name)),
  stop: (call, names) => jobs(call, names, 'stop', (name) => call.machine.services.stop(name)),
  restart: (call, names) => jobs(call, names, 'restart', (name) => call.machine.services.restart(name)),
  'try-restart': (call, names) => jobs(call, names, 'try-restart', tryRestart(call)),
  condrestart: (call, names) => jobs(call, names, 'try-restart', tryRestart(call)),
  reload: (call, names) => jobs(call, names, 'reload', (name) => reload(call, name)),
  'reload-or-restart': (call, names) =>
    jobs(call, names, 'restart', async (name) => {
      const reloaded = await call.machine.services.reload(name);
      return reloaded.ok ? reloaded : call.machine.services.restart(name);
    }),
  enable,
  disable,
  reenable: async (call, names, options) => (await disable(call, names, options)) || enable(call, names, options),
  preset: async () => 0,
  mask,
  unmask,
  'daemon-reload': async (call) => {
    call.machine.services.reloadDefinitions();
    return 0;
  },
  'daemon-reexec': async (call) => {
    call.machine.services.reloadDefinitions();
    return 0;
  },
  'reset-failed': async (call, names) => {
    for (const name of names.length > 0 ? names : [undefined]) call.machine.services.resetFailed(name);
    return 0;
  },
  kill: async (call, names, options) => {
    for (const name of names)
      call.machine.services.kill(name, signalNumber(options.value('s') ?? 'TERM') ?? SIGNALS.TERM);
    return 0;
  },
  'is-active': isActive,
  'is-failed': async (call, names, options) => {
    const states = names.map((name) => activeState(call, name));
    if (!options.has('q')) await call.print(states.map((state) => `${state}\n`).join(''));
    return states.includes('failed') ? 0 : 1;
  },
  'is-enabled': isEnabled,
  'is-system-running': async (call) => {
    await call.print('running\n');
    return 0;
  },
  status,
  show,
  cat,
  'list-units': listUnits,
  'list-unit-files': listUnitFiles,
  'get-default': async (call) => {
    await call.print('multi-user.target\n');
    return 0;
  },
  'set-default': async () => 0,
};

async function jobs(
  call: Call,
  names: string[],
  verb: string,
  act: (name: string) => Promise<JobResult>,
): Promise<number> {
  let status = 0;
  for (const text of names) {
    const name = unitName(text);
    const { services } = call.machine;
    const known = services.state(name);
    if (known && services.needsReload(known))
      await say(call, `Warning: ${name} changed on disk. Run 'systemctl daemon-reload' to reload units.`);
    const result = await act(name);
    if (result.ok) continue;
    status = await explain(call, name, verb, result);
  }
  return status;
}

async function explain(call: Call, name: string, verb: string, result: JobResult & { ok: false }): Promise<number> {
  if (result.kind === 'not-found') {
    await say(
      call,
      verb === 'stop'
        ? `Failed to stop ${name}: Unit ${name} not loaded.`
        : `Failed to ${verb} ${name}: Unit not found.`,
    );
    return 5;
  }
  if (result.kind === 'reported') return 1;
  if (result.kind === 'masked') await say(call, `Failed to ${verb} ${name}: Unit is masked.`);
  else if (result.kind === 'dependency')
    await say(call, `A dependency job for ${name} failed. See 'journalctl -xe' for details.`);
  else {
    const reason =
      result.code === 'start-limit'
        ? 'start of the service was attempted too often'
        : 'the control process exited with error code';
    await say(
      call,
      `Job for ${name} failed because ${reason}. See "systemctl status ${name}" and "journalctl -xe" for details.`,
    );
  }
  return 1;
}

function tryRestart(call: Call): (name: string) => Promise<JobResult> {
  return async (name) =>
    call.machine.services.state(name)?.active === 'active' ? call.machine.services.restart(name) : { ok: true };
}

async function reload(call: Call, name: string): Promise<JobResult> {
  const result = await call.machine.services.reload(name);
  if (result.ok || (result.kind !== 'not-applicable' && result.kind !== 'not-active')) return result as JobResult;
  await say(
    call,
    result.kind === 'not-active'
      ? `${name} is not active, cannot reload.`
      : `Failed to reload ${name}: Job type reload is not applicable for unit ${name}.`,
  );
  return { ok: false, kind: 'reported', code: 'exit-code' };
}

async function enable(call: Call, names: string[], options: Options): Promise<number> {
  const { services } = call.machine;
  for (const text of names) {
    const name = unitName(text);
    const definition = readUnit(call.fs, name);
    if (!definition) {
      await say(call, 'Failed to execute operation: No such file or directory');
      return 1;
    }
    if (definition.masked) {
      await say(call, 'Failed to execute operation: Cannot send after transport endpoint shutdown');
      return 1;
    }
    const links = services.installLinks(definition);
    if (links.length === 0) {
      await say(call, 'The unit files have no [Install] section. They are not meant to be enabled\nusing systemctl.');
      continue;
    }
    for (const link of links) {
      if (call.fs.find(link, ROOT, false)) continue;
      makeParents(call, folderName(link));
      call.fs.symlink(definition.path, link, ROOT);
      await say(call, `Created symlink from ${link} to ${definition.path}.`);
    }
    services.reloadDefinitions();
    if (options.has('w')) {
      const status = await jobs(call, [name], 'start', (unit) => services.start(unit));
      if (status !== 0) return status;
    }
  }
  return 0;
}

async function disable(call: Call, names: string[], options: Options): Promise<number> {
  const { services } = call.machine;
  for (const text of names) {
    const name = unitName(text);
    const definition = readUnit(call.fs, name);
    if (!definition) {
      await say(call, 'Failed to execute operation: No such file or directory');
      return 1;
    }
    for (const link of services.installLinks(definition)) {
      if (!call.fs.find(link, ROOT, false)) continue;
      call.fs.unlink(link, ROOT);
      await say(call, `Removed symlink ${link}.`);
    }
    services.reloadDefinitions();
    if (options.has('w')) await services.stop(name);
  }
  return 0;
}

async function mask(call: Call, names: string[]): Promise<number> {
  for (const text of names) {
    const path = `/etc/systemd/system/${unitName(text)}`;
    const node = call.fs.find(path, ROOT, false);
    if (node?.kind === 'symlink' && node.target === '/dev/null') continue;
    if (node?.kind === 'file') {
      await say(call, 'Failed to execute operation: File exists');
      return 1;
    }
    if (node) call.fs.unlink(path, ROOT);
    call.fs.symlink('/dev/null', path, ROOT);
    await say(call, `Created symlink from ${path} to /dev/null.`);
  }
  call.machine.services.reloadDefinitions();
  return 0;
}

async function unmask(call: Call, names: string[]): Promise<number> {
  for (const text of names) {
    const path = `/etc/systemd/system/${unitName(text)}`;
    const node = call.fs.find(path, ROOT, false);
    if (node?.kind !== 'symlink' || node.target !== '/dev/null') continue;
    call.fs.unlink(path, ROOT);
    await say(call, `Removed symlink ${path}.`);
  }
  call.machine.services.reloadDefinitions();
  return 0;
}

function activeState(call: Call, name: string): string {
  return call.machine.services.state(name)?.active ?? 'unknown';
}

async function isActive(call: Call, names: string[], options: Options): Promise<number> {
  const states = names.map((name) => activeState(call, name));
  if (!options.has('q')) await call.print(states.map((state) => `${state}\n`).join(''));
  return states.includes('active') ? 0 : 3;
}

async function isEnabled(call: Call, names: string[], options: Options): Promise<number> {
  let status = 1;
  for (const name of names) {
    const state = call.machine.services.enablement(name);
    if (state === undefined)
      await say(call, `Failed to get unit file state for ${unitName(name)}: No such file or directory`);
    else if (!options.has('q')) await call.print(`${state}\n`);
    if (state === 'enabled' || state === 'static') status = 0;
  }
  return status;
}

export const journalctl: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'u:n:xefrpPqo:bS:k',
    long: { unit: 'u', lines: 'n', 'no-pager': 'P', follow: 'f', reverse: 'r', quiet: 'q', output: 'o', since: 'S' },
  });
  const unit = options.value('u');
  const lines = call.machine.journal.lines(unit === undefined ? undefined : unitName(unit));
  const count = options.value('n');
  const shown = count === undefined || count === 'all' ? lines : lines.slice(-Number(count));
  await call.print(
    (options.has('r') ? shown.toReversed() : shown).map((line) => `${line}\n`).join('') || '-- No entries --\n',
  );
  return 0;
};

export const service: Tool = async (call) => {
  const [name, verb = ''] = call.args;
  if (name === undefined || name === '--status-all') return 0;
  await say(call, `Redirecting to /bin/systemctl ${verb} ${unitName(name)}`);
  return call.run(['/usr/bin/systemctl', verb, unitName(name)]);
};

export const chkconfig: Tool = async (call) => {
  const [name, state] = call.args.filter((arg) => !arg.startsWith('--'));
  if (name === undefined) return 0;
  await say(
    call,
    `Note: Forwarding request to 'systemctl ${state === 'off' ? 'disable' : state === 'on' ? 'enable' : 'is-enabled'} ${unitName(name)}'.`,
  );
  return call.run([
    '/usr/bin/systemctl',
    state === 'off' ? 'disable' : state === 'on' ? 'enable' : 'is-enabled',
    unitName(name),
  ]);
};
