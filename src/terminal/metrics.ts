import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../clock.js';
import type { Stars } from '../stars.js';

export type MetricsOptions = { stars: Stars; clock: Clock; connected(): boolean };

export type Metrics = {
  contentType: string;
  /** What Prometheus reads. */
  text(): Promise<string>;
};

const SECONDS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** Counts what this process does, and reads from the store what waits, whichever process asks. */
export function createMetrics({ stars, clock, connected }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const ended = new Counter({
    name: 'stars_runs_ended_total',
    help: 'Runs that ended in this process, by command and the state they ended in.',
    labelNames: ['command', 'state'],
    registers,
  });
  const seconds = new Histogram({
    name: 'stars_run_seconds',
    help: 'From the request to the end of runs that ended in this process.',
    labelNames: ['command'],
    buckets: SECONDS,
    registers,
  });
  const waiting = new Gauge({
    name: 'stars_runs_waiting',
    help: 'Runs that wait for their turn or for people, in all processes.',
    labelNames: ['state'],
    registers,
  });
  const held = new Gauge({ name: 'stars_leases', help: 'What runs and locks hold.', labelNames: ['kind'], registers });
  const slack = new Gauge({ name: 'stars_slack_connected', help: '1 when people can reach Stars.', registers });

  stars.runs.watch((event, view) => {
    if (event.type !== 'run.finished') return;
    ended.inc({ command: view.command, state: event.state });
    seconds.observe({ command: view.command }, event.ms / 1_000);
  });

  async function text(): Promise<string> {
    const runs = await stars.store.waiting();
    for (const state of ['queued', 'awaiting-approval'])
      waiting.set({ state }, runs.filter((run) => run.state === state).length);
    const leases = await stars.claims.list(undefined, clock.now());
    held.set({ kind: 'run' }, leases.filter(({ run }) => run !== undefined).length);
    held.set({ kind: 'lock' }, leases.filter(({ run }) => run === undefined).length);
    slack.set(connected() ? 1 : 0);
    return registry.metrics();
  }

  return { contentType: registry.contentType, text };
}
