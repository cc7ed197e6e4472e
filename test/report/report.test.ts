import type { Health, Layer } from '../../src/cluster/health.js';
import type { LastDrill } from '../../src/report/drill.js';
import { declaredExpiries, expiryLines } from '../../src/report/expiring.js';
import type { Reading } from '../../src/report/reading.js';
import { makeReport, type ReportFacts } from '../../src/report/report.js';

const NOW = new Date('2026-06-10T07:00:00.000Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

const layer = (name: string, state: Layer['state'] = 'up'): Layer => ({
  name,
  title: name,
  state,
  reason: state === 'up' ? 'all is well' : 'has no quorum',
  details: [],
  figures: {},
  silent: false,
  evidence: [],
  because: undefined,
});
const health: Health = { environment: 'staging', at: NOW.toISOString(), layers: [layer('zookeeper')] };
const reading: Reading = { health, apps: [], jobs: [], queued: new Set(), problems: [], unseen: [] };
const backup = { newest: undefined, ageMs: 3_600_000, late: false, words: 'The newest good backup is 1 hour old: x.' };

function reported(facts: Partial<ReportFacts> = {}) {
  return makeReport({
    environment: 'staging',
    now: NOW,
    reading,
    known: [],
    incidents: [],
    changes: undefined,
    backup,
    expiring: [],
    drill: undefined,
    runs: [],
    auditHead: undefined,
    mute: undefined,
    ...facts,
  });
}
const linesOf = (report: ReturnType<typeof reported>, part: string) =>
  report.parts.find(({ title }) => title === part)?.lines ?? [];

describe('the last drill', () => {
  const drill = (more: Partial<LastDrill> = {}): LastDrill => ({
    at: daysAgo(3).toISOString(),
    run: '260607-0430-aaaaaa',
    succeeded: true,
    says: '2026-06-07T02-30-00Z would come back: 4 apps, 1 job restored.\n⚠️ more',
    late: false,
    ...more,
  });

  test('that went well is one of the facts', () => {
    const report = reported({ drill: drill() });
    expect(report.state).toBe('up');
    expect(linesOf(report, 'Now')).toContain(
      'Drill: 3 days ago, 2026-06-07T02-30-00Z would come back: 4 apps, 1 job restored (260607-0430-aaaaaa)',
    );
  });

  test('that failed is wrong, and so is one that its schedule should have repeated', () => {
    const failed = reported({ drill: drill({ succeeded: false, says: 'x would not come back whole: 1 of 5.\n• /a' }) });
    expect(failed.headline).toBe(
      'staging: Drill of the backup failed 3 days ago: x would not come back whole: 1 of 5.',
    );
    expect(failed.state).toBe('degraded');
    const late = reported({ drill: drill({ at: daysAgo(12).toISOString(), late: true }) });
    expect(linesOf(late, 'What is wrong')).toEqual(['Drill of the backup is overdue: the last one was 12 days ago']);
  });

  test('is missed by nobody where there are no backups, and told where there never was one', () => {
    expect(linesOf(reported({ backup: undefined }), 'Now').join()).not.toContain('Drill');
    expect(linesOf(reported(), 'Now').join()).toContain('Drill: none that is known; “backup drill” restores');
  });
});

test('the worst is the headline, and what follows from it is counted and folded below it', () => {
  const problems = [
    { key: 'app:/web', title: '/web', severity: 'down', says: 'is down', needs: ['layer:zookeeper'] },
    { key: 'backup', title: 'Backup', severity: 'degraded', says: 'is missing', needs: [] },
    { key: 'layer:zookeeper', title: 'ZooKeeper', severity: 'down', says: 'is down: has no quorum', needs: [] },
  ] as const;
  const known = [{ ...problems[2], since: '2026-06-10T05:00:00.000Z' }];
  const report = reported({ reading: { ...reading, problems }, known });
  expect(report.headline).toBe('staging: ZooKeeper is down: has no quorum (and 1 more). 1 more suffer from it.');
  expect(report.state).toBe('down');
  expect(linesOf(report, 'What is wrong')).toEqual([
    'ZooKeeper is down: has no quorum, since 2026-06-10 05:00 UTC',
    'because of this: /web',
    'Backup is missing',
  ]);
});

test('what is about to end is told by the day, the first first, and nothing that lasts', () => {
  const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
  const lines = expiryLines(
    [
      { what: 'the certificate of a', validUntil: inDays(29.5) },
      { what: 'the certificate of b', validUntil: inDays(31) },
      { what: 'the certificate of c', validUntil: inDays(-2) },
      { what: 'the certificate of d', validUntil: inDays(0.5) },
      ...declaredExpiries({ 'token of the bot': '2026-06-11', 'password of the vault': '2027-01-31' }),
    ],
    NOW,
  );
  expect(lines).toEqual([
    'the certificate of c expired on 2026-06-08',
    'the certificate of d expires within a day, on 2026-06-10',
    'token of the bot expires in 1 day, on 2026-06-11',
    'the certificate of a expires in 29 days, on 2026-07-09',
  ]);
});

test('what nothing lets Stars look at is not called well', () => {
  const blind = { ...reading, health: { ...health, layers: [layer('hosts', 'unknown')] } };
  expect(reported({ reading: blind }).headline).toBe('staging cannot be judged: nothing lets Stars look.');
});
