import type { TaskSpec } from '../mesos/task.js';
import type { App } from './app.js';

/** What Mesos is asked to run for one instance. */
export function taskSpec(id: string, app: App, ports: number[]): TaskSpec {
  return {
    id,
    name: app.id.slice(1).split('/').toReversed().join('.'),
    command: app.cmd ?? app.args?.join(' ') ?? 'NO EXECUTABLE',
    resources: { cpus: app.cpus, mem: app.mem, disk: app.disk, gpus: app.gpus, ports },
    labels: app.labels,
    user: app.user,
    discovery: true,
    ...(app.container && { container: mesosContainer(app) }),
  };
}

function mesosContainer({ container }: App) {
  if (!container) return undefined;
  const { docker } = container;
  return {
    type: container.type,
    ...(docker && {
      docker: {
        image: docker.image,
        network: docker.network ?? 'HOST',
        privileged: Boolean(docker['privileged']),
        parameters: docker['parameters'] ?? [],
        force_pull_image: Boolean(docker['forcePullImage']),
      },
    }),
    ...(container.volumes?.length && {
      volumes: container.volumes.map(({ containerPath, hostPath, mode }) => ({
        container_path: containerPath,
        ...(hostPath !== undefined && { host_path: hostPath }),
        mode,
      })),
    }),
  };
}
