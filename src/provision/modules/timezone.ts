import { quote, sh, type ShellCommand } from '../../shell/command.js';
import { args, choice, text } from '../arguments.js';
import { defineModule, type Action, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';

const schema = args({
  name: text().optional().describe('The time zone, such as Europe/Berlin.'),
  hwclock: choice('local', 'UTC').optional().describe('Whether the hardware clock has local time or UTC.'),
});
type Args = ReturnType<typeof schema.parse>;

export const timezone = defineModule<Args>({
  name: 'timezone',
  collection: 'community.general',
  summary: 'Have a host in a time zone.',
  aliases: { rtc: 'hwclock' },
  oneNeeded: [['hwclock', 'name']],
  args: schema,
  differences: [
    'Without systemd the zone is set by /etc/localtime, and by /etc/timezone or /etc/sysconfig/clock where the host has one.',
  ],

  async plan(given, context): Promise<Plan> {
    const { name, hwclock } = given;
    if (name === undefined && hwclock === undefined)
      return { actions: [], failed: 'one of the following is required: hwclock, name' };
    if (name !== undefined && !/^[A-Za-z0-9][\w+./-]*$/.test(name)) return unavailable(name);
    const now = await context.fact(zoneOf(name));
    if (name !== undefined && !now.available) return unavailable(name);
    const wrongZone = name !== undefined && now.zone !== name;
    const wrongClock = hwclock !== undefined && now.clock !== hwclock;
    const commands = [
      ...(wrongZone ? (now.systemd ? [sh`timedatectl set-timezone ${name}`] : setZone(name)) : []),
      ...(wrongClock ? [setClock(now.systemd, hwclock)] : []),
    ];
    return {
      actions: commands.map((command): Action => ({ kind: 'run', command })),
      diff: { before: shown(given, now.zone, now.clock), after: shown(given, name ?? '', hwclock ?? '') },
      finish: () =>
        dict({
          msg: now.systemd
            ? commands.map(({ text: words }) => `executed \`${words}\``).join('\n') || undefined
            : undefined,
        }),
    };
  },
});

function unavailable(name: string): Plan {
  return { actions: [], failed: `Error message:\ngiven timezone "${name}" is not available` };
}

function shown({ name, hwclock }: Args, zone: string, clock: string): string {
  const lines = [
    ...(hwclock === undefined ? [] : [`hwclock: ${clock}`]),
    ...(name === undefined ? [] : [`name: ${zone}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

type Zone = { systemd: boolean; zone: string; clock: 'local' | 'UTC'; available: boolean };

/** The zone of a host, as systemd says it or as all of its files say it, and whether it knows `wanted`. */
function zoneOf(wanted: string | undefined): Fact<Zone> {
  const file = quote(`/usr/share/zoneinfo/${wanted ?? 'UTC'}`);
  return {
    script: `[ -f ${file} ] && echo available
if command -v timedatectl >/dev/null && said=$(LC_ALL=C timedatectl show 2>/dev/null || LC_ALL=C timedatectl 2>/dev/null); then echo systemd; printf '%s\\n' "$said"
else
link=$(readlink -f /etc/localtime) && printf 'Timezone=%s\\n' "\${link#/usr/share/zoneinfo/}"
if [ -f /etc/timezone ]; then printf 'Named=%s\\n' "$(cat /etc/timezone)"; fi
if [ -f /etc/sysconfig/clock ]; then sed -n 's/^ZONE="\\{0,1\\}\\([^"]*\\).*/Named=\\1/p' /etc/sysconfig/clock; fi
if [ "$(sed -n 3p /etc/adjtime 2>/dev/null)" = LOCAL ]; then echo LocalRTC=yes; fi
fi
:`,
    parse({ stdout }) {
      const value = (pattern: RegExp) => pattern.exec(stdout)?.[1]?.trim();
      const linked = value(/^(?:Timezone=|\s*Time ?zone: )(\S+)/m) ?? '';
      // A file that names another zone than the link has to be mended too.
      const named = value(/^Named=(.*)$/m) ?? linked;
      return {
        systemd: /^systemd$/m.test(stdout),
        available: /^available$/m.test(stdout),
        zone: named === linked ? linked : '',
        clock: /^(LocalRTC=|\s*RTC in local TZ: )yes/m.test(stdout) ? 'local' : 'UTC',
      };
    },
  };
}

function setZone(name: string): ShellCommand[] {
  const file = `/usr/share/zoneinfo/${name}`;
  return [
    sh`ln -sf ${file} /etc/localtime`,
    {
      text: `if [ -f /etc/timezone ] || [ -f /etc/debian_version ]; then printf '%s\\n' ${quote(name)} >/etc/timezone; fi
if [ -f /etc/sysconfig/clock ]; then sed -i ${quote(`s#^ZONE=.*#ZONE="${name}"#`)} /etc/sysconfig/clock; fi`,
    },
  ];
}

function setClock(systemd: boolean, clock: 'local' | 'UTC'): ShellCommand {
  if (systemd) return sh`timedatectl set-local-rtc ${clock === 'local' ? 'yes' : 'no'}`;
  return sh`hwclock --systohc ${clock === 'local' ? '--localtime' : '--utc'}`;
}
