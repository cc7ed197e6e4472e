import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

/** What SELinux does on the host now; `policy` is the type that /etc/selinux/config names. */
export type SelinuxState = {
  enabled: boolean;
  mode: 'enforcing' | 'permissive' | 'disabled';
  policy: string | undefined;
};

const ENABLED = `{ if command -v selinuxenabled >/dev/null; then selinuxenabled; else [ -e /sys/fs/selinux/enforce ]; fi; }`;

export const selinuxState: Fact<SelinuxState> = {
  script: `if ${ENABLED}; then echo enabled; if command -v getenforce >/dev/null; then getenforce; else cat /sys/fs/selinux/enforce; fi; fi
sed -n 's/^SELINUXTYPE= */policy /p' /etc/selinux/config 2>/dev/null; :`,
  parse({ stdout }) {
    const enabled = /^enabled$/m.test(stdout);
    return {
      enabled,
      mode: !enabled ? 'disabled' : /^(Enforcing|1)$/m.test(stdout) ? 'enforcing' : 'permissive',
      policy: /^policy (\S+)/m.exec(stdout)?.[1],
    };
  },
};

/** A boolean of the policy: what holds now, and after a restart; undefined where that cannot be told. */
export type SelinuxBoolean = { enabled: boolean; active: boolean | undefined; persistent: boolean | undefined };

/**
 * The local changes are a file of libsemanage; what the policy itself says only `semanage` tells, which takes long, so that it
 * is asked only where the other two leave a doubt.
 */
export function selinuxBoolean(name: string, wanted: { state: boolean; persistent: boolean }): Fact<SelinuxBoolean> {
  const word = quote(name);
  const value = wanted.state ? 'on' : 'off';
  const stores = '/var/lib/selinux/*/active/booleans.local /etc/selinux/*/modules/active/booleans.local';
  const policy = `case $active in *'> ${value}'*) command -v semanage >/dev/null && semanage boolean -l -n 2>/dev/null | sed -n "s/^$real *( *[a-z]* *, *\\([a-z]*\\) *).*/persistent \\1/p";; esac`;
  return {
    script: `${ENABLED} && echo enabled
active=$(getsebool -- ${word} 2>/dev/null); printf '%s\\n' "$active"
real=\${active%% *}
${wanted.persistent ? `local=$(cat ${stores} 2>/dev/null | sed -n "s/^$real=/persistent /p" | tail -n 1)\nif [ "$local" ]; then printf '%s\\n' "$local"; else ${policy}; fi` : ''}
:`,
    parse({ stdout }) {
      const active = / --> (on|off|active|inactive)/.exec(stdout)?.[1];
      const kept = /^persistent (on|off|1|0)$/m.exec(stdout)?.[1];
      const now = active === undefined ? undefined : active === 'on' || active === 'active';
      return {
        enabled: /^enabled$/m.test(stdout),
        active: now,
        persistent: kept === undefined ? now : kept === 'on' || kept === '1',
      };
    },
  };
}

/** Ports and ranges by `type protocol`, as the policy and its local changes have them, and those of local changes alone. */
export type SelinuxPorts = {
  enabled: boolean;
  all: ReadonlyMap<string, string[]>;
  local: ReadonlyMap<string, string[]>;
};

export const selinuxPorts: Fact<SelinuxPorts & { problem: string | undefined }> = {
  script: `${ENABLED} && echo enabled\nsemanage port -l -n && echo local && semanage port -l -n -C`,
  parse({ code, stdout, stderr }) {
    const [all = '', local = ''] = stdout.split(/^local$/m);
    return {
      enabled: /^enabled$/m.test(all),
      all: portsIn(all),
      local: portsIn(local),
      problem: code === 0 ? undefined : stderr.trim() || 'semanage failed',
    };
  },
};

function portsIn(text: string): ReadonlyMap<string, string[]> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, type, protocol, ports = ''] = /^(\S+)\s+(tcp|udp|dccp|sctp)\s+(.*)$/.exec(line) ?? [];
      return type === undefined ? [] : [[`${type} ${protocol}`, ports.split(',').map((port) => port.trim())] as const];
    }),
  );
}
