import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWatch } from './watch-behaviour.js';

describeWatch('the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-watch-'));
  return { settings: { dataFolder: folder }, remove: async () => rmSync(folder, { recursive: true }) };
});
