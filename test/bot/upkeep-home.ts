import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createManualClock, type ManualClock } from '../../src/clock.js';
import { type Home, openHome } from '../../src/home/home.js';
import { type Audit, createAudit } from '../../src/store/audit.js';
import { type Database, openDatabase } from '../../src/store/database.js';

export type UpkeepHome = {
  home: Home;
  database: Database;
  audit: Audit;
  clock: ManualClock;
  write(path: string, text: string): void;
  /** Opens it anew: stars.yml is read once. */
  reopen(): Promise<Home>;
  stop(): Promise<void>;
};

/** A home with a database and a clock that stands at noon. */
export async function upkeepHome(files: Record<string, string> = {}): Promise<UpkeepHome> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-home-'));
  const write = (path: string, text: string) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const reopen = () => openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder });
  const home = await reopen();
  const clock = createManualClock(new Date('2026-06-01T12:00:00.000Z'));
  const database = await openDatabase({ dataFolder: join(folder, '.stars') });
  const audit = createAudit(database, { clock, redactor: home.redactor });
  return {
    home,
    database,
    audit,
    clock,
    write,
    reopen,
    async stop() {
      await database.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}
