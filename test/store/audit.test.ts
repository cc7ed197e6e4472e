import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describeAudit } from './audit-behaviour.js';

describeAudit(
  'the embedded database',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'stars-audit-'));
    return { settings: { dataFolder: folder }, remove: async () => rmSync(folder, { recursive: true }) };
  },
  {
    async unguarded(database) {
      for (const name of ['audit_no_update', 'audit_no_delete', 'audit_no_replace'])
        await sql.raw(`drop trigger ${name}`).execute(database);
    },
  },
);
