import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ChartSpec } from './chart-specs.js';

/** The same text each time for the same chart. */
export async function drawSvg(spec: ChartSpec): Promise<string> {
  // The specs are written by hand, far from the types that vega-lite derives.
  const { spec: vega } = compile(spec as unknown as TopLevelSpec);
  const view = new View(parse(vega), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const ZOOM = 1.5;

/** A picture of it, with fonts of its own: what the machine has, if anything, is not asked. */
export function toPng(svg: string): Uint8Array {
  const require = createRequire(join(import.meta.dirname, 'draw.js'));
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
    require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
  );
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: ZOOM } }).render().asPng();
}
