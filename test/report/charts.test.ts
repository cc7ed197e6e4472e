import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import type { TimedSample } from '../../src/report/chart-specs.js';
import { chartWords, stateSpec, utilisationSpec } from '../../src/report/chart-specs.js';
import { drawCharts } from '../../src/report/charts.js';
import { drawSvg, toPng } from '../../src/report/draw.js';

const QUARTER_MS = 15 * 60_000;
const FROM_MS = Date.parse('2026-11-22T00:00:00.000Z');

/** Seven days, one sample every three hours, with an outage in the middle. */
const samples: TimedSample[] = Array.from({ length: 56 }, (_, index) => ({
  at: new Date(FROM_MS + index * 12 * QUARTER_MS).toISOString(),
  count: 15,
  figures: { cpus: 0.4 + 0.2 * Math.sin(index / 4), memory: 0.55 + index / 400, disk: 0.57 },
  states: {
    zookeeper: index === 30 ? 'down' : 'up',
    agents: index > 40 && index < 44 ? 'degraded' : 'up',
    marathon: index === 30 ? 'unknown' : 'up',
  },
}));

test.each([
  ['utilisation', utilisationSpec],
  ['states', stateSpec],
])('the chart of %s looks as it was agreed', async (name, specOf) => {
  const svg = await drawSvg(specOf('staging', samples) ?? {});
  expect(await drawSvg(specOf('staging', samples) ?? {})).toBe(svg);
  const file = join(import.meta.dirname, '..', 'fixtures', 'charts', `${name}.svg`);
  expect(`${svg}\n`).toBe(readFileSync(file, 'utf8'));
});

test('a picture has its words really drawn', async () => {
  const svg = await drawSvg(utilisationSpec('staging', samples) ?? {});
  const withWords = pixelsOf(toPng(svg));
  const without = pixelsOf(toPng(svg.replaceAll(/<text[^>]*>[^<]*<\/text>/g, '')));
  expect(withWords).toHaveLength(without.length);
  const different = withWords.filter((byte, at) => byte !== without[at]).length;
  expect(different).toBeGreaterThan(5_000);
});

test('each picture says in words what it shows, and none is drawn of nothing', async () => {
  const charts = await drawCharts('staging', samples);
  expect(charts.map(({ name }) => name)).toEqual(['staging-in-use.png', 'staging-states.png']);
  expect(charts[0]?.alt).toMatch(/CPU \d+ % now, between 20 % and 60 %; memory 69 % now/);
  expect(charts[1]?.alt).toBe(
    'A grid of the states of staging over the last days: zookeeper was down, agents was degraded.',
  );
  expect(
    Buffer.from(charts[0]?.content ?? '')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  expect(await drawCharts('staging', [])).toEqual([]);
  expect(chartWords('staging', []).states).toContain('everything was up');
});

/** The bytes of all pixels, as PNG filters them. */
function pixelsOf(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.subarray(at + 4, at + 8).toString() === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return inflateSync(Buffer.concat(parts));
}
