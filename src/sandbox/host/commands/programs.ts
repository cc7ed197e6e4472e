import type { Program } from '../kernel/kernel.js';
import type { Machine } from '../machine.js';
import { daemonPrograms } from '../services/daemons.js';
import { builtinProgram, shellProgram } from '../shell/shell-program.js';
import * as accounts from './account-tools.js';
import { gzip, tar, unzip } from './archive.js';
import { chmod, chown, stat } from './attributes.js';
import { awk } from './awk.js';
import { toolProgram } from './call.js';
import type { Tool } from './call.js';
import { base64, cmp, diff, digest, od } from './compare.js';
import { cp, install, mv } from './copy.js';
import * as files from './files.js';
import { find } from './find.js';
import { grep } from './grep.js';
import { curl, ping, wget } from './network.js';
import { iptables } from './iptables.js';
import { rpm } from './rpm.js';
import { sed } from './sed.js';
import { comm, cut, fold, sort, tr } from './sort-and-cut.js';
import { su, sudo } from './sudo.js';
import * as processes from './processes.js';
import * as resources from './resources.js';
import { dd, seq, yes } from './streams.js';
import * as system from './system.js';
import { chkconfig, journalctl, service, systemctl } from './systemctl.js';
import * as text from './text.js';
import { xargs } from './xargs.js';
import { yum } from './yum.js';
import { REPOSITORY } from '../packages/repository.js';

const { basename, dirname, ln, ls, mkdir, mkfifo, mktemp, readlink, realpath, rm, rmdir, touch, truncate } = files;
const { cat, head, nl, paste, rev, tac, tail, tee, uniq, wc } = text;
const { chpasswd, crontab, gpasswd, groupadd, groupdel, groupmod, passwd, useradd, userdel, usermod } = accounts;
const { date, env, getent, groups, hostname, hostnamectl, id, logger, printenv, says, stub, uname, which, whoami } =
  system;
const { flock, kill, nice, nohup, pgrep, ps, reboot, setsid, sleep, timeout } = processes;
const { df, du, free, ip, mount, nproc, ss, sysctl, uptime } = resources;

/** What a fresh CentOS 7 has. */
const TOOLS: Readonly<Record<string, Tool>> = {
  basename,
  dirname,
  ln,
  ls,
  mkdir,
  mkfifo,
  mktemp,
  readlink,
  realpath,
  rm,
  rmdir,
  touch,
  truncate,
  cat,
  head,
  nl,
  paste,
  rev,
  tac,
  tail,
  tee,
  uniq,
  wc,
  comm,
  cut,
  fold,
  sort,
  tr,
  chpasswd,
  crontab,
  gpasswd,
  groupadd,
  groupdel,
  groupmod,
  passwd,
  useradd,
  userdel,
  usermod,
  date,
  dd,
  df,
  du,
  env,
  flock,
  free,
  getent,
  groups,
  hostname,
  hostnamectl,
  id,
  ip,
  kill,
  logger,
  mount,
  nice,
  nohup,
  nproc,
  pgrep,
  printenv,
  ps,
  reboot,
  seq,
  setsid,
  sleep,
  ss,
  sysctl,
  timeout,
  uname,
  uptime,
  which,
  whoami,
  yes,
  chmod,
  chown,
  stat,
  cp,
  install,
  mv,
  base64,
  cmp,
  diff,
  od,
  find,
  grep,
  sed,
  awk,
  xargs,
  gzip,
  tar,
  curl,
  ping,
  rpm,
  yum,
  su,
  sudo,
  systemctl,
  journalctl,
  service,
  chkconfig,
  chgrp: chown,
  egrep: grep,
  fgrep: grep,
  gawk: awk,
  gunzip: gzip,
  zcat: gzip,
  ionice: nice,
  pkill: pgrep,
  killall: pgrep,
  shutdown: reboot,
  poweroff: reboot,
  umount: says(''),
  sync: says(''),
  restorecon: says(''),
  setenforce: says('setenforce: SELinux is disabled\n', 1),
  getenforce: says('Disabled\n'),
  selinuxenabled: says('', 1),
  'systemd-detect-virt': says('kvm\n'),
  arch: says('x86_64\n'),
  tty: says('not a tty\n', 1),
  ldconfig: says(''),
  modprobe: says(''),
  iptables,
  ip6tables: iptables,
  alternatives: says(''),
  'update-alternatives': says(''),
  visudo: says(''),
  locale: says('LANG=en_US.UTF-8\n'),
  localectl: says('   System Locale: LANG=en_US.UTF-8\n'),
  timedatectl: says('       Time zone: UTC (UTC, +0000)\n'),
  sha1sum: digest('sha1'),
  sha224sum: digest('sha224'),
  sha256sum: digest('sha256'),
  sha384sum: digest('sha384'),
  sha512sum: digest('sha512'),
  md5sum: digest('md5'),
};

/** Tools that a package brings. */
const PACKAGE_TOOLS: Readonly<Record<string, Tool>> = { wget, unzip };

const SHELL_BUILTINS = ['echo', 'printf', 'test', '[', 'true', 'false', 'pwd'];
const DAEMONS_OF_BASE = ['sshd', 'crond'];

/** Every program a host can run, by the name its file carries. */
export function createPrograms(machine: () => Machine): ReadonlyMap<string, Program> {
  const kernel = () => machine().kernel;
  const shell = shellProgram(kernel);
  const programs = new Map<string, Program>([['sh', shell], ['bash', shell], ...daemonPrograms]);
  for (const name of SHELL_BUILTINS) programs.set(name, builtinProgram(kernel, name));
  for (const [name, tool] of Object.entries({ ...TOOLS, ...PACKAGE_TOOLS }))
    programs.set(name, toolProgram(machine, tool));
  for (const name of stubNames()) programs.set(name, toolProgram(machine, stub));
  return programs;
}

function stubNames(): string[] {
  const names = REPOSITORY.flatMap(({ files: brought }) => brought.map(({ program }) => program ?? ''));
  return [...new Set(names.filter((name) => name.startsWith('stub-')))];
}

/** Programs a fresh host has in /usr/bin and /usr/sbin. */
export function programNames(): string[] {
  return ['sh', 'bash', ...DAEMONS_OF_BASE, ...SHELL_BUILTINS, ...Object.keys(TOOLS)];
}
