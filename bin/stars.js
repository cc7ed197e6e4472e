#!/usr/bin/env node
import { existsSync } from 'node:fs';

const entry = new URL('../dist/src/main.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('stars: not built yet. Run `npm run build` in the folder of Stars first.\n');
  process.exit(2);
}
await import(entry.href);
