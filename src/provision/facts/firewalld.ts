import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';

export type FirewallQuestion = {
  zone: string | undefined;
  /** Words that ask whether it is so, with an exit status; or that tell a value to be compared. */
  ask: readonly string[];
  tells?: string | undefined;
  permanent: boolean;
  immediate: boolean;
};

export type FirewallAnswer = {
  running: boolean;
  zone: string;
  /** Whether it is so in what is kept and in what holds now; undefined where that was not asked. */
  permanent: boolean | undefined;
  immediate: boolean | undefined;
};

const MARK = 'stars-firewall';

/** What firewalld says of one thing; where it does not run, the files that it will read. */
export function firewallState({ zone, ask, tells, permanent, immediate }: FirewallQuestion): Fact<FirewallAnswer> {
  const place = zone === undefined ? [] : [`--zone=${zone}`];
  const words = [...place, ...ask].map((word) => quote(word)).join(' ');
  const query = (program: string, name: string) => `said=$(${program} ${words} 2>&1); echo "${MARK} ${name} $? $said"`;
  return {
    script: `command -v firewall-cmd >/dev/null || command -v firewall-offline-cmd >/dev/null || exit 127
if firewall-cmd --state >/dev/null 2>&1; then echo ${MARK} running; kept='firewall-cmd --permanent'; firewall=firewall-cmd; else kept=firewall-offline-cmd; firewall=firewall-offline-cmd; fi
echo "${MARK} zone $($firewall --get-default-zone)"
${permanent ? query('$kept', 'permanent') : ':'}
${immediate ? `[ "$firewall" != firewall-cmd ] || { ${query('firewall-cmd', 'immediate')}; }` : ':'}`,
    parse({ code, stdout }) {
      if (code === 127) throw new StarsError('HOSTS_FAILED', 'Failed to find required executable "firewall-cmd".');
      return {
        running: stdout.includes(`${MARK} running`),
        zone: zone ?? (/^stars-firewall zone (\S+)/m.exec(stdout)?.[1] || 'public'),
        permanent: answer(stdout, 'permanent', tells),
        immediate: answer(stdout, 'immediate', undefined),
      };
    },
  };
}

function answer(stdout: string, name: string, tells: string | undefined): boolean | undefined {
  const [, code, said = ''] =
    new RegExp(`^${MARK} ${name} (\\d+) ([^]*?)(?=\\n${MARK} |$(?![^]))`, 'm').exec(stdout) ?? [];
  if (code === undefined) return undefined;
  // 1 says no; anything above is an error, such as a service that nobody knows.
  if (Number(code) > 1 || (tells !== undefined && code !== '0'))
    throw new StarsError('HOSTS_FAILED', `ERROR: Exception caught: ${said.trim()}`);
  return tells === undefined ? code === '0' : said.trim().split(/\s+/).includes(tells);
}
