import { StarsError } from '../../errors.js';
import type { Fact } from '../module.js';

/** One line of `zypper repos`; flags are 0 or 1. */
export type ZypperRepository = {
  alias: string;
  name: string;
  priority: string;
  enabled: string;
  autorefresh: string;
  gpgcheck: string;
  url: string;
};

export type ZypperState = {
  version: number[];
  repositories: ZypperRepository[];
  /** What `$releasever` and `$basearch` in an address stand for. */
  release: string;
  arch: string;
};

const MARK = 'stars-zypper';

export const zypperState: Fact<ZypperState> = {
  script: `command -v zypper >/dev/null || exit 127
zypper --version
rpm -q --qf '${MARK} %{version} %{arch}\\n' -f /etc/os-release 2>/dev/null
zypper --quiet --non-interactive --xmlout repos
echo "${MARK} code $?"`,
  parse({ code, stdout, stderr }) {
    if (code === 127) throw new StarsError('HOSTS_FAILED', 'Failed to find required executable "zypper".');
    const ended = Number(/^stars-zypper code (\d+)$/m.exec(stdout)?.[1] ?? 1);
    // 6 says that there are no repositories.
    if (ended !== 0 && ended !== 6)
      throw new StarsError('HOSTS_FAILED', `zypper cannot list its repositories: ${stderr.trim() || stdout.trim()}`);
    const [, release = '', arch = ''] = /^stars-zypper (?!code)(\S+) (\S+)$/m.exec(stdout) ?? [];
    return {
      version: (/^zypper ([\d.]+)/m.exec(stdout)?.[1] ?? '1.0').split('.').map(Number),
      repositories: ended === 6 ? [] : repositoriesIn(stdout),
      release,
      arch,
    };
  },
};

function repositoriesIn(xml: string): ZypperRepository[] {
  return [...xml.matchAll(/<repo\s([^>]*)>([\s\S]*?)<\/repo>/g)].map(([, attributes = '', content = '']) => {
    const attribute = (name: string) => unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
    return {
      alias: attribute('alias'),
      name: attribute('name'),
      priority: attribute('priority'),
      enabled: attribute('enabled'),
      autorefresh: attribute('autorefresh'),
      gpgcheck: attribute('gpgcheck'),
      url: unescaped(/<url>([^<]*)<\/url>/.exec(content)?.[1] ?? ''),
    };
  });
}

function unescaped(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(\w+);/g, (whole, name: string) => named[name] ?? whole);
}
