import type { HttpService } from '../http.js';
import type { Delays, Timers } from '../timing.js';

/** One process of Marathon, on a master. */
export type MarathonInstance = { host: string; service: HttpService; running: boolean };

export type Instances = ReturnType<typeof createInstances>;

export type InstancesDeps = {
  instances: MarathonInstance[];
  timers: Timers;
  delays: Delays;
  hasQuorum: () => boolean;
  /** Nobody leads any more. */
  onLost: () => void;
  /** This one leads from now on, and has yet to read what there is. */
  onElected: (leader: MarathonInstance) => void;
};

/** Which instance of Marathon leads. All others stand by and pass on what they are asked. */
export function createInstances({ instances, timers, delays, hasQuorum, onLost, onElected }: InstancesDeps) {
  let leader: MarathonInstance | undefined = instances[0];
  let cancelElection: (() => void) | undefined;

  /** Nobody leads for a while; then the next that runs. One that led starts anew and stands at the end of the line. */
  function elect(): void {
    const after = leader === undefined ? 0 : instances.indexOf(leader) + 1;
    leader = undefined;
    onLost();
    cancelElection?.();
    cancelElection = undefined;
    if (!hasQuorum()) return;
    cancelElection = timers.after(delays.electionMs, () => {
      cancelElection = undefined;
      leader = [...instances.slice(after), ...instances.slice(0, after)].find(({ running }) => running);
      if (leader) onElected(leader);
    });
  }

  async function setRunning(host: string, running: boolean): Promise<void> {
    const instance = instances.find((one) => one.host === host);
    if (!instance || instance.running === running) return;
    instance.running = running;
    await (running ? instance.service.start() : instance.service.stop());
    const isMissed = running ? leader === undefined && cancelElection === undefined : instance === leader;
    if (isMissed) elect();
  }

  return { all: instances as readonly MarathonInstance[], leader: () => leader, elect, setRunning };
}
