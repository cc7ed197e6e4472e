import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/database.js';
import { describeClaims } from './claims-behaviour.js';
import { describeRunAudit } from './run-audit-behaviour.js';
import { describeRunStore } from './run-store-behaviour.js';

describeRunStore('the embedded database', embedded);
describeRunAudit('the embedded database', embedded);
describeClaims('the embedded database', embedded);

function embedded() {
  const folder = mkdtempSync(join(tmpdir(), 'stars-store-'));
  return { settings: { dataFolder: folder }, remove: async () => rmSync(folder, { recursive: true }) };
}

test('a folder that cannot hold a database is a clear error with what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stars-store-'));
  writeFileSync(join(folder, 'occupied'), '');
  await expect(openDatabase({ dataFolder: join(folder, 'occupied') })).rejects.toMatchObject({
    code: 'STORE',
    hint: expect.stringContaining('STARS_DATA'),
  });
  rmSync(folder, { recursive: true });
});
