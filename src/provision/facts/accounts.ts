import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

export type UserAccount = {
  uid: number;
  gid: number;
  comment: string;
  home: string;
  shell: string;
  /** Groups beside the primary one. */
  groups: string[];
  primaryGroup: string;
  /** From /etc/shadow, for those who may read it. */
  password: string | undefined;
  expiresDay: string | undefined;
  /** Days that a password must and may be kept. */
  minimumDays: string | undefined;
  maximumDays: string | undefined;
  warningDays: string | undefined;
  homeExists: boolean;
};

export type AccountTools = { shadow: boolean };

export type UserState = { account: UserAccount | undefined; tools: AccountTools; homePrefix: string };

const MEMBERSHIPS_AND_SHADOW = `FILENAME == "/etc/shadow" { if ($1 == ENVIRON["STARS_NAME"]) print "shadow-entry " $0; next }
{ n = split($4, members, ","); for (i = 1; i <= n; i++) if (members[i] == ENVIRON["STARS_NAME"]) print "member " $1 }`;

/** A login on a host, by name. */
export function userAccount(name: string): Fact<UserState> {
  const word = quote(name);
  // awk compares fields as texts, so that no character of a name is taken for a pattern.
  const lookUp = (file: string) => `STARS_NAME=${word} awk -F: '$1 == ENVIRON["STARS_NAME"]' ${file}`;
  return {
    script: `command -v useradd >/dev/null && echo shadow
entry=$(${databaseOr('passwd', name, lookUp('/etc/passwd'))})
if [ -n "$entry" ]; then
echo "passwd $entry"
printf 'primary '; id -gn ${word} 2>/dev/null || echo
shadow=; [ ! -r /etc/shadow ] || shadow=/etc/shadow
STARS_NAME=${word} awk -F: '${MEMBERSHIPS_AND_SHADOW}' /etc/group $shadow
home=\${entry%:*}; home=\${home##*:}
[ -d "$home" ] && echo home-exists
fi
:`,
    parse: ({ stdout }) => toUserState(stdout),
  };
}

/** The entry of a name; from the file alone where there is no getent, or where that takes the name for a number. */
function databaseOr(database: 'passwd' | 'group', name: string, inFile: string): string {
  const ask = `getent ${database} ${quote(name)} 2>/dev/null`;
  return /^\d+$/.test(name)
    ? `${ask} || ${inFile}`
    : `if command -v getent >/dev/null; then ${ask}; else ${inFile}; fi`;
}

function toUserState(stdout: string): UserState {
  const lines = stdout.split('\n');
  const after = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  const entry = after('passwd');
  const tools = { shadow: lines.includes('shadow') };
  if (entry === undefined) return { account: undefined, tools, homePrefix: '/home' };
  const [, , uid, gid, comment = '', home = '', shell = ''] = entry.split(':');
  const shadow = after('shadow-entry')?.split(':');
  return {
    tools,
    homePrefix: '/home',
    account: {
      uid: Number(uid),
      gid: Number(gid),
      comment,
      home,
      shell,
      primaryGroup: after('primary') ?? '',
      groups: lines.filter((line) => line.startsWith('member ')).map((line) => line.slice('member '.length)),
      password: shadow?.[1],
      expiresDay: shadow?.[7],
      minimumDays: shadow?.[3],
      maximumDays: shadow?.[4],
      warningDays: shadow?.[5],
      homeExists: lines.includes('home-exists'),
    },
  };
}

export type GroupState = { gid: number | undefined; name: string | undefined; members: string[]; tools: AccountTools };

/** A group on a host, by name or number; `gid` undefined when there is none. */
export function groupAccount(name: string): Fact<GroupState> {
  const word = quote(name);
  const column = /^\d+$/.test(name) ? 3 : 1;
  const inFile = `STARS_NAME=${word} awk -F: '$${column} == ENVIRON["STARS_NAME"] || $1 == ENVIRON["STARS_NAME"]' /etc/group`;
  return {
    script: `command -v groupadd >/dev/null && echo shadow
${databaseOr('group', name, inFile)}
:`,
    parse({ stdout }) {
      const lines = stdout.split('\n');
      const [found, , gid, members = ''] = lines.find((line) => line.includes(':'))?.split(':') ?? [];
      return {
        gid: gid === undefined ? undefined : Number(gid),
        name: found,
        members: members.split(',').filter(Boolean),
        tools: { shadow: lines.includes('shadow') },
      };
    },
  };
}

export type SshKey = { publicKey: string; fingerprint: string };

/** The public part of a key file of a login; undefined when there is no such key. */
export function sshKey(file: string): Fact<SshKey | undefined> {
  return {
    script: `if [ -f ${quote(file)} ]; then ${sshKeyReport(file)}; fi`,
    parse: ({ stdout }) => parseSshKey(stdout),
  };
}

/** Shell that tells of a key file, for `parseSshKey`. */
export function sshKeyReport(file: string): string {
  const word = quote(`${file}.pub`);
  return `printf 'stars-ssh-print '; ssh-keygen -l -f ${quote(file)} 2>/dev/null || echo; printf 'stars-ssh-key '; cat ${word} 2>/dev/null || echo`;
}

export function parseSshKey(stdout: string): SshKey | undefined {
  const after = (word: string) => new RegExp(`^stars-ssh-${word} (.*)$`, 'm').exec(stdout)?.[1];
  const fingerprint = after('print');
  return fingerprint === undefined ? undefined : { fingerprint, publicKey: after('key') ?? '' };
}
