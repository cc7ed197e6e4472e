import type { Package, PackageFile } from './package.js';

type Service = {
  name: string;
  version: string;
  release: string;
  summary: string;
  repo?: string;
  arch?: string;
  requires?: string[];
  user?: { name: string; home?: string };
  /** Unit name and the program that it runs. */
  units: {
    unit: string;
    program: string;
    path: string;
    type?: string;
    user?: string;
    environmentFile?: string;
    arguments?: string;
    restart?: string;
    after?: string;
    reload?: string;
  }[];
  files?: PackageFile[];
  provides?: string[];
};

function service({ units, user, files = [], repo = 'base', arch = 'x86_64', ...rest }: Service): Package {
  const programs = [...new Map(units.map(({ path, program }) => [path, program]))];
  return {
    ...rest,
    repo,
    arch,
    users: user ? [user] : [],
    files: [
      ...programs.map(([path, program]) => ({ path, kind: 'file' as const, program })),
      ...units.map((unit) => ({
        path: `/usr/lib/systemd/system/${unit.unit}.service`,
        kind: 'file' as const,
        text: unitText(rest.summary, unit),
      })),
      ...files,
    ],
  };
}

function unitText(
  summary: string,
  {
    path,
    type,
    user,
    environmentFile,
    arguments: words = '',
    restart,
    after = 'network.target',
    reload,
  }: Service['units'][number],
): string {
  return [
    '[Unit]',
    `Description=${summary}`,
    `After=${after}`,
    '',
    '[Service]',
    ...(type ? [`Type=${type}`] : []),
    ...(user ? [`User=${user}`] : []),
    ...(environmentFile ? [`EnvironmentFile=-${environmentFile}`] : []),
    `ExecStart=${path}${words ? ` ${words}` : ''}`,
    ...(reload ? [`ExecReload=${reload}`] : []),
    ...(restart ? [`Restart=${restart}`, 'RestartSec=20'] : []),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

const folder = (path: string, owner?: string): PackageFile => ({ path, kind: 'folder', ...(owner ? { owner } : {}) });
const config = (path: string, text: string): PackageFile => ({ path, kind: 'config', text });

/** Packages that bring a systemd unit. */
export const SERVICE_PACKAGES: readonly Package[] = [
  service({
    name: 'docker',
    version: '1.13.1',
    release: '210.git7d71120.el7.centos',
    summary: 'Docker Application Container Engine',
    repo: 'extras',
    requires: ['container-selinux', 'docker-client'],
    units: [
      {
        unit: 'docker',
        program: 'dockerd',
        path: '/usr/bin/dockerd-current',
        type: 'notify',
        restart: 'on-abnormal',
        environmentFile: '/etc/sysconfig/docker',
        reload: '/bin/kill -s HUP $MAINPID',
      },
    ],
    files: [
      config('/etc/sysconfig/docker', "OPTIONS='--selinux-enabled --log-driver=journald'\n"),
      folder('/etc/docker'),
      config('/etc/docker/daemon.json', '{}\n'),
      folder('/var/lib/docker'),
    ],
  }),
  {
    name: 'docker-client',
    version: '1.13.1',
    release: '210.git7d71120.el7.centos',
    arch: 'x86_64',
    repo: 'extras',
    summary: 'Client side files for Docker',
    files: [{ path: '/usr/bin/docker', kind: 'file', program: 'stub-docker' }],
  },
  service({
    name: 'docker-ce',
    version: '26.1.4',
    release: '1.el7',
    summary: 'Docker Application Container Engine',
    repo: 'docker-ce-stable',
    requires: ['container-selinux'],
    units: [
      {
        unit: 'docker',
        program: 'dockerd',
        path: '/usr/bin/dockerd',
        type: 'notify',
        restart: 'always',
        reload: '/bin/kill -s HUP $MAINPID',
      },
    ],
    files: [
      { path: '/usr/bin/docker', kind: 'file', program: 'stub-docker' },
      folder('/etc/docker'),
      folder('/var/lib/docker'),
    ],
  }),
  ...['1.3.0', '1.4.1'].map((version) =>
    service({
      name: 'mesos',
      version,
      release: version === '1.3.0' ? '2.0.3' : '2.0.1',
      summary: 'Mesos cluster manager',
      repo: 'mesosphere',
      requires: ['libevent-devel', 'subversion-libs', 'cyrus-sasl-md5'],
      units: [
        {
          unit: 'mesos-master',
          program: 'mesos-master',
          path: '/usr/bin/mesos-init-wrapper',
          arguments: 'master',
          environmentFile: '/etc/default/mesos-master',
          restart: 'always',
        },
        {
          unit: 'mesos-slave',
          program: 'mesos-slave',
          path: '/usr/bin/mesos-init-wrapper',
          arguments: 'slave',
          environmentFile: '/etc/default/mesos-slave',
          restart: 'always',
        },
      ],
      files: [
        { path: '/usr/sbin/mesos-master', kind: 'file', program: 'mesos-master' },
        { path: '/usr/sbin/mesos-slave', kind: 'file', program: 'mesos-slave' },
        folder('/etc/mesos'),
        folder('/etc/mesos-master'),
        folder('/etc/mesos-slave'),
        folder('/var/lib/mesos'),
        folder('/var/log/mesos'),
        config('/etc/mesos/zk', 'zk://localhost:2181/mesos\n'),
        config('/etc/mesos-master/quorum', '1\n'),
        config('/etc/mesos-master/work_dir', '/var/lib/mesos\n'),
        config('/etc/mesos-slave/work_dir', '/var/lib/mesos\n'),
        config('/etc/default/mesos', 'LOGS=/var/log/mesos\nULIMIT="-n 8192"\n'),
        config('/etc/default/mesos-master', 'PORT=5050\nZK=`cat /etc/mesos/zk`\n'),
        config('/etc/default/mesos-slave', 'MASTER=`cat /etc/mesos/zk`\n'),
      ],
    }),
  ),
  ...['1.4.7', '1.4.8'].map((version) =>
    service({
      name: 'marathon',
      version,
      release: '1.0.654.el7',
      summary: 'Scheduler for Apache Mesos',
      repo: 'mesosphere',
      arch: 'noarch',
      requires: ['java-1.8.0-openjdk-headless'],
      user: { name: 'marathon', home: '/var/lib/marathon' },
      units: [
        {
          unit: 'marathon',
          program: 'marathon',
          path: '/usr/bin/marathon',
          environmentFile: '/etc/default/marathon',
          restart: 'always',
        },
      ],
      files: [folder('/etc/marathon'), folder('/etc/marathon/conf'), config('/etc/default/marathon', '')],
    }),
  ),
  service({
    name: 'chronos',
    version: '2.5.0',
    release: '0.1.20170816233446.el7',
    summary: 'Fault tolerant job scheduler for Mesos',
    repo: 'mesosphere',
    requires: ['java-1.8.0-openjdk-headless'],
    units: [
      {
        unit: 'chronos',
        program: 'chronos',
        path: '/usr/bin/chronos',
        environmentFile: '/etc/sysconfig/chronos',
        restart: 'always',
      },
    ],
    files: [
      folder('/etc/chronos'),
      folder('/etc/chronos/conf'),
      config('/etc/chronos/conf/http_port', '4400\n'),
      config('/etc/sysconfig/chronos', ''),
    ],
  }),
  service({
    name: 'mesosphere-zookeeper',
    version: '3.4.6',
    release: '0.1.20141204175332.centos7',
    summary: 'ZooKeeper server',
    repo: 'mesosphere',
    requires: ['java-1.8.0-openjdk-headless'],
    user: { name: 'zookeeper', home: '/var/lib/zookeeper' },
    provides: ['zookeeper'],
    units: [
      {
        unit: 'zookeeper',
        program: 'zookeeper-server',
        path: '/opt/mesosphere/zookeeper/bin/zkServer.sh',
        arguments: 'start-foreground',
        user: 'zookeeper',
        restart: 'always',
      },
    ],
    files: [
      folder('/etc/zookeeper'),
      folder('/etc/zookeeper/conf'),
      config('/etc/zookeeper/conf/zoo.cfg', 'tickTime=2000\ndataDir=/var/lib/zookeeper\nclientPort=2181\n'),
      folder('/var/lib/zookeeper', 'zookeeper'),
    ],
  }),
  service({
    name: 'mesos-dns',
    version: '0.6.0',
    release: '1.el7',
    summary: 'DNS-based service discovery for Mesos',
    repo: 'mesosphere',
    units: [
      {
        unit: 'mesos-dns',
        program: 'mesos-dns',
        path: '/usr/bin/mesos-dns',
        arguments: '-config=/etc/mesos-dns/config.json',
        restart: 'on-failure',
      },
    ],
    files: [folder('/etc/mesos-dns'), config('/etc/mesos-dns/config.json', '{}\n')],
  }),
  service({
    name: 'nginx',
    version: '1.20.1',
    release: '10.el7',
    summary: 'The nginx HTTP and reverse proxy server',
    repo: 'epel',
    user: { name: 'nginx', home: '/var/lib/nginx' },
    units: [
      { unit: 'nginx', program: 'nginx', path: '/usr/sbin/nginx', type: 'forking', reload: '/usr/sbin/nginx -t' },
    ],
    files: [
      folder('/etc/nginx'),
      folder('/etc/nginx/conf.d'),
      config('/etc/nginx/nginx.conf', 'user nginx;\nworker_processes auto;\n'),
      folder('/var/log/nginx', 'nginx'),
      folder('/usr/share/nginx/html'),
    ],
  }),
  service({
    name: 'httpd',
    version: '2.4.6',
    release: '99.el7.centos.1',
    summary: 'The Apache HTTP Server',
    repo: 'updates',
    user: { name: 'apache', home: '/usr/share/httpd' },
    units: [
      {
        unit: 'httpd',
        program: 'httpd',
        path: '/usr/sbin/httpd',
        type: 'notify',
        arguments: '-DFOREGROUND',
        reload: '/bin/kill -HUP $MAINPID',
      },
    ],
    files: [folder('/etc/httpd/conf.d'), config('/etc/httpd/conf/httpd.conf', 'Listen 80\n'), folder('/var/www/html')],
  }),
  service({
    name: 'redis',
    version: '3.2.12',
    release: '2.el7',
    summary: 'Redis persistent key-value database',
    repo: 'epel',
    user: { name: 'redis', home: '/var/lib/redis' },
    units: [
      {
        unit: 'redis',
        program: 'redis-server',
        path: '/usr/bin/redis-server',
        arguments: '/etc/redis.conf',
        user: 'redis',
      },
    ],
    files: [config('/etc/redis.conf', 'bind 127.0.0.1\nport 6379\n'), folder('/var/lib/redis', 'redis')],
  }),
  service({
    name: 'haproxy',
    version: '1.5.18',
    release: '9.el7_9.1',
    summary: 'HAProxy Load Balancer',
    repo: 'updates',
    user: { name: 'haproxy', home: '/var/lib/haproxy' },
    units: [{ unit: 'haproxy', program: 'haproxy', path: '/usr/sbin/haproxy', reload: '/bin/kill -USR2 $MAINPID' }],
    files: [config('/etc/haproxy/haproxy.cfg', 'global\n')],
  }),
  service({
    name: 'ntp',
    version: '4.2.6p5',
    release: '29.el7.centos.2',
    summary: 'Network Time Service',
    user: { name: 'ntp', home: '/etc/ntp' },
    units: [{ unit: 'ntpd', program: 'ntpd', path: '/usr/sbin/ntpd', type: 'forking' }],
    files: [config('/etc/ntp.conf', 'driftfile /var/lib/ntp/drift\n')],
  }),
  service({
    name: 'chrony',
    version: '3.4',
    release: '1.el7',
    summary: 'NTP client/server',
    user: { name: 'chrony', home: '/var/lib/chrony' },
    units: [{ unit: 'chronyd', program: 'chronyd', path: '/usr/sbin/chronyd', type: 'forking' }],
    files: [config('/etc/chrony.conf', 'driftfile /var/lib/chrony/drift\n')],
  }),
  service({
    name: 'spark',
    version: '2.1.1',
    release: '1.el7',
    summary: 'Spark standalone master',
    repo: 'bigtop',
    requires: ['java-1.8.0-openjdk-headless'],
    user: { name: 'spark', home: '/var/lib/spark' },
    units: [
      { unit: 'spark-master', program: 'spark-master', path: '/usr/lib/spark/sbin/start-master.sh', user: 'spark' },
    ],
    files: [folder('/etc/spark/conf'), { path: '/usr/bin/spark-submit', kind: 'file', program: 'stub-spark-submit' }],
  }),
  service({
    name: 'zeppelin',
    version: '0.7.0',
    release: '1.el7',
    summary: 'Zeppelin notebooks',
    repo: 'bigtop',
    requires: ['java-1.8.0-openjdk-headless'],
    user: { name: 'zeppelin', home: '/var/lib/zeppelin' },
    units: [
      { unit: 'zeppelin', program: 'zeppelin-daemon', path: '/usr/lib/zeppelin/bin/zeppelin.sh', user: 'zeppelin' },
    ],
    files: [folder('/etc/zeppelin/conf')],
  }),
  service({
    name: 'livy',
    version: '0.4.0',
    release: '1.el7',
    summary: 'REST service for Spark',
    repo: 'bigtop',
    requires: ['java-1.8.0-openjdk-headless'],
    user: { name: 'livy', home: '/var/lib/livy' },
    units: [{ unit: 'livy', program: 'livy-server', path: '/usr/lib/livy/bin/livy-server', user: 'livy' }],
    files: [folder('/etc/livy/conf')],
  }),
  service({
    name: 'blazegraph',
    version: '2.1.4',
    release: '1.el7',
    summary: 'Graph database',
    repo: 'bigtop',
    requires: ['java-1.8.0-openjdk-headless'],
    user: { name: 'blazegraph', home: '/var/lib/blazegraph' },
    units: [
      {
        unit: 'blazegraph',
        program: 'blazegraph-server',
        path: '/usr/share/blazegraph/bin/blazegraph.sh',
        user: 'blazegraph',
      },
    ],
    files: [folder('/etc/blazegraph')],
  }),
];
