import type { Disk, HostState, HostUnit } from '../../model/host-state.js';
import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

/** What a look at a host needs, in one script: load, memory, disks, and how these units and all failed ones stand. */
export function hostState(units: readonly string[]): Fact<HostState> {
  return { script: scriptOf(units), parse: ({ stdout }) => stateOf(stdout) };
}

function scriptOf(units: readonly string[]): string {
  return `export LC_ALL=C
echo "load $(cat /proc/loadavg 2>/dev/null)"
echo "cpus $(nproc 2>/dev/null || grep -c ^processor /proc/cpuinfo 2>/dev/null)"
echo "up $(cat /proc/uptime 2>/dev/null)"
sed 's/^/memory /' /proc/meminfo 2>/dev/null
for path in / /var /var/lib/docker /var/lib/mesos; do
  [ -d "$path" ] || continue
  df -Pk "$path" 2>/dev/null | sed -n 's/^/disk /;$p'
  df -Pi "$path" 2>/dev/null | sed -n 's/^/inodes /;$p'
done
[ -e /var/run/reboot-required ] && echo reboot
if [ -d /run/systemd/system ]; then
  systemctl list-units --state=failed --no-legend --plain 2>/dev/null | sed 's/^/failed /'
  for unit in ${units.map(quote).join(' ')}; do
    shown=$(systemctl show -p LoadState -p ActiveState -p SubState -p UnitFileState "$unit.service" 2>/dev/null | tr '\\n' ' ')
    echo "unit $unit $shown"
  done
elif command -v rc-service >/dev/null 2>&1; then
  rc-status --crashed 2>/dev/null | sed -n 's/^ *\\([^ ]*\\) .*crashed.*/failed \\1/p'
  for unit in ${units.map(quote).join(' ')}; do
    [ -e "/etc/init.d/$unit" ] || continue
    rc-service "$unit" status >/dev/null 2>&1 && state=running || state=stopped
    [ -e "/etc/runlevels/default/$unit" ] && on=yes || on=no
    echo "service $unit $state $on"
  done
else
  for unit in ${units.map(quote).join(' ')}; do
    [ -e "/etc/init.d/$unit" ] || [ -e "/etc/init/$unit.conf" ] || continue
    said=$(service "$unit" status 2>&1); code=$?; state=stopped
    case $said in *stop/waiting*|*"not running"*|*" stopped"*|*" dead"*) ;; *) [ "$code" -eq 0 ] && state=running;; esac
    on=no; for link in /etc/rc[2345].d/S[0-9][0-9]"$unit"; do [ -e "$link" ] && on=yes; done
    echo "service $unit $state $on"
  done
fi
:`;
}

function stateOf(stdout: string): HostState {
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const of = (kind: string) => lines.filter(([first]) => first === kind).map((line) => line.slice(1));
  const memory = new Map(of('memory').map(([name = '', kib]) => [name.replace(/:$/, ''), Number(kib) * 1024]));
  return {
    load: loadOf(of('load')[0]),
    cpus: positive(of('cpus')[0]?.[0]),
    memory: memoryOf(memory),
    disks: disksOf(of('disk'), of('inodes')),
    upSeconds: positive(of('up')[0]?.[0]),
    failedUnits: of('failed').flatMap((words) => failedName(words) ?? []),
    units: [...of('unit').flatMap(systemdUnit), ...of('service').flatMap(otherUnit)],
    rebootNeeded: of('reboot').length > 0,
  };
}

function loadOf(words: readonly string[] | undefined): HostState['load'] {
  const [one, five, fifteen] = (words ?? []).map(Number);
  return one !== undefined && five !== undefined && fifteen !== undefined && Number.isFinite(one + five + fifteen)
    ? [one, five, fifteen]
    : undefined;
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return value > 0 ? value : undefined;
}

/** Before Linux 3.14 nothing tells what is available: what is free or could be freed comes near. */
function memoryOf(memory: ReadonlyMap<string, number>): HostState['memory'] {
  const totalBytes = memory.get('MemTotal');
  const freeable = ['MemFree', 'Buffers', 'Cached'].map((name) => memory.get(name) ?? 0);
  const availableBytes = memory.get('MemAvailable') ?? freeable.reduce((sum, bytes) => sum + bytes, 0);
  return totalBytes === undefined ? undefined : { totalBytes, availableBytes };
}

/** One for each mount point: several of the folders asked about may stand on the same. */
function disksOf(rows: readonly string[][], inodeRows: readonly string[][]): Disk[] {
  const inodes = new Map(inodeRows.map((row) => [mountOf(row), fraction(row)]));
  const disks = new Map<string, Disk>();
  for (const row of rows) {
    const [total, usedFraction, mount] = [Number(row[1]) * 1024, fraction(row), mountOf(row)];
    if (mount === undefined || usedFraction === undefined || !(total > 0)) continue;
    disks.set(mount, { mount, totalBytes: total, usedFraction, inodesUsedFraction: inodes.get(mount) });
  }
  return [...disks.values()];
}

function mountOf(row: readonly string[]): string | undefined {
  return row[5]?.startsWith('/') ? row.slice(5).join(' ') : undefined;
}

/** As df rounds it: what is used of what anybody but root could use. */
function fraction(row: readonly string[]): number | undefined {
  const percent = /^(\d+)%$/.exec(row[4] ?? '')?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

/** Some versions put a dot before the name. */
function failedName(words: readonly string[]): string | undefined {
  return words.find((word) => /^[\w@.:\\-]+$/.test(word) && word !== '.');
}

function systemdUnit([name = '', ...properties]: readonly string[]): HostUnit[] {
  const values = new Map(properties.map((property) => property.split('=') as [string, string]));
  const active = values.get('ActiveState');
  if (values.get('LoadState') === 'not-found' || active === undefined) return [];
  const file = values.get('UnitFileState');
  // Between two attempts of systemd to start it again.
  const crashes = values.get('SubState') === 'auto-restart';
  const running = !crashes && (active === 'active' || active === 'activating' || active === 'reloading');
  return [
    {
      name,
      state: running ? 'running' : crashes || active === 'failed' ? 'failed' : 'stopped',
      enabled: file === undefined || file === '' ? undefined : file.startsWith('enabled'),
    },
  ];
}

function otherUnit([name = '', state, on]: readonly string[]): HostUnit[] {
  return [{ name, state: state === 'running' ? 'running' : 'stopped', enabled: on === 'yes' }];
}
