#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const place = (path) => fileURLToPath(new URL(path, import.meta.url));
const bundle = place('../dist/bundle/main.cjs');

if (existsSync(bundle)) {
  const { startBundle } = await import('./start-bundle.js');
  startBundle(bundle);
} else if (existsSync(place('../dist/src/main.js'))) {
  await import('../dist/src/main.js');
} else {
  process.stderr.write('stars: not built yet. Run `npm run build` in the folder of Stars first.\n');
  process.exit(2);
}
