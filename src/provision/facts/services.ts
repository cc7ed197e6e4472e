import type { ExecResult } from '../../connection/connection.js';
import type { Dict, Value } from '../../jinja/value.js';
import type { Fact } from '../module.js';
import { dict } from './facts-dict.js';

const MARK = 'stars-services';

// Each part stands behind a mark that says how to read it. Units that no service was started from are asked for all at once.
const SCRIPT = `export LC_ALL=C
if command -v chkconfig >/dev/null; then
said=$(chkconfig 2>&1)
if printf '%s\\n' "$said" | grep -q '[0-9]:o[nf]'; then list=$said
elif printf '%s\\n' "$said" | grep -q ' o[nf]'; then list=$(chkconfig -l --allservices 2>/dev/null)
else case $said in *--list*) list=$(chkconfig --list 2>/dev/null);; *) list=;; esac; fi
echo ${MARK} chkconfig
printf '%s\\n' "$list" | grep '[0-9]:o[nf]' | while read -r name levels; do
service "$name" status >/dev/null 2>&1; printf '%s %s %s\\n' "$?" "$name" "$levels"
done
else
if command -v service >/dev/null && ! command -v rc-status >/dev/null; then echo ${MARK} sysv; service --status-all 2>/dev/null; fi
if command -v initctl >/dev/null; then echo ${MARK} upstart; initctl list 2>/dev/null
elif command -v rc-status >/dev/null && command -v rc-update >/dev/null; then
echo ${MARK} runlevels; rc-update show -v 2>/dev/null
echo ${MARK} openrc; rc-status -a -s -m 2>/dev/null | grep '^ ' | tr -d '[]'
fi
fi
if grep -q systemd /proc/1/comm 2>/dev/null && command -v systemctl >/dev/null; then
echo ${MARK} units; units=$(systemctl list-units --no-pager --no-legend --plain --type service --all); printf '%s\\n' "$units"
echo ${MARK} files; files=$(systemctl list-unit-files --no-pager --no-legend --type service --all); printf '%s\\n' "$files"
echo ${MARK} states
for name in $(printf '%s\\n' "$files" | sed -n 's/^\\([^ ]*\\.service\\) .*/\\1/p' | grep -v '@\\.'); do
case $units in "$name "*|*"
$name "*) ;; *) printf '%s\\n' "$name";; esac
done | xargs sh -c '[ $# -gt 0 ] || exit; printf "%s\\n" "$@"; echo ${MARK} shown; systemctl show --property=ActiveState -- "$@"' sh
fi
:`;

/** `ansible_facts.services`: name, state and source of every service, as systemd, SysV, upstart and OpenRC tell. */
export const servicesFact: Fact<Dict> = { script: SCRIPT, parse: parseServices };

function parseServices({ stdout }: ExecResult): Dict {
  const parts = new Map(
    stdout
      .split(new RegExp(`^${MARK} `, 'm'))
      .slice(1)
      .map((part) => {
        const [name = '', ...lines] = part.split('\n');
        return [name, lines.filter((line) => line.trim() !== '')] as const;
      }),
  );
  const of = (name: string) => parts.get(name) ?? [];
  const found: Dict = new Map();
  const add = (name: string, more: Record<string, Value>) => void found.set(name, dict({ name, ...more }));
  for (const line of of('sysv')) addSysv(line, add);
  for (const line of of('upstart')) addUpstart(line, add);
  for (const line of of('chkconfig')) addChkconfig(line, add);
  addOpenrc(of('openrc'), of('runlevels'), add);
  addUnits(of('units'), of('files'), statesOf(of('states'), of('shown')), add);
  return found;
}

type Add = (name: string, more: Record<string, Value>) => void;

function addSysv(line: string, add: Add): void {
  const [, sign, name] = /^\s*\[ ([+-]) \]\s+(.+)$/.exec(line) ?? [];
  if (name !== undefined) add(name, { state: sign === '+' ? 'running' : 'stopped', source: 'sysv' });
}

function addUpstart(line: string, add: Add): void {
  const [, name, goal = '', state = ''] = /^\s?(.*)\s(\w+)\/(\w+)(?:,\sprocess\s\d+)?\s*$/.exec(line) ?? [];
  if (name !== undefined) add(name, { state, goal, source: 'upstart' });
}

function addChkconfig(line: string, add: Add): void {
  const [, code, name, levels = ''] = /^(\d+) (\S+) (.*)$/.exec(line) ?? [];
  if (name === undefined) return;
  const status = /3:on/.test(levels) ? 'enabled' : 'disabled';
  add(name, { state: code === '0' ? 'running' : 'stopped', status, source: 'sysv' });
}

function addOpenrc(lines: readonly string[], runlevelLines: readonly string[], add: Add): void {
  const runlevels = new Map(
    runlevelLines.flatMap((line) => {
      const [name = '', levels] = line.split('|').map((part) => part.trim());
      return levels === undefined ? [] : [[name, levels === '' ? null : levels.split(/\s+/)] as const];
    }),
  );
  for (const line of lines) {
    const [name, state] = line.trim().split(/\s+/);
    if (name !== undefined && state !== undefined)
      add(name, { runlevels: runlevels.get(name) ?? null, state, source: 'openrc' });
  }
}

/** The states of units in the order in which they were asked for, as `systemctl show` divides them by blank lines. */
function statesOf(names: readonly string[], shown: readonly string[]): ReadonlyMap<string, string> {
  const states = shown.flatMap((line) => (line.startsWith('ActiveState=') ? [line.slice('ActiveState='.length)] : []));
  return names.length === states.length ? new Map(names.map((name, index) => [name, states[index] ?? ''])) : new Map();
}

const BAD_STATES = ['not-found', 'masked', 'failed'];

function addUnits(
  units: readonly string[],
  files: readonly string[],
  states: ReadonlyMap<string, string>,
  add: Add,
): void {
  const statuses = new Map<string, string>();
  for (const [name = '', load = '', active = '', state] of units.map((line) => line.trim().split(/\s+/))) {
    const status = BAD_STATES.find((bad) => bad === load || bad === active || bad === state) ?? active;
    statuses.set(name, status);
    add(name, { state: state === 'running' ? 'running' : 'stopped', status, source: 'systemd' });
  }
  const running = new Set(units.flatMap((line) => (/^\s*(\S+\s+){3}running\b/.test(line) ? [firstWord(line)] : [])));
  for (const [name = '', status = ''] of files.map((line) => line.trim().split(/\s+/))) {
    const known = statuses.get(name);
    if (known === undefined) add(name, { state: states.get(name) ?? 'unknown', status, source: 'systemd' });
    else if (!BAD_STATES.includes(known))
      add(name, { state: running.has(name) ? 'running' : 'stopped', status, source: 'systemd' });
  }
}

function firstWord(line: string): string {
  return line.trim().split(/\s+/)[0] ?? '';
}
