import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../src/clock.js';
import { createHttp } from '../src/cluster/http.js';
import { createMesos } from '../src/cluster/mesos/client.js';
import { silentLog } from '../src/log.js';

const AGENTS = 50;
const COMPLETED = 1_000;
const REPETITIONS = 3;

/** Reads the state of a cluster with so many tasks a few times, and says what the best reading took and what all of them held at most. */
async function run(tasks: number): Promise<Record<string, number>> {
  let bytes = 0;
  const server = createServer((request, response) => {
    bytes = 0;
    const written = (text: string) => {
      bytes += text.length;
      return response.write(text);
    };
    void answer(request.url === '/state' ? tasks : 1, written, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = (baseUrls: string[], service = 'Mesos') =>
    createHttp({ service, baseUrls, log: silentLog, clock: systemClock });
  const mesos = createMesos({
    http: http([url]),
    httpTo: (service, at) => http([at], service),
    httpToMaster: (at) => http([at]),
  });

  // What the libraries take for themselves is not counted.
  await mesos.agents();
  global.gc?.();
  const before = process.memoryUsage.rss();
  const peak = watchMemory();
  let bestS = Number.POSITIVE_INFINITY;
  for (let time = 0; time < REPETITIONS; time++) {
    const startedAt = performance.now();
    const state = await mesos.state();
    bestS = Math.min(bestS, (performance.now() - startedAt) / 1000);
    const count = state.frameworks.reduce((sum, framework) => sum + framework.tasks.length, 0);
    if (count !== tasks) throw new Error(`read ${count} tasks of ${tasks}`);
  }
  return { bodyMb: round(bytes / 1e6), seconds: round(bestS), memoryMb: round((peak.stop() - before) / 1e6) };
}

/** Written piece by piece, so that the memory of this side counts for little. */
async function answer(tasks: number, write: (text: string) => boolean, response: ServerResponse): Promise<void> {
  const list = async (name: string, count: number, item: (index: number) => unknown) => {
    write(`"${name}":[`);
    for (let index = 0; index < count; index++) {
      const more = write(`${index > 0 ? ',' : ''}${JSON.stringify(item(index))}`);
      if (!more) await new Promise<void>((resolve) => response.once('drain', resolve));
    }
    write(']');
  };
  write('{"version":"1.3.1","leader":"master@127.0.0.1:5050","activated_slaves":50,');
  await list('slaves', AGENTS, agent);
  write(',"frameworks":[{"id":"f-0000","name":"marathon","active":true,');
  await list('tasks', tasks, (index) => task(index, 'TASK_RUNNING'));
  write(',"unreachable_tasks":[],');
  await list('completed_tasks', COMPLETED, (index) => task(index, 'TASK_FINISHED'));
  write('}]}');
  response.end();
}

function agent(index: number): unknown {
  const resources = { cpus: 32, mem: 128_000, disk: 500_000, gpus: 0, ports: '[31000-32000]' };
  return {
    id: `f-S${index}`,
    hostname: `agent${index}`,
    pid: `slave(1)@10.0.0.${index}:5051`,
    active: true,
    resources,
    used_resources: resources,
  };
}

function task(index: number, state: string): unknown {
  const id = `group_app${index % 500}.1f0c7f2e-9185-11e7-8b5a-${String(index).padStart(12, '0')}`;
  const status = (name: string) => ({
    state: name,
    timestamp: 1_504_533_622.726,
    healthy: true,
    container_status: {
      container_id: { value: id },
      network_infos: [{ ip_addresses: [{ ip_address: '10.0.0.1', protocol: 'IPv4' }] }],
    },
  });
  return {
    id,
    name: `app${index % 500}.group`,
    framework_id: 'f-0000',
    executor_id: '',
    slave_id: `f-S${index % AGENTS}`,
    state,
    resources: {
      cpus: 0.5,
      mem: 512,
      disk: 0,
      gpus: 0,
      ports: `[${31_000 + (index % 1000)}-${31_000 + (index % 1000)}]`,
    },
    role: '*',
    statuses: [status('TASK_STAGING'), status(state)],
    labels: [{ key: 'tier', value: 'front' }],
    discovery: {
      visibility: 'FRAMEWORK',
      name: `app${index % 500}.group`,
      ports: { ports: [{ number: 31_000, protocol: 'tcp' }] },
    },
    container: {
      type: 'DOCKER',
      docker: { image: 'example.org/app:1.2.3', network: 'BRIDGE', privileged: false, force_pull_image: false },
    },
  };
}

function watchMemory(): { stop(): number } {
  let bytes = 0;
  const look = () => (bytes = Math.max(bytes, process.memoryUsage.rss()));
  const timer = setInterval(look, 5);
  return {
    stop() {
      clearInterval(timer);
      return look();
    },
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

process.stdout.write(JSON.stringify(await run(Number(process.argv[2] ?? 1_000))));
process.exit(0);
