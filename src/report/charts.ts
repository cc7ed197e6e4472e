import type { Attachment } from '../model/attachment.js';
import { type ChartSpec, chartWords, stateSpec, type TimedSample, utilisationSpec } from './chart-specs.js';

/** The charts of these samples as pictures, oldest sample first; none where nothing was measured. */
export async function drawCharts(environment: string, samples: readonly TimedSample[]): Promise<Attachment[]> {
  const words = chartWords(environment, samples);
  const charts = [
    { name: `${environment}-in-use.png`, alt: words.utilisation, spec: utilisationSpec(environment, samples) },
    { name: `${environment}-states.png`, alt: words.states, spec: stateSpec(environment, samples) },
  ];
  const drawn: Attachment[] = [];
  for (const { name, alt, spec } of charts) if (spec) drawn.push({ name, alt, content: await draw(spec) });
  return drawn;
}

// Loaded only when something is drawn: that takes longer than a whole start.
async function draw(spec: ChartSpec): Promise<Uint8Array> {
  const { drawSvg, toPng } = await import('./draw.js');
  return toPng(await drawSvg(spec));
}
