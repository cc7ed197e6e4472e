import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUpkeep } from './upkeep-behaviour.js';

describeUpkeep('the embedded database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-upkeep-'));
  return { settings: { dataFolder: folder }, remove: async () => rmSync(folder, { recursive: true }) };
});
