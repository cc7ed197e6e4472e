import type { JenkinsSetup } from './support/fake-jenkins.js';

/** One task, run by real Ansible and by us; `@@` is the folder of the case. */
export type StandInCase = {
  title: string;
  module: string;
  args?: Record<string, unknown>;
  /** The free-form text, of modules that take one. */
  free?: string;
  /** Shell that prepares the folder. */
  setup?: string;
  /** Programs put first into PATH, as shell. */
  programs?: Record<string, string>;
  environment?: Record<string, string>;
  /** A Jenkins that answers at `@@http`; `@@files` is where plugins are downloaded from. */
  jenkins?: JenkinsSetup;
  /** Which calls of the stand-ins count; reading ones differ by nature. */
  calls?: RegExp;
  /** Fields of the results that are compared; without it all that Ansible gives. */
  fields?: string[];
  ignore?: string[];
  /** The words of a failure are the same too. */
  sameWords?: boolean;
  /** What check mode says is not compared. */
  skipCheck?: boolean;
};

/** npm with what is installed in `list.json`, what is outdated in `outdated`. */
const NPM = {
  npm: `case "$1" in
list) cat @@/list.json 2>/dev/null;;
outdated) cat @@/outdated 2>/dev/null;;
install) [ "$4" = bad ] && { echo 'npm ERR! 404' >&2; exit 1; }; echo '{"dependencies": {"bower": {"version": "1.8.0"}}}' >@@/list.json;;
update) rm -f @@/outdated;;
uninstall) echo '{}' >@@/list.json;;
esac`,
};

const node = (
  title: string,
  args: Record<string, unknown>,
  setup = ':',
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `npm: ${title}`,
  module: 'community.general.npm',
  args,
  setup: `mkdir p; ${setup}`,
  programs: NPM,
  calls: /^npm (install|update|uninstall|ci)/,
  ...more,
});

const BOWER = `echo '{"dependencies": {"bower": {"version": "1.8.0"}, "x": {"version": "1.0.0"}}}' >list.json`;

const NODE: StandInCase[] = [
  node('a package for the host', { name: 'bower', global: true }),
  node('a package that is there', { name: 'bower', global: true }, BOWER),
  node('a version that is there', { name: 'bower', global: true, version: '1.8.0' }, BOWER),
  node('another version', { name: 'bower', global: true, version: '1.9.0' }, BOWER),
  node('a range of versions', { name: 'bower', global: true, version: '^1.8' }, BOWER),
  node('what a project needs', { path: '@@/p' }),
  node('what a project needs and has', { path: '@@/p' }, BOWER),
  node(
    'a project that misses one',
    { path: '@@/p' },
    `echo '{"dependencies": {"a": {"missing": true, "required": "^1"}}}' >list.json`,
  ),
  node(
    'a project with an invalid one',
    { path: '@@/p' },
    `echo '{"dependencies": {"a": {"version": "1.0.0", "invalid": "x"}}}' >list.json`,
  ),
  node('all flags', {
    path: '@@/p',
    name: 'bower',
    production: true,
    ignore_scripts: true,
    unsafe_perm: true,
    registry: 'http://reg/',
    no_optional: true,
    no_bin_links: true,
  }),
  node('exactly by the lock file', { path: '@@/p', ci: true }, BOWER),
  node('a package, said in so many words', { name: 'bower', global: true, state: 'present' }),
  node('the newest', { path: '@@/p', state: 'latest' }, `${BOWER}; echo 'Package Current Wanted' >outdated`),
  node('the newest of one that is missing', { name: 'bower', global: true, state: 'latest' }),
  node('the newest that is there', { name: 'bower', global: true, state: 'latest' }, BOWER),
  node('a package is removed', { name: 'bower', global: true, state: 'absent' }, BOWER),
  node('a package that is gone', { name: 'bower', global: true, state: 'absent' }, `echo '{}' >list.json`),
  node('removing nothing in particular', { path: '@@/p', state: 'absent' }, ':', { sameWords: true }),
  node('neither a path nor for the host', { name: 'x' }, ':', { sameWords: true }),
  node('a package that does not exist', { name: 'bad', path: '@@/p', ignore_scripts: true, unsafe_perm: true }),
  node(
    'another npm',
    { name: 'bower', global: true, executable: '@@/other --loglevel=error' },
    `cp bin/npm other; sed -i 's/^case "$1"/shift; &/' other`,
  ),
  node('an answer that is no JSON', { name: 'bower', global: true }, 'echo oops >list.json'),
  node('a folder that is made', { name: 'bower', path: '@@/new/p' }, ':', { skipCheck: true }),
];

/** make for which `made` is the only target that can be up to date. */
const MAKE = `case " $* " in
*' -q '*) case "$*" in *made*) [ -e made ];; *) exit 1;; esac;;
*broken*) echo before; echo 'make: *** no' >&2; exit 2;;
*made*) touch made; echo 'touch made';;
*) echo "$#: $*" >>said; echo done; echo;;
esac`;

const making = (
  title: string,
  args: Record<string, unknown>,
  setup = ':',
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `make: ${title}`,
  module: 'community.general.make',
  args: { chdir: '@@', ...args },
  setup,
  // gmake comes first, where it is.
  programs: { make: MAKE, gmake: MAKE },
  ignore: ['stdout_lines', 'stderr_lines'],
  calls: /^g?make (?!.*-q)/,
  ...more,
});

const MAKES: StandInCase[] = [
  making('the first target', {}, ':', { ignore: ['stdout_lines', 'stderr_lines', 'command'] }),
  making('a target', { target: 'made' }),
  making('a target that is made', { target: 'made' }, 'touch made'),
  making('a target that fails', { target: 'broken' }),
  making('with variables', { target: 'all', params: { WHO: 'a b; c', MODE: '7' } }),
  making('with another file and many jobs', { target: 'all', file: '@@/other.mk', jobs: 4 }),
  making('with another make', { target: 'all', make: '@@/mine' }, 'cp bin/make mine'),
  making('with a make by its name', { target: 'made', make: 'make' }),
  making('with a make that is not there', { target: 'all', make: '@@/nope' }),
];

const easy = (title: string, args: Record<string, unknown>, setup = ':'): StandInCase => ({
  title: `easy_install: ${title}`,
  module: 'community.general.easy_install',
  args,
  setup,
  programs: {
    easy_install: `case "$*" in
*bad*) echo 'no such package' >&2; exit 1;;
*--dry-run*) [ -e @@/has ] || echo Downloading x;;
*) touch @@/has;;
esac`,
    virtualenv: 'mkdir -p "$1/bin"; touch "$1/bin/activate"; cp @@/bin/easy_install "$1/bin/"',
  },
  calls: /^(virtualenv|easy_install (?!.*--dry-run))/,
});

const EASY_INSTALL: StandInCase[] = [
  easy('a package', { name: 'pip' }),
  easy('a package that is there', { name: 'pip' }, 'touch has'),
  easy('the newest', { name: 'pip>1 wheel', state: 'latest' }),
  easy('in a virtualenv that is made', { name: 'pip', virtualenv: '@@/v', virtualenv_site_packages: true }),
  easy(
    'in a virtualenv that is there',
    { name: 'pip', virtualenv: '@@/v' },
    'mkdir -p v/bin; touch v/bin/activate; cp bin/easy_install v/bin',
  ),
  easy('by its whole path', { name: 'pip', executable: '@@/mine' }, 'cp bin/easy_install mine'),
  easy(
    'in a virtualenv made by another program',
    { name: 'pip', state: 'present', virtualenv: '@@/v', virtualenv_command: '@@/maker' },
    'cp bin/virtualenv maker',
  ),
  easy('by a name that is not there', { name: 'pip', executable: 'easy_install-99' }),
  easy('a package that does not exist', { name: 'bad' }),
];

// The libraries that Ansible's modules import, as the same stand-ins seen from Python.
const LIBRARIES = `mkdir py; cat >py/selinux.py <<'END'
import subprocess as s, os
def out(*a): return s.run(a, capture_output=True, text=True).stdout
def is_selinux_enabled(): return s.run(['selinuxenabled']).returncode == 0
def security_getenforce(): return int(out('getenforce').strip() == 'Enforcing')
def security_setenforce(v): s.run(['setenforce', str(v)])
def selinux_getpolicytype(): return [0, os.environ['POLICY']]
def security_get_boolean_names(): return (0, ['httpd_x', 'httpd_y'])
def security_get_boolean_active(n): return int(out('getsebool', '--', n).strip().endswith('on'))
def security_set_boolean(n, v): return s.run(['setsebool', n, 'on' if v else 'off']).returncode
def security_commit_booleans(): pass
END
cat >py/semanage.py <<'END'
import selinux, os
def __getattr__(name): return lambda *a: 1
def semanage_bool_create(h): return (0, {})
def semanage_bool_set_name(h, b, n):
  b['n'] = n
  return 0
def semanage_bool_key_extract(h, b): return (0, b)
def semanage_bool_exists(h, k): return (0, True)
def semanage_bool_query(h, k): return (0, k)
def semanage_bool_get_value(b): return int(open('@@/kept.' + b['n']).read())
def semanage_bool_set_value(b, v): b['v'] = v
def semanage_bool_modify_local(h, k, b):
  selinux.s.run(['setsebool', '-P', b['n'], 'on' if b['v'] else 'off'])
  return 0
END
cat >py/seobject.py <<'END'
import selinux
class portRecords:
  def __init__(self, store): self.quiet = []
  def set_reload(self, yes): self.quiet = [] if yes else ['-N']
  def lines(self, local):
    text = selinux.out('semanage', 'port', '-l', '-n', *(['-C'] if local else []))
    return [line.replace(', ', ',').split(None, 2) for line in text.splitlines()]
  def get_all_by_type(self, locallist=0): return {(t, p): v.split(',') for t, p, v in self.lines(locallist)}
  def get_all(self):
    found = {}
    for t, p, v in self.lines(0):
      for one in v.split(','):
        low, _, high = one.partition('-')
        found[(int(low), int(high or low), p)] = (t, 's0')
    return found
  def run(self, *words): selinux.s.run(['semanage', 'port', *self.quiet, *words], check=True)
  def add(self, port, proto, serange, setype): self.run('-a', '-t', setype, '-p', proto, port)
  def modify(self, port, proto, serange, setype): self.run('-m', '-t', setype, '-p', proto, port)
  def delete(self, port, proto): self.run('-d', '-p', proto, port)
END`;

const SELINUX_PROGRAMS = {
  selinuxenabled: '[ ! -e @@/disabled ]',
  getenforce: 'cat @@/mode',
  setenforce: '[ "$1" = 1 ] && echo Enforcing >@@/mode || echo Permissive >@@/mode',
  getsebool: 'case $2 in httpd_[xy]) echo "$2 --> $(cat @@/bool.$2)";; *) exit 1;; esac',
  setsebool:
    'if [ "$1" = -P ]; then shift; [ "$2" = on ] && echo 1 >@@/kept.$1 || echo 0 >@@/kept.$1; fi; echo "$2" >@@/bool.$1',
  semanage: `case "$*" in
'boolean -l -n') for n in httpd_x httpd_y; do [ "$(cat @@/kept.$n)" = 1 ] && d=on || d=off; printf '%-30s (%-5s,%5s)  words\n' $n "$(cat @@/bool.$n)" $d; done;;
'port -l -n') sort @@/ports;;
'port -l -n -C') cat @@/local 2>/dev/null; :;;
*' -a '*|*' -m '*) while [ $# -gt 1 ]; do case $1 in -t) t=$2;; -p) p=$2;; esac; shift; done; sed -i "s/^$t *$p .*/&, $1/" @@/ports;;
*' -d '*) for last; do :; done; sed -i "s/, $last\\b//" @@/ports;;
esac`,
};

const se = (
  module: string,
  title: string,
  args: Record<string, unknown>,
  setup: string,
  calls: RegExp,
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `${module}: ${title}`,
  module,
  args,
  setup: `${LIBRARIES}\necho Enforcing >mode; ${setup}`,
  programs: SELINUX_PROGRAMS,
  environment: { PYTHONPATH: '@@/py', POLICY: 'targeted' },
  calls,
  ...more,
});

const boolean = (title: string, args: Record<string, unknown>, setup: string, more: Partial<StandInCase> = {}) =>
  se(
    'ansible.posix.seboolean',
    title,
    { name: 'httpd_x', ...args },
    `echo off >bool.httpd_y; echo 0 >kept.httpd_y; ${setup}`,
    /^setsebool/,
    { sameWords: true, ...more },
  );

const OFF = 'echo off >bool.httpd_x; echo 0 >kept.httpd_x';
const ON = 'echo on >bool.httpd_x; echo 1 >kept.httpd_x';

const ports = (title: string, args: Record<string, unknown>, setup = ':') =>
  se(
    'community.general.seport',
    title,
    { proto: 'tcp', setype: 'http_port_t', ...args },
    `printf 'http_port_t                    tcp      80, 81, 488, 9000-9010\\nssh_port_t                     tcp      22, 8022\\nhttp_port_t                    udp      443, 80\\n' >ports; ${setup}`,
    /^semanage port.* -[amd] /,
  );

const SELINUX: StandInCase[] = [
  boolean('on', { state: true }, OFF),
  boolean('on for good', { state: true, persistent: true }, OFF),
  boolean('off for good', { state: 'off', persistent: true }, ON),
  boolean('on already', { state: 'yes', persistent: true }, ON),
  boolean(
    'on now and not after a restart',
    { state: true, persistent: true },
    'echo on >bool.httpd_x; echo 0 >kept.httpd_x',
  ),
  boolean('on now, whatever comes', { state: true }, 'echo on >bool.httpd_x; echo 0 >kept.httpd_x'),
  boolean('one that does not exist', { name: 'nope', state: true }, ':'),
  boolean('where SELinux is disabled', { state: true }, 'touch disabled'),
  boolean(
    'where SELinux is disabled and that is fine',
    { state: true, persistent: true, ignore_selinux_state: true },
    `touch disabled; ${OFF}`,
  ),
  ports('new ones', { ports: '8080,8000-8010' }),
  ports('one that is there', { ports: [80] }),
  ports('one of another type', { ports: 8022 }),
  ports('one of another protocol', { ports: 443, reload: false }),
  ports('a range that is there', { ports: ['9000-9010', '7000'] }),
  ports('removed', { ports: ['81', '82'], state: 'absent' }),
  ports('removed of the local ones', { ports: ['81'], state: 'absent', local: true }),
  ports(
    'added though the policy has it',
    { ports: ['81'], local: true },
    "echo 'http_port_t                    tcp      488' >local",
  ),
  ports('of udp', { ports: [80, 8080], proto: 'udp', state: 'present' }),
  ports('where SELinux is disabled', { ports: 1 }, 'touch disabled'),
  ports('where SELinux is disabled and that is fine', { ports: 80, ignore_selinux_state: true }, 'touch disabled'),
];

const FACTS: StandInCase[] = [
  {
    title: 'service_facts: OpenRC',
    module: 'service_facts',
    programs: {
      'rc-status': `printf 'Runlevel: default\\n sshd     [  started  ]\\n crond    [  stopped  ]\\nRuntime\\n lonely [ crashed ]\\n'`,
      'rc-update': `printf '     sshd | default boot\\n    crond | \\n   lonely |   sysinit\\n'`,
    },
  },
  {
    title: 'service_facts: chkconfig',
    module: 'service_facts',
    programs: {
      chkconfig: `printf 'Note: only SysV\\n\\nnetwork        \\t0:off\\t1:off\\t2:on\\t3:on\\t4:on\\t5:on\\t6:off\\nnetconsole     \\t0:off\\t1:off\\t2:off\\t3:off\\t4:off\\t5:off\\t6:off\\n'`,
      service: `[ "$1" = network ]`,
    },
  },
  {
    title: 'service_facts: chkconfig of SLES 11',
    module: 'service_facts',
    programs: {
      chkconfig: `if [ "$1" ]; then printf 'cron   0:off  1:off  2:on   3:on   4:off  5:on   6:off\\n'; else printf 'cron    on\\n'; fi`,
      service: 'exit 3',
    },
  },
  {
    title: 'service_facts: upstart beside SysV',
    module: 'service_facts',
    programs: {
      initctl: `printf 'ssh start/running, process 123\\nrc stop/waiting\\ntty (/dev/tty1) start/running, process 7\\n'`,
      service: `printf ' [ + ]  ssh\\n [ - ]  two words\\n [ ? ]  unknown\\n'`,
    },
  },
  { title: 'service_facts: nothing at all', module: 'service_facts', programs: { service: ':' } },
  {
    title: 'package_facts: apk',
    module: 'package_facts',
    args: { manager: 'apk' },
    programs: { apk: `printf 'musl-1.2.3-r4\\nca-certificates-bundle-20230506-r0\\nodd\\n'` },
  },
  {
    title: 'package_facts: pacman',
    module: 'package_facts',
    args: { manager: ['pacman', 'apk'], strategy: 'all' },
    programs: {
      apk: `printf 'musl-1.2.3-r4\\n'`,
      pacman: `printf 'Name            : a\\nVersion         : 1-1\\nArchitecture    : x86_64\\nProvides        : x=1  y\\n                  z\\nInstall Date    : now\\n\\nName            : b\\nVersion         : 2:3-1\\nArchitecture    : any\\nProvides        : None\\n\\n'`,
    },
  },
  {
    title: 'package_facts: portage',
    module: 'package_facts',
    args: { manager: 'portage' },
    programs: { qlist: `printf 'app-editors/vim-9.0-r1\\n'`, qatom: `echo 'app-editors vim 9.0 r1 <unset> <unset>'` },
  },
];

const GIT = { shortName: 'git', pinned: false, enabled: true };

const plugin = (title: string, args: Record<string, unknown>, more: Partial<StandInCase> = {}): StandInCase => ({
  title: `jenkins_plugin: ${title}`,
  module: 'community.general.jenkins_plugin',
  args: {
    name: 'git',
    url: '@@http',
    jenkins_home: '@@',
    owner: 'root',
    group: 'root',
    updates_url: '@@files',
    ...args,
  },
  setup: 'mkdir plugins',
  jenkins: { plugins: [] },
  ...more,
});

const OLD = 'mkdir plugins; echo old >plugins/git.jpi';

const JENKINS: StandInCase[] = [
  plugin('installed by Jenkins', {}, { skipCheck: true }),
  plugin(
    'without what it needs, under crumbs',
    { with_dependencies: false },
    { jenkins: { plugins: [], crumbs: true } },
  ),
  plugin(
    'with a login',
    { url_username: 'me', url_password: 'se cret', mode: '0640' },
    { jenkins: { plugins: [], login: 'me:se cret', crumbs: true } },
  ),
  plugin(
    'with the wrong login',
    { url_username: 'me', url_password: 'no' },
    { jenkins: { plugins: [], login: 'me:yes' } },
  ),
  plugin('downloaded where Jenkins does not do it', {}, { jenkins: { plugins: [], noScripts: true }, skipCheck: true }),
  plugin('a certain version', { version: '1.2' }),
  plugin(
    'a certain version over another',
    { version: '1.2' },
    { setup: OLD, jenkins: { plugins: [GIT] }, skipCheck: true },
  ),
  plugin('a version that does not exist', { version: 'nope' }, { skipCheck: true }),
  plugin(
    'there, said in so many words',
    { state: 'present', timeout: 20, validate_certs: false, use_proxy: false },
    { skipCheck: true },
  ),
  plugin(
    'found elsewhere',
    {
      version: '1.2',
      update_json_url_segment: ['update-center.json'],
      latest_plugins_url_segments: ['latest'],
      versioned_plugins_url_segments: ['download/plugins'],
      force_basic_auth: true,
      force: true,
      http_agent: 'me',
    },
    { skipCheck: true },
  ),
  plugin('there already', {}, { setup: OLD, jenkins: { plugins: [GIT] }, skipCheck: true }),
  plugin('compared each time', { updates_expiration: 0 }, { setup: OLD, jenkins: { plugins: [GIT] }, skipCheck: true }),
  plugin('no home', { version: '1', jenkins_home: '@@/nope' }, { sameWords: true }),
  plugin('removed', { state: 'absent' }, { jenkins: { plugins: [GIT], crumbs: true } }),
  plugin('gone', { state: 'absent' }),
  plugin('pinned', { state: 'pinned' }, { jenkins: { plugins: [GIT] } }),
  plugin('unpinned', { state: 'unpinned' }, { jenkins: { plugins: [{ ...GIT, pinned: true }] } }),
  plugin('disabled', { state: 'disabled' }, { jenkins: { plugins: [GIT], crumbs: true } }),
  plugin('enabled', { state: 'enabled' }, { jenkins: { plugins: [{ ...GIT, enabled: false }] } }),
  plugin('enabled, but not there', { state: 'enabled' }),
  plugin('a Jenkins that is not there', { url: 'http://127.0.0.1:1' }),
];

const REPO =
  '<repo alias="mine" name="My &amp; own" type="rpm-md" priority="99" enabled="1" autorefresh="1" gpgcheck="1"><url>http://reg/mine/</url></repo>';

const zypper = (
  title: string,
  args: Record<string, unknown>,
  repos = REPO,
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `zypper_repository: ${title}`,
  module: 'community.general.zypper_repository',
  args,
  setup: repos === '' ? ':' : `printf '%s' '${repos}' >repos`,
  programs: {
    zypper: `case "$*" in
--version) echo zypper "$(cat @@/version 2>/dev/null || echo 1.14.30)";;
*'--xmlout repos') [ -s @@/repos ] || exit 6; printf '<?xml version="1.0"?><stream><repo-list>'; cat @@/repos; echo '</repo-list></stream>';;
*addrepo*bad*) echo 'no such thing' >&2; exit 4;;
*addrepo*) a=1 g=1 r=0 e=1 p=99 n=; for w; do case $w in --no-gpgcheck) g=0;; --refresh) r=1;; --disable) e=0;; esac; [ "$last" = --name ] && n=$w; [ "$last" = --priority ] && p=$w; before=$last last=$w; done
printf '<repo alias="%s" name="%s" priority="%s" enabled="%s" autorefresh="%s" gpgcheck="%s"><url>%s</url></repo>' "$last" "\${n:-$last}" $p $e $r $g "$before" >>@@/repos;;
*removerepo*) : >@@/repos;;
esac`,
    rpm: 'case "$*" in *arch*version*|*version*arch*) echo "stars-zypper 15.4 x86_64";; *version*) printf 15.4;; *arch*) printf x86_64;; esac',
  },
  calls: /^zypper .*(addrepo|removerepo|refresh)/,
  skipCheck: true,
  ignore: ['warnings'],
  ...more,
});

const ZYPPER: StandInCase[] = [
  zypper('a new one', { name: 'mine', repo: 'http://reg/mine', description: 'My own', disable_gpg_check: true }, ''),
  zypper('a new one, said in so many words', { name: 'mine', repo: 'http://reg/mine', state: 'present' }, ''),
  zypper('the same', { name: 'mine', repo: 'http://reg/mine/', description: 'My & own' }),
  zypper('the same without a slash', { name: 'mine', repo: 'http://reg/mine', description: 'My & own' }),
  zypper('another address', { name: 'mine', repo: 'http://reg/other' }),
  zypper('another name for the address', { name: 'yours', repo: 'http://reg/mine/' }),
  zypper('other settings', { name: 'mine', repo: 'http://reg/mine/', priority: 10, enabled: false, refresh: false }),
  zypper('an old zypper', { name: 'mine', repo: 'http://reg/mine/', priority: 10, enabled: false }, '', {
    setup: 'echo 1.6.1 >version',
  }),
  zypper(
    'with variables',
    { name: 'mine', repo: 'http://reg/$releasever/$basearch/' },
    REPO.replace('reg/mine', 'reg/15.4/x86_64'),
  ),
  zypper(
    'refreshed, with its keys',
    { name: 'mine', repo: 'http://reg/mine/', auto_import_keys: true, runrefresh: true },
    '',
  ),
  zypper('refreshed though it is there', { name: 'mine', repo: 'http://reg/mine/', runrefresh: true }),
  zypper('all refreshed', { repo: '*', runrefresh: true }),
  zypper('all', { repo: '*' }, '', { sameWords: true }),
  zypper('removed', { name: 'mine', state: 'absent' }),
  zypper('removed by its address', { repo: 'http://reg/mine/', state: 'absent' }),
  zypper('gone', { name: 'mine', state: 'absent' }, ''),
  zypper(
    'two that match',
    { name: 'mine', repo: 'http://reg/two' },
    `${REPO}${REPO.replace('"mine"', '"two"').replace('reg/mine/', 'reg/two')}`,
  ),
  zypper(
    'two that are replaced',
    { name: 'mine', repo: 'http://reg/two', overwrite_multiple: true },
    `${REPO}${REPO.replace('"mine"', '"two"').replace('reg/mine/', 'reg/two')}`,
  ),
  zypper('a .repo file', { repo: '@@/x.repo' }, '', {
    setup: `printf '[science]\\nname=For science\\nenabled=1\\nautorefresh=0\\ngpgcheck=1\\nbaseurl=http://reg/science\\ngpgkey=http://reg/key\\n' >x.repo`,
  }),
  zypper('a .repo file of two', { repo: '@@/x.repo' }, '', {
    setup: `printf '[a]\\nbaseurl=x\\n[b]\\nbaseurl=y\\n' >x.repo`,
  }),
  zypper('a name for a .repo file', { name: 'x', repo: '@@/x.repo' }, '', { sameWords: true }),
  zypper('no name', { repo: 'http://reg' }, '', { sameWords: true }),
  zypper('one that zypper refuses', { name: 'mine', repo: 'http://bad' }, ''),
];

/** zypper with a line `name version` for each package in `installed` and `offered`; what it did stands in `done`, `code` is its exit code. */
const ZYPPER_PROGRAM = String.raw`verb= dash= names= dry= force= found= last=
for w; do
  if [ -z "$verb" ]; then case $w in search|install|remove|update|patch|dist-upgrade|refresh) verb=$w;; esac
  elif [ -n "$dash" ]; then names="$names $w"
  else case $w in --) dash=1;; --dry-run) dry=1;; --force) force=1;; -*) ;; *) [ "$last" = --type ] || names="$names $w";; esac; fi
  last=$w
done
have() { sed -n "s/^$1 //p" @@/$2; }
tell() { found=1; [ -n "$dry" ] || echo "$verb $1 $2" >>@@/done; echo "<to-$3><solvable type=\"package\" name=\"$1\" edition=\"$2\" edition-old=\"$(have $1 installed)\"/></to-$3>"; }
put() { [ -n "$dry" ] || { sed -i "/^$1 /d" @@/installed; [ -z "$2" ] || echo "$1 $2" >>@@/installed; }; }
fail() { echo "<message type=\"error\">$2</message></stream>"; exit $1; }
echo '<?xml version="1.0"?><stream>'
case $verb in
search) for n in $names; do v=$(have $n installed); [ -z "$v" ] || { found=1; echo "<solvable status=\"installed\" name=\"$n\" edition=\"$v\"/>"; }; done; echo '</stream>'; [ -n "$found" ] || exit 104; exit 0;;
install) for w in $names; do case $w in *://*|*.rpm) n=file v=9; [ "$(have $n installed)" = 9 ] || { tell $n 9 install; put $n 9; }; continue;; esac
  sign=$(printf %.1s "$w"); n=$(echo "$w" | sed 's/^[-+]//; s/[<>=].*//'); v=$(echo "$w" | sed -n 's/^[^=]*=//p'); case $w in *'>='*|*'<='*) v=;; esac
  if [ "$sign" = - ]; then tell $n '' remove; put $n ''; continue; fi
  [ -n "$(have $n offered)" ] || fail 104 "'$n' not found in package names. Trying capabilities."
  v=$(printf '%s
' $v $(have $n offered) | head -n 1)
  [ "$(have $n installed)" = "$v" ] && [ -z "$force" ] || { tell $n $v install; put $n $v; }; done;;
remove) for w in $names; do n=$(echo "$w" | sed 's/[<>=].*//'); tell $n '' remove; put $n ''; done;;
refresh) [ ! -e @@/newer ] || mv @@/newer @@/offered;;
*) while read -r n v; do new=$(have $n offered); [ -z "$new" ] || [ "$new" = "$v" ] || echo $n $new; done <@@/installed >@@/upgrades
  while read -r n v; do tell $n $v upgrade; put $n $v; done <@@/upgrades; rm @@/upgrades;;
esac
echo '</stream>'; exit "$(cat @@/code 2>/dev/null || echo 0)"`;

const suse = (
  title: string,
  args: Record<string, unknown>,
  setup = ':',
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `zypper: ${title}`,
  module: 'community.general.zypper',
  args,
  setup: `printf 'vim 1\\nperl 1\\n' >installed; printf 'vim 1\\nperl 2\\nmake 4\\n' >offered; ${setup}`,
  programs: { zypper: ZYPPER_PROGRAM },
  fields: ['name', 'state', 'update_cache', 'rc'],
  ...more,
});

const ZYPPER_PACKAGES: StandInCase[] = [
  suse('one that is there', { name: 'vim' }),
  suse('one that is not there', { name: 'make', state: 'present' }),
  suse('some of each', { name: ['vim', 'make'], state: 'installed' }),
  suse('one that nobody has', { name: 'nonsense' }),
  suse('an older one that will do', { name: 'perl' }),
  suse('the newest', { name: ['perl', 'vim'], state: 'latest' }),
  suse('the newest that is there', { name: 'vim', state: 'latest' }),
  suse('everything', { name: '*', state: 'latest' }),
  suse('everything, with nothing newer', { name: '*', state: 'latest' }, `printf 'vim 1\\nperl 1\\n' >offered`),
  suse('the distribution', { name: '*', state: 'dist-upgrade', allow_vendor_change: true }),
  suse('the distribution for one', { name: 'vim', state: 'dist-upgrade' }, ':', { sameWords: true }),
  suse('patches', { name: '*', state: 'latest', type: 'patch' }),
  suse('a version', { name: 'perl=2' }),
  suse('a version that is there', { name: 'vim=1' }),
  suse('at least a version', { name: ['perl>=2', 'vim'] }),
  suse('one in place of another', { name: ['-vim', 'make'] }),
  suse('one that is to go and is gone', { name: ['~make', 'vim'] }),
  suse('removed', { name: ['vim', 'make'], state: 'absent', clean_deps: true }),
  suse('gone', { name: 'make', state: 'removed' }),
  suse('removed in its version', { name: 'vim=1', state: 'absent' }),
  suse('removed with a plus', { name: '+vim', state: 'absent' }, ':', { sameWords: true }),
  suse('removed by its address', { name: 'http://x/vim.rpm', state: 'absent' }, ':', { sameWords: true }),
  suse('removed patches', { name: 'x', state: 'absent', type: 'patch' }, ':', { sameWords: true }),
  suse('a file', { name: '/x/file-9.rpm', disable_gpg_check: true }),
  suse('with all flags', {
    name: 'make',
    force: true,
    force_resolution: true,
    replacefiles: true,
    oldpackage: true,
    disable_recommends: false,
    extra_args: '--solver-focus=Update',
    extra_args_precommand: '--gpg-auto-import-keys',
  }),
  suse('once more with force', { name: 'vim', state: 'latest', force: true }),
  suse('lists fetched that are new', { name: 'vim', state: 'latest', update_cache: true }, `printf 'vim 3\\n' >newer`),
  suse('lists fetched and nothing else', { name: 'vim', update_cache: true }),
  ...['pattern', 'product', 'srcpackage', 'application', 'package'].map((type) =>
    suse(`a ${type}`, { name: 'make', type }),
  ),
  suse('a signature that was not looked at', { name: 'make' }, 'echo 106 >code'),
  suse('a failure', { name: 'make' }, 'echo 8 >code'),
];

/** Rules are lines `table chain rule` in `rules`, chains lines of `chains`, the policy of every chain is `policy`. */
const IPTABLES_PROGRAM = `[ "$1" = --version ] && { cat @@/version 2>/dev/null || echo 'iptables v1.8.9 (nf_tables)'; exit; }
t=$2; shift 2; [ "$1" = -n ] && shift
verb=$1 chain=$2; [ $# -gt 1 ] && shift 2 || shift
case $verb in
-C) grep -qxF -- "$t $chain $*" @@/rules;;
-L) grep -qx "$chain" @@/chains || exit 1; echo "Chain $chain (policy $(cat @@/policy))";;
-A) echo "$t $chain $*" >>@@/rules;;
-I) case $1 in [0-9]*) shift;; esac; printf '%s\\n' "$t $chain $*" "$(cat @@/rules)" >@@/rules.new; mv @@/rules.new @@/rules;;
-D) grep -vxF -- "$t $chain $*" @@/rules >@@/rules.new; mv @@/rules.new @@/rules;;
-F) : >@@/rules;;
-P) echo "$1" >@@/policy;;
-N) echo "$chain" >>@@/chains;;
-X) grep -vx "$chain" @@/chains >@@/chains.new; mv @@/chains.new @@/chains;;
esac`;

const rule = (args: Record<string, unknown>, setup = ':', more: Partial<StandInCase> = {}): StandInCase => ({
  title: `iptables: ${JSON.stringify(args)} after ${setup}`,
  module: 'ansible.builtin.iptables',
  args,
  setup: `: >rules; printf 'INPUT\\nFORWARD\\nOUTPUT\\n' >chains; echo ACCEPT >policy; ${setup}`,
  programs: { iptables: IPTABLES_PROGRAM, ip6tables: IPTABLES_PROGRAM },
  calls: /^ip6?tables .*-[AIDFPNX] ?/,
  ...more,
});

const INPUT = { chain: 'INPUT' };

const IPTABLES: StandInCase[] = [
  rule({ ...INPUT, protocol: 'tcp', destination_port: 22, jump: 'ACCEPT' }),
  rule(
    { ...INPUT, protocol: 'tcp', destination_port: 22, jump: 'ACCEPT' },
    `echo 'filter INPUT -p tcp -j ACCEPT --destination-port 22' >rules`,
  ),
  rule(
    { ...INPUT, protocol: 'tcp', destination_port: 22, jump: 'ACCEPT', state: 'absent' },
    `echo 'filter INPUT -p tcp -j ACCEPT --destination-port 22' >rules`,
  ),
  rule({ ...INPUT, source: '!10.0.0.0/8', jump: 'DROP', action: 'insert', rule_num: 5 }),
  rule({ ...INPUT, ctstate: 'ESTABLISHED,RELATED', jump: 'ACCEPT', action: 'insert' }),
  rule({ ...INPUT, match: ['state', 'tcp'], protocol: 'tcp', ctstate: ['NEW'], syn: 'negate', jump: 'DROP' }),
  rule({ ...INPUT, match: 'conntrack', ctstate: ['NEW'], syn: 'match', jump: 'DROP', in_interface: 'eth0' }),
  rule({
    chain: 'PREROUTING',
    table: 'nat',
    protocol: 'tcp',
    match: 'tcp',
    destination_port: '80',
    jump: 'REDIRECT',
    to_ports: 8600,
    comment: 'Send it there',
  }),
  rule({ chain: 'POSTROUTING', table: 'nat', out_interface: 'eth0', jump: 'SNAT', to_source: '1.2.3.4' }),
  rule({ chain: 'PREROUTING', table: 'nat', jump: 'DNAT', to_destination: '10.0.0.2:80', destination: '1.2.3.4' }),
  rule({ ...INPUT, protocol: 'tcp', destination_ports: [80, '443', '8081:8083'], jump: 'ACCEPT' }),
  rule({ ...INPUT, log_prefix: 'IPTABLES: ', log_level: 'info', limit: '2/second', limit_burst: 20 }),
  rule({ ...INPUT, log_prefix: 'x', jump: 'DROP' }, ':', { sameWords: true }),
  rule({ ...INPUT, protocol: 'tcp', reject_with: 'tcp-reset' }),
  rule({
    ...INPUT,
    jump: 'REJECT',
    reject_with: 'icmp-port-unreachable',
    ip_version: 'ipv6',
    icmp_type: 'echo-request',
  }),
  rule({ chain: 'OUTPUT', uid_owner: 'root', gid_owner: '!adm', jump: 'ACCEPT', wait: 5 }),
  rule({ chain: 'OUTPUT', jump: 'ACCEPT', wait: 5 }, `echo 'iptables v1.4.21' >version`),
  rule({ chain: 'OUTPUT', protocol: 'tcp', jump: 'DROP', tcp_flags: { flags: 'ALL', flags_set: ['ACK', 'RST'] } }),
  rule({
    ...INPUT,
    src_range: '10.0.0.1-10.0.0.9',
    dst_range: '10.1.0.1-10.1.0.9',
    match: ['iprange'],
    jump: 'ACCEPT',
  }),
  rule({ ...INPUT, src_range: '10.0.0.1-10.0.0.9', match_set: 'bad', match_set_flags: 'src,dst', jump: 'DROP' }),
  rule({
    ...INPUT,
    match: ['set'],
    match_set: 'bad',
    match_set_flags: 'src',
    set_dscp_mark: 8,
    goto: 'X',
    set_counters: '1 2',
    fragment: '!',
    source_port: '1:2',
  }),
  rule({ chain: 'MINE', jump: 'ACCEPT', chain_management: true }),
  rule({ chain: 'MINE', chain_management: true }),
  rule({ chain: 'MINE', chain_management: true, state: 'absent' }, 'echo MINE >>chains'),
  rule({ chain: 'MINE', state: 'absent' }, 'echo MINE >>chains'),
  rule({ ...INPUT, policy: 'DROP' }),
  rule({ ...INPUT, policy: 'ACCEPT' }),
  rule({ chain: 'NOPE', policy: 'ACCEPT' }),
  rule({ ...INPUT, flush: true }, `echo 'filter INPUT -j ACCEPT' >rules`),
  rule({ flush: true, table: 'nat' }),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 'emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'debug'].map((log_level) =>
    rule({ ...INPUT, jump: 'LOG', log_level }),
  ),
  ...['filter', 'mangle', 'raw', 'security'].map((table) => rule({ chain: 'OUTPUT', table, jump: 'ACCEPT' })),
  rule({ ...INPUT, state: 'present', action: 'append', ip_version: 'ipv4', syn: 'ignore', jump: 'ACCEPT' }),
  rule({ chain: 'OUTPUT', jump: 'TEE', gateway: '10.0.0.9', set_dscp_mark_class: 'CS1' }),
  rule({ ...INPUT, set_dscp_mark: 8, set_dscp_mark_class: 'CS1', jump: 'DSCP' }, ':', { sameWords: true }),
  ...['dst', 'dst,src'].map((match_set_flags) => rule({ ...INPUT, match_set: 'bad', match_set_flags, jump: 'DROP' })),
  rule({ ...INPUT, policy: 'QUEUE' }),
  rule({ ...INPUT, policy: 'RETURN' }),
  rule({ jump: 'ACCEPT' }, ':', { sameWords: true }),
  rule({ ...INPUT, jump: 'TEE' }),
];

/** pacman with a line `name version reason` for each package of `installed`, `name version` of what there is in `offered`. */
const PACMAN = String.raw`names() { for one; do case $one in -*|'%n'|'%n %v'|'%n-%v') ;; *) basename "$one";; esac; done; }
know() { grep -q "^$1 " "$2" 2>/dev/null; }
case "$*" in
'--sync --list') sed 's/^/core /' @@/offered;;
'--query --groups') :;;
'--sync --groups --groups') echo 'tools make'; echo 'tools gcc';;
'--sync --groups tools') echo 'tools make'; echo 'tools gcc';;
'--sync --groups '*) exit 1;;
'--query --upgrades') while read -r n v r; do new=$(sed -n "s/^$n //p" @@/offered); [ -n "$new" ] && [ "$new" != "$v" ] && echo "$n $v -> $new"; done <@@/installed >@@/up; cat @@/up; [ -s @@/up ] || { rm @@/up; exit 1; }; rm @@/up;;
'--query --explicit'*|'--query --deps'*|'--query'*)
want=; case "$*" in *--explicit*) want=explicit;; *--deps*) want=dependency;; esac
found=1; while read -r n v r; do for one in $(names "$@") ''; do if [ "$one" = "$n" ] || [ "$(names "$@")" = '' ]; then if [ -z "$want" ] || [ "$want" = "$r" ]; then echo "$n $v"; found=0; fi; break; fi; done; done <@@/installed; [ $# -eq 1 ] || [ -z "$(names "$@")" ] || exit $found;;
'--sync --info '*) for one in $(names "$@"); do know "$one" @@/offered || exit 1; done;;
*--print-format*)
case "$*" in *--upgrade*) case "$*" in *.pkg.tar*) echo 'loading packages...'; case "$*" in *%v*) echo 'file 9-1';; *) echo file;; esac; exit;; esac; exit 1;; esac
for one in $(names "$@"); do case "$*" in *--remove*) sed -n "s/^\($one\) \([^ ]*\).*/\1-\2/p" @@/installed;; *) know "$one" @@/offered || exit 1; case "$*" in *%v*) grep "^$one " @@/offered;; *) echo "$one";; esac;; esac; done;;
*--sysupgrade*) sed 's/$/ explicit/' @@/offered >@@/new; while read -r n v r; do grep "^$n " @@/new; done <@@/installed >@@/then; rm @@/new; mv @@/then @@/installed;;
'--sync --refresh'*) [ -f @@/newer ] && mv @@/newer @@/offered; :;;
*--database*) case "$*" in *--asdeps*) r=dependency;; *) r=explicit;; esac; for one in $(names "$@"); do sed -i "s/^\($one [^ ]*\) .*/\1 $r/" @@/installed; done;;
*--remove*) for one in $(names "$@"); do sed -i "/^$one /d" @@/installed; done;;
*--upgrade*) echo 'file 9-1 explicit' >>@@/installed;;
*--sync*) for one in $(names "$@"); do sed -i "/^$one /d" @@/installed; sed -n "s/^$one .*/& explicit/p" @@/offered >>@@/installed; done;;
esac`;

const arch = (
  title: string,
  args: Record<string, unknown>,
  setup = ':',
  more: Partial<StandInCase> = {},
): StandInCase => ({
  title: `pacman: ${title}`,
  module: 'community.general.pacman',
  args,
  setup: `printf 'vim 1-1 explicit\nperl 1-1 dependency\n' >installed; printf 'vim 1-1\nperl 2-1\nmake 4-1\ngcc 5-1\n' >offered; ${setup}`,
  programs: { pacman: PACMAN },
  calls: /^pacman (?!.*--query).*(--remove|--database|--sync|--upgrade)(?!.*(--list|--print-format|--groups|--info))/,
  fields: ['packages', 'msg', 'cache_updated'],
  ...more,
});

const PACMAN_CASES: StandInCase[] = [
  arch('one that is there', { name: 'vim' }),
  arch('one that is not there', { name: 'make' }),
  arch('some of each', { name: ['vim', 'make', 'core/gcc'] }),
  arch('a group', { name: 'tools' }),
  arch('a file', { name: '/x/file-9-1.pkg.tar.xz' }, ':', { skipCheck: true }),
  arch('one that nobody has', { name: 'nonsense' }),
  arch('the newest', { name: ['perl', 'vim'], state: 'latest' }),
  arch('removed', { name: ['vim', 'make'], state: 'absent' }),
  arch('removed with all they need', {
    name: 'vim',
    state: 'removed',
    force: true,
    remove_nosave: true,
    extra_args: '--recursive',
  }),
  arch('removed that nobody has', { name: 'nonsense', state: 'absent' }),
  arch('everything upgraded', { upgrade: true, upgrade_extra_args: '--ignore vim' }, ':'),
  arch('nothing to upgrade', { upgrade: true }, `printf 'vim 1-1\nperl 1-1\n' >offered`),
  arch('lists fetched that are new', { update_cache: true }, `echo 'vim 3-1' >newer`),
  arch('lists fetched that are the same', { update_cache: true }),
  arch('lists fetched in any case', { update_cache: true, force: true, update_cache_extra_args: '--quiet' }),
  arch('lists fetched and one installed', { update_cache: true, name: 'make' }),
  arch('as a dependency', { name: ['make', 'vim'], reason: 'dependency' }),
  arch('all as dependencies', { name: ['make', 'vim'], reason: 'dependency', reason_for: 'all' }),
  arch('said in so many words', { name: 'make', state: 'present', reason: 'explicit', reason_for: 'new' }),
  arch('there, in an old word', { name: 'make', state: 'installed' }),
  arch('another pacman', { name: 'make', executable: '@@/bin/pacman' }),
  arch('a name and everything', { name: 'vim', upgrade: true }, ':', { sameWords: true }),
  arch('nothing at all', {}, ':', { sameWords: true }),
];

export const STAND_IN_CASES: StandInCase[] = [
  { title: 'raw gives all output and the code', module: 'raw', free: 'echo "a  b"; printf "x\\n\\n"; echo e >&2' },
  {
    title: 'raw fails by its exit code',
    module: 'raw',
    free: 'echo a; exit 3',
    sameWords: true,
    ignore: ['stderr', 'stderr_lines'],
  },
  {
    title: 'raw with a shell',
    module: 'raw',
    free: 'echo ${BASH_VERSION:+bash} $0',
    args: { executable: '/bin/bash' },
  },
  {
    title: 'script runs a file with arguments that a shell reads',
    module: 'script',
    free: '@@/s.sh "a b" $HOME | tr a-z A-Z',
    setup: `printf '#!/bin/sh\\necho "$(basename "$0") $1 $# $2"; echo e >&2' >s.sh`,
  },
  {
    title: 'script that fails',
    module: 'script',
    free: '@@/s.sh',
    setup: `printf '#!/bin/sh\\necho out; exit 4' >s.sh`,
  },
  {
    title: 'script with an executable, a folder and the environment',
    module: 'script',
    free: 'executable=/bin/bash @@/s chdir=/usr',
    setup: `printf 'pwd; echo $GREETING ' >s`,
    environment: { GREETING: "it's" },
  },
  {
    title: 'script that is not needed',
    module: 'script',
    free: '@@/s creates=@@/made',
    setup: `printf '#!/bin/sh\\ntouch @@/made' >s`,
  },
  {
    title: 'script whose object is gone',
    module: 'script',
    free: '@@/s',
    args: { removes: '@@/gone1' },
    setup: `touch gone1; printf '#!/bin/sh\\nrm @@/gone1' >s`,
  },
  { title: 'script that is not there', module: 'script', free: '@@/nope' },
  {
    title: 'fetch below the name of the host',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/out' },
    setup: 'echo 1 >f',
    ignore: ['dest'],
  },
  {
    title: 'fetch to a file',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/new/g', flat: true },
    setup: 'echo 1 >f',
  },
  {
    title: 'fetch into a folder',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/d/', flat: true },
    setup: 'echo 1 >f; mkdir d; echo 2 >d/f',
  },
  {
    title: 'fetch to a folder without a slash',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/d', flat: true },
    setup: 'echo 1 >f; mkdir d',
    sameWords: true,
  },
  { title: 'fetch of a file that is not there', module: 'fetch', args: { src: '@@/f', dest: '@@/d' }, sameWords: true },
  {
    title: 'fetch of a file that need not be there',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/d', fail_on_missing: false },
  },
  {
    title: 'fetch of a folder',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/d' },
    setup: 'mkdir f',
    sameWords: true,
  },
  {
    title: 'fetch of a folder that may be one',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/d', fail_on_missing: false },
    setup: 'mkdir f',
  },
  {
    title: 'fetch through a link, of bytes',
    module: 'fetch',
    args: { src: '@@/l', dest: '@@/out/', flat: true },
    setup: `printf 'a\\000\\377' >f; ln -s f l`,
  },
  {
    title: 'fetch of a large file',
    module: 'fetch',
    args: { src: '@@/f', dest: '@@/g', flat: true },
    setup: 'head -c 1600000 /dev/zero >f',
  },
  ...NODE,
  ...MAKES,
  ...EASY_INSTALL,
  ...SELINUX,
  ...FACTS,
  ...JENKINS,
  ...ZYPPER,
  ...ZYPPER_PACKAGES,
  ...IPTABLES,
  ...PACMAN_CASES,
];
