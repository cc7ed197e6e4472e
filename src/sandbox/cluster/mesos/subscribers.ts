import type { ServerResponse } from 'node:http';
import type { Masters } from './masters.js';
import type { Mesos } from './mesos.js';
import { agentV1, stateV1, taskV1 } from './v1-json.js';

export type Subscribers = ReturnType<typeof createSubscribers>;

/** Who hears of everything that happens, over the operator API of the leading master: RecordIO, without heartbeats in 1.3. */
export function createSubscribers({ mesos, masters }: { mesos: Mesos; masters: Masters }) {
  const readers = new Set<ServerResponse>();

  function send(response: ServerResponse, event: Record<string, unknown>): void {
    const json = JSON.stringify(event);
    response.write(`${Buffer.byteLength(json)}\n${json}`);
  }

  function tell(event: Record<string, unknown>): void {
    for (const response of readers) send(response, event);
  }

  mesos.onLaunch((task) => tell({ type: 'TASK_ADDED', task_added: { task: taskV1(task) } }));
  mesos.onUpdate(({ task }) =>
    tell({
      type: 'TASK_UPDATED',
      task_updated: {
        framework_id: { value: task.frameworkId },
        state: task.state,
        status: { task_id: { value: task.id }, state: task.state, message: task.message },
      },
    }),
  );
  mesos.onAgent((agent, there) =>
    tell(
      there
        ? { type: 'AGENT_ADDED', agent_added: { agent: agentV1(agent) } }
        : { type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: agent.id } } },
    ),
  );

  return {
    attach(response: ServerResponse): void {
      readers.add(response);
      response.on('close', () => readers.delete(response));
      send(response, { type: 'SUBSCRIBED', subscribed: { get_state: stateV1({ mesos, masters }) } });
    },
    /** A master that leads no more knows nothing. */
    endAll(): void {
      for (const response of readers) response.end();
      readers.clear();
    },
  };
}
