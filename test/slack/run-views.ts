import type { RunEventBody } from '../../src/model/run.js';
import { viewOf, type RunView } from '../../src/model/run-view.js';

const START = Date.parse('2026-01-01T00:00:00.000Z');

/** The view of a run after these events, one second apart. */
export function runView(...bodies: RunEventBody[]): RunView {
  return viewWith({}, ...bodies);
}

export function viewWith(asked: Partial<Requested>, ...bodies: RunEventBody[]): RunView {
  const all: RunEventBody[] = [{ ...REQUESTED, ...asked }, ...bodies];
  const events = all.map((body, at) => ({
    run: 'r1',
    seq: at + 1,
    at: new Date(START + at * 1_000).toISOString(),
    ...body,
  }));
  const view = viewOf(events);
  if (!view) throw new Error('no view');
  return view;
}

type Requested = Extract<RunEventBody, { type: 'run.requested' }>;

const REQUESTED: Requested = {
  type: 'run.requested',
  command: 'deploy',
  text: 'deploy site staging',
  args: {},
  environment: 'staging',
  person: { id: 'U0ADA', name: 'ada' },
  source: 'slack',
};

export const started: RunEventBody = { type: 'run.started' };

export function play(name: string, hosts: string[]): RunEventBody {
  return { type: 'play.started', play: name, hosts };
}

export function task(name: string, role: string | null = null): RunEventBody {
  return { type: 'task.started', play: 'masters', role, task: name };
}

export function result(host: string, more: Partial<Extract<RunEventBody, { type: 'task.result' }>> = {}): RunEventBody {
  const base = { play: 'masters', role: null, task: 'install', status: 'ok', changed: false, ms: 5 } as const;
  return { type: 'task.result', host, ...base, ...more };
}

export const succeeded: RunEventBody = {
  type: 'run.finished',
  state: 'succeeded',
  ms: 72_000,
  summary: 'Deployed site.',
};
