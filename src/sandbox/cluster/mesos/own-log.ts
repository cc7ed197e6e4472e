import { BUILD } from './json.js';
import type { FileDeps } from './files.js';
import { glog } from './mesos.js';

/** The log of a master or an agent, which it gives out as `/master/log` or `/slave/log`. */
export function ownLog(
  role: 'master' | 'slave',
  { name, startedMs }: { name: string; startedMs: number },
): FileDeps['own'] {
  const head = glog(new Date(startedMs));
  const lines = [
    `Log file created at: ${new Date(startedMs).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')}`,
    `Running on machine: ${name}`,
    'Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg',
    `${head} main.cpp:322] Build: ${BUILD.build_date} by ${BUILD.build_user}`,
    `${head} main.cpp:323] Version: ${BUILD.version}`,
    `${head} ${role}.cpp:475] ${role === 'master' ? 'Master' : 'Agent'} started on ${name}`,
  ];
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return { path: `/${role}/log`, file: () => ({ bytes, modifiedMs: startedMs }) };
}
