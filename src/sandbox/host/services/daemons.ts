import { print } from '../kernel/io.js';
import type { Program } from '../kernel/kernel.js';
import { SIGNALS } from '../kernel/signals.js';

const DAEMONS = [
  'sshd',
  'crond',
  'rsyslogd',
  'dockerd',
  'mesos-master',
  'mesos-slave',
  'mesos-dns',
  'marathon',
  'chronos',
  'zookeeper-server',
  'nginx',
  'httpd',
  'redis-server',
  'ntpd',
  'chronyd',
  'livy-server',
  'zeppelin-daemon',
  'blazegraph-server',
  'spark-master',
  'spark-worker',
  'haproxy',
  'java',
];

export function isDaemon(program: string): boolean {
  return DAEMONS.includes(program);
}

/** Programs that run until they are stopped; `--version` and a configuration test are answered at once. */
export const daemonPrograms: ReadonlyMap<string, Program> = new Map(DAEMONS.map((name) => [name, daemon(name)]));

function daemon(name: string): Program {
  return async (proc, argv) => {
    const options = argv.slice(1);
    if (options.some((option) => ['--version', '-version', '-v', '-V'].includes(option))) {
      await print(proc, name === 'java' ? 'openjdk version "1.8.0_412"\n' : `${name} simulated\n`);
      return 0;
    }
    if (options.includes('-t') || options.includes('configtest')) return 0;
    proc.ignored.add(SIGNALS.HUP);
    await proc.wait(() => () => {});
    return 0;
  };
}
