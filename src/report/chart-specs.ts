import type { Sample, SampleState } from '../model/sample.js';
import { percent } from '../model/figures.js';

export type TimedSample = Sample & { at: string };

/** A chart as vega-lite has it. Times are UTC. */
export type ChartSpec = Record<string, unknown>;

const FONT = 'DejaVu Sans';
const HOUR_MS = 3_600_000;
const BUCKET_MS = 4 * HOUR_MS;
const CONFIG = { font: FONT, view: { stroke: '#cccccc' }, axis: { labelColor: '#333333', titleColor: '#333333' } };
const TIME = { type: 'temporal', scale: { type: 'utc' }, title: 'UTC' } as const;

const SHARES = [
  ['cpus', 'CPU'],
  ['memory', 'memory'],
  ['disk', 'disk'],
] as const;

/** How much of the cluster was in use, as lines with their names at the end; undefined when nothing was measured. */
export function utilisationSpec(environment: string, samples: readonly TimedSample[]): ChartSpec | undefined {
  const values = samples.flatMap(({ at, figures }) =>
    SHARES.flatMap(([key, name]) => {
      const share = figures[key];
      return share === undefined ? [] : [{ at, what: name, share: Math.round(share * 1_000) / 1_000 }];
    }),
  );
  if (values.length < 2) return undefined;
  const last = apart(SHARES.flatMap(([, name]) => values.findLast(({ what }) => what === name) ?? []));
  const color = {
    field: 'what',
    type: 'nominal',
    legend: null,
    scale: { domain: ['CPU', 'memory', 'disk'], range: ['#1264a3', '#b3541e', '#5f7f0f'] },
  };
  const place = {
    x: { field: 'at', ...TIME, axis: { format: '%a %d', tickCount: 'day', grid: true, gridColor: '#eeeeee' } },
    y: {
      field: 'share',
      type: 'quantitative',
      title: 'in use',
      scale: { domain: [0, 1] },
      axis: { format: '.0%', gridColor: '#eeeeee' },
    },
  };
  return {
    title: `${environment}: in use over the last days`,
    width: 560,
    height: 200,
    background: 'white',
    config: CONFIG,
    layer: [
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 2 },
        // Not by colour alone.
        encoding: {
          ...place,
          color,
          strokeDash: {
            field: 'what',
            type: 'nominal',
            legend: null,
            scale: {
              domain: ['CPU', 'memory', 'disk'],
              range: [
                [1, 0],
                [6, 3],
                [2, 2],
              ],
            },
          },
        },
      },
      {
        data: { values: last.map((value) => ({ ...value, says: `${value.what} ${Math.round(value.share * 100)} %` })) },
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 11, clip: false },
        encoding: { ...place, y: { ...place.y, field: 'height' }, text: { field: 'says' }, color },
      },
    ],
    padding: { left: 5, top: 5, right: 90, bottom: 5 },
  };
}

const LABEL_HEIGHT = 0.07;

/** Names at the ends of lines, so high that none covers another. */
function apart<T extends { share: number }>(ends: readonly T[]): (T & { height: number })[] {
  let free = -1;
  return ends
    .toSorted((a, b) => a.share - b.share)
    .map((end) => {
      const height = Math.max(end.share, free);
      free = height + LABEL_HEIGHT;
      return { ...end, height };
    });
}

const MARKS: Record<SampleState, string> = { up: '', unknown: '?', degraded: '!', down: '×' };
const COLORS: Record<SampleState, string> = { up: '#d9ead3', unknown: '#dddddd', degraded: '#ffd966', down: '#cc4125' };

/** How each layer was, the worst of every four hours; undefined when nothing was measured. */
export function stateSpec(environment: string, samples: readonly TimedSample[]): ChartSpec | undefined {
  const worst = new Map<string, { at: string; layer: string; state: SampleState }>();
  const order: readonly SampleState[] = ['up', 'unknown', 'degraded', 'down'];
  for (const { at, states } of samples) {
    const bucket = new Date(Math.floor(Date.parse(at) / BUCKET_MS) * BUCKET_MS).toISOString();
    for (const [layer, state] of Object.entries(states)) {
      const key = `${bucket} ${layer}`;
      const before = worst.get(key)?.state ?? 'up';
      worst.set(key, { at: bucket, layer, state: order.indexOf(state) > order.indexOf(before) ? state : before });
    }
  }
  const values = [...worst.values()].map((cell) => ({
    ...cell,
    until: new Date(Date.parse(cell.at) + BUCKET_MS).toISOString(),
    middle: new Date(Date.parse(cell.at) + BUCKET_MS / 2).toISOString(),
    mark: MARKS[cell.state],
  }));
  if (values.length === 0) return undefined;
  const layers = [...new Set(values.map(({ layer }) => layer))];
  const y = { field: 'layer', type: 'nominal', sort: layers, title: null };
  const axis = { format: '%a %d', tickCount: 'day', grid: false };
  return {
    title: {
      text: `${environment}: states over the last days`,
      subtitle: '! degraded   × down   ? unknown; the worst of every 4 hours',
    },
    width: 560,
    height: { step: 20 },
    background: 'white',
    config: CONFIG,
    data: { values },
    layer: [
      {
        mark: { type: 'rect', stroke: 'white' },
        encoding: {
          x: { field: 'at', ...TIME, axis },
          x2: { field: 'until' },
          y,
          color: {
            field: 'state',
            type: 'nominal',
            legend: null,
            scale: { domain: order, range: order.map((state) => COLORS[state]) },
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 12 },
        encoding: { x: { field: 'middle', ...TIME, axis }, y, text: { field: 'mark' }, color: { value: '#000000' } },
      },
    ],
  };
}

/** What the charts show, in words. */
export function chartWords(
  environment: string,
  samples: readonly TimedSample[],
): { utilisation: string; states: string } {
  const shares = SHARES.flatMap(([key, name]) => {
    const values = samples.flatMap(({ figures }) => figures[key] ?? []);
    const [last] = values.slice(-1);
    if (last === undefined) return [];
    return [
      `${name} ${percent(last)} now, between ${percent(Math.min(...values))} and ${percent(Math.max(...values))}`,
    ];
  });
  const bad = new Map<string, SampleState>();
  for (const { states } of samples)
    for (const [layer, state] of Object.entries(states))
      if (state === 'down' || (state === 'degraded' && bad.get(layer) !== 'down')) bad.set(layer, state);
  const troubles = [...bad].map(([layer, state]) => `${layer} was ${state}`);
  return {
    utilisation: `Lines of what was in use in ${environment} over the last days: ${shares.join('; ')}.`,
    states: `A grid of the states of ${environment} over the last days: ${troubles.length > 0 ? troubles.join(', ') : 'everything was up'}.`,
  };
}
