import { quote } from '../../shell/command.js';
import type { Fact, FactKind } from '../module.js';

export type Unit = {
  /** What `systemctl show` said of it. */
  properties: ReadonlyMap<string, string>;
  found: boolean;
  active: boolean;
  deactivating: boolean;
  enabled: boolean;
  masked: boolean;
  /** Why the unit cannot be loaded. */
  error: string | undefined;
};

const PROPERTIES = 'Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,MainPID,FragmentPath,NeedDaemonReload';

/**
 * What systemd knows of a unit, whether or not its file has been loaded; whether it is enabled or masked is looked for on the disk only
 * where that is asked for, or where nothing else tells that there is such a unit.
 */
export function systemdUnit(name: string, scope: string, looksAtFile: boolean): Fact<Unit> {
  const word = quote(name);
  const systemctl = scope === 'system' ? 'systemctl' : `systemctl --${scope}`;
  const base = quote(name.replace(/\.service$/, ''));
  const isEnabled = `said=$(${systemctl} is-enabled -- ${word} 2>/dev/null)
printf 'enabled=%s\\n' "\${said##*
}"`;
  const show = `${systemctl} show -p ${PROPERTIES} -- ${word} 2>&1`;
  return {
    script: `${looksAtFile ? `${show}\n${isEnabled}` : unlessLoaded(show, isEnabled)}
[ -f /etc/init.d/${base} ] && echo initd=yes
:`,
    parse: ({ stdout }) => toUnit(stdout),
    together:
      scope === 'system' && /^\w[\w@.:-]*$/.test(name)
        ? { kind: SYSTEM_UNITS, subject: `${looksAtFile ? LOOKED_AT : KNOWN}${name}` }
        : undefined,
  };
}

function unlessLoaded(show: string, command: string): string {
  return `shown=$(${show})
printf '%s\\n' "$shown"
case $shown in *LoadState=loaded*) ;; *)
${command}
;; esac`;
}

const LOOKED_AT = 'f';
const KNOWN = '-';

/** One call of systemctl for the properties of all units and one for what is enabled, which stops at the first unit it does not know. */
const SYSTEM_UNITS: FactKind = {
  script(subjects) {
    const units = unitsOf(subjects).join(' ');
    const files = filesOf(subjects);
    return `systemctl show -p ${PROPERTIES} -- ${units} 2>&1
echo @enabled
${files.length > 0 ? areEnabled(files) : ''}
echo @initd
for unit in ${units}; do if [ -f "/etc/init.d/\${unit%.service}" ]; then echo "$unit"; fi; done`;
  },
  answers(stdout, subjects) {
    const [, shown = '', states = '', initd = ''] =
      /^([\s\S]*)^@enabled\n([\s\S]*)^@initd\n([\s\S]*)$/m.exec(stdout) ?? [];
    const [units, files] = [unitsOf(subjects), filesOf(subjects)];
    const blocks = shown.replace(/\n+$/, '').split('\n\n');
    const enabled = states.split('\n');
    const scripts = new Set(initd.split('\n'));
    return subjects.map((subject) => {
      const unit = subject.slice(1);
      const block = blocks.length === units.length ? blocks[units.indexOf(unit)] : undefined;
      const isLookedAt = subject.startsWith(LOOKED_AT);
      if (block === undefined || !(isLookedAt || /^LoadState=loaded$/m.test(block))) return undefined;
      const file = isLookedAt ? `enabled=${enabled[files.indexOf(unit)]}\n` : '';
      return `${block}\n${file}${scripts.has(unit) ? 'initd=yes\n' : ''}`;
    });
  },
};

function unitsOf(subjects: readonly string[]): string[] {
  return [...new Set(subjects.map((subject) => subject.slice(1)))];
}

function filesOf(subjects: readonly string[]): string[] {
  return unitsOf(subjects.filter((subject) => subject.startsWith(LOOKED_AT)));
}

function areEnabled(units: readonly string[]): string {
  return `set -- $(systemctl is-enabled -- ${units.join(' ')} 2>/dev/null)
if [ $# -eq ${units.length} ]; then printf '%s\\n' "$@"
else for unit in ${units.join(' ')}; do said=$(systemctl is-enabled -- "$unit" 2>/dev/null); printf '%s\\n' "\${said##*
}"; done
fi`;
}

function toUnit(stdout: string): Unit {
  const properties = new Map(stdout.split('\n').flatMap((line) => (line.includes('=') ? [cut(line)] : [])));
  const load = properties.get('LoadState');
  const state = properties.get('ActiveState') ?? '';
  const enabled = properties.get('enabled') ?? '';
  const masked = load === 'masked' || enabled === 'masked';
  // LoadError holds `name "text"`, or nothing at all.
  const error = /"(.+)"$/.exec(properties.get('LoadError') ?? '')?.[1];
  const found = (load !== undefined && load !== 'not-found') || FILE_STATES.has(enabled) || properties.has('initd');
  return {
    properties,
    found,
    active: state === 'active' || state === 'activating' || state === 'reloading',
    deactivating: state === 'deactivating',
    enabled: /^(enabled|enabled-runtime|static|generated|alias)$/.test(enabled),
    masked,
    error: found && !masked && load === 'error' ? error : undefined,
  };
}

// `systemctl show` fails in a chroot, where the state of the file still tells that there is one.
const FILE_STATES = new Set(
  'enabled enabled-runtime linked linked-runtime masked masked-runtime static indirect disabled generated transient alias'.split(
    ' ',
  ),
);

function cut(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

export type InitScript = { found: boolean; upstart: boolean; openrc: boolean; running: boolean; enabled: boolean };

/** A service where systemd does not run: SysV, upstart or OpenRC. */
export function initScript(name: string): Fact<InitScript> {
  const word = quote(name);
  return {
    script: `if [ -f /etc/init/${word}.conf ]; then echo upstart; fi
if [ -e /etc/init.d/${word} ] || [ -f /etc/init/${word}.conf ]; then echo found; fi
if command -v rc-service >/dev/null 2>&1; then echo openrc; rc-service ${word} status >/dev/null 2>&1 && echo running; [ -e /etc/runlevels/default/${word} ] && echo enabled
else
said=$(LC_ALL=C service ${word} status 2>&1); code=$?
case $said in *stop/waiting*|*"not running"*|*" stopped"*|*" dead"*) ;; *) [ "$code" -eq 0 ] && echo running;; esac
for link in /etc/rc[2345].d/S[0-9][0-9]${word}; do if [ -e "$link" ]; then echo enabled; break; fi; done
if [ -f /etc/init/${word}.conf ] && ! grep -q '^manual' /etc/init/${word}.override 2>/dev/null; then echo enabled; fi
fi
:`,
    parse({ stdout }) {
      const words = new Set(stdout.split('\n'));
      return {
        found: words.has('found'),
        upstart: words.has('upstart'),
        openrc: words.has('openrc'),
        running: words.has('running'),
        enabled: words.has('enabled'),
      };
    },
  };
}

/** Whether systemd is what runs the host, asked where facts were not gathered. */
export const runsSystemd: Fact<boolean> = {
  script: `[ -d /run/systemd/system ] && echo yes; :`,
  parse: ({ stdout }) => stdout.startsWith('yes'),
};
