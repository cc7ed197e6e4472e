import type { DifferentialCase } from '../case.js';
import { type Arguments, generated, numbered, oneTask } from '../one-task.js';
import { withPackages } from '../package-setups.js';

const THERE = withPackages(`
mkdir -p /srv/rNNN; : >/srv/rNNN/Packages
printf 'deb [trusted=yes] file:/srv/rNNN ./\\n# a remark\\n' >/etc/apt/sources.list.d/srv_rNNN.list`);
const BEFORE = {
  none: 'mkdir -p /srv/rNNN; : >/srv/rNNN/Packages',
  there: THERE,
  disabled: THERE.replace("'deb", "'# deb"),
  inMain:
    'mkdir -p /srv/rNNN; : >/srv/rNNN/Packages; echo "deb [trusted=yes] file:/srv/rNNN ./" >>/etc/apt/sources.list',
};

/** Sources that nobody serves, which must not stay for other cases. */
function cameAndWent(repo: string, args: Arguments = {}): DifferentialCase {
  const given = { repo, update_cache: false, ...args };
  return {
    name: repo,
    alone: true,
    tasks: JSON.stringify([
      { apt_repository: given },
      { shell: 'grep -r some.*where /etc/apt/sources.list.d; stat -c %a /etc/apt/sources.list.d/some*' },
      { apt_repository: { ...given, state: 'absent' } },
    ]),
  };
}

export const cases = [
  numbered(
    oneTask(
      'apt_repository',
      { repo: 'deb http://127.0.0.1:9/none NNN main', update_cache_retries: 1, update_cache_retry_max_delay: 1 },
      undefined,
      { alone: true },
    ),
    50,
  ),
  oneTask('apt_repository', { repo: 'nonsense', state: 'present', update_cache: false }),
  oneTask('apt_repository', { repo: 'nonsense', update_cache: false }),
  cameAndWent('deb-src http://somewhere/debian stable main contrib'),
  cameAndWent(
    'deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] https://some.where:8080/deb/path/ bookworm main # note',
  ),
  cameAndWent('deb http://user:secret@some.where/x stable main', {
    codename: 'stable',
    validate_certs: false,
    install_python_apt: false,
  }),
  ...generated(
    'apt_repository',
    {
      state: [undefined, 'absent'],
      filename: [undefined, 'fNNN'],
      mode: [undefined, '0600', '0644'],
      update_cache: [undefined, true, false],
      update_cache_retries: [undefined, 1],
      update_cache_retry_max_delay: [undefined, 1],
    },
    { always: { repo: 'deb [trusted=yes] file:/srv/rNNN ./' }, before: BEFORE },
  ),
];
